import { afterAll, beforeAll, expect, test } from 'vitest'
import { attackedGateway } from '../support/attacked-gateway.ts'
import type { AttackedGateway, ToldAnswer } from '../support/attacked-gateway.ts'
import { processCpuMs } from '../support/processes.ts'

// Rows of the table of hostile inputs, section Operations, through the door of a real `ennead gateway`.
let gateway: AttackedGateway
beforeAll(async () => {
  gateway = await attackedGateway(['--fetches-max', '20', '--no-introspection'])
})
afterAll(() => gateway[Symbol.asyncDispose]())

/** Refused with 400 and `code`, without asking any subgraph. */
async function refusal(query: string, code: string, variables?: object): Promise<ToldAnswer> {
  const before = gateway.people.requests.length + gateway.scores.requests.length
  const answer = await gateway.post({ query, variables })
  expect({ status: answer.status, code: answer.code }).toEqual({ status: 400, code })
  expect(answer.data).toBeUndefined()
  expect(answer.errors.length).toBeLessThanOrEqual(10)
  expect(gateway.people.requests.length + gateway.scores.requests.length).toBe(before)
  return answer
}

const times = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => text(n)).join(' ')

test.each([16, 5_000])('row 1: %i levels are LIMIT_DEPTH, and no text speaks of a stack', async levels => {
  const query = `{ me ${'{ friend '.repeat(levels)} { id } ${'}'.repeat(levels)} }`
  expect((await refusal(query, 'LIMIT_DEPTH')).text).not.toMatch(/stack/i)
})

test.each([
  ['aliases', `{ me { ${times(51, n => `a${n}: id`)} } }`, 'LIMIT_ALIASES'],
  ['root fields', `{ ${times(21, n => `a${n}: best`)} }`, 'LIMIT_ROOT_FIELDS'],
  ['directives', `{ me { id ${'@skip(if: false) '.repeat(51)} } }`, 'LIMIT_DIRECTIVES'],
  ['duplicated fields', `{ me { ${'id '.repeat(1_000)} } }`, 'LIMIT_DUPLICATES'],
])('row 2: too many %s are %s', async (_, query, code) => {
  expect(await refusal(query, code)).toMatchObject({ code })
})

test('row 2: a document with a hundred faults gets ten errors', async () => {
  expect(
    (await refusal(`{ me { ${times(100, n => `f${n}`)} } }`, 'GRAPHQL_VALIDATION_FAILED')).errors,
  ).toHaveLength(10)
})

test.each([
  ['20,000 tokens', `{ me { ${'id '.repeat(20_000)} } }`],
  ['100,000 names', `{ me { ${times(100_000, n => `f${n}`)} } }`],
])('row 3: %s are LIMIT_TOKENS', async (_, query) => {
  expect(await refusal(query, 'LIMIT_TOKENS')).toMatchObject({ code: 'LIMIT_TOKENS' })
})

const bomb = `{ me { ...F0 } } ${times(16, n => `fragment F${n} on User { a: friend { ...F${n + 1} } b: friend { ...F${n + 1} } }`)} fragment F16 on User { id }`
const circle = '{ me { ...A } } fragment A on User { friend { ...B } } fragment B on User { friend { ...A } }'

test.each([
  ['an aliased fragment bomb', bomb, /^LIMIT_/],
  ['a circle of fragments', circle, /^GRAPHQL_VALIDATION_FAILED$/],
])('row 4: %s is refused in less than 10 ms of the process’s CPU', async (_, query, code) => {
  const pid = gateway.process.process.pid ?? 0
  // The first refusals pay for compiling the code that refuses.
  for (let n = 0; n < 20; n++) await gateway.post({ query: `${query} #${n}` })
  const before = await processCpuMs(pid)
  for (let n = 0; n < 20; n++) {
    const answer = await gateway.post({ query: `${query} # again ${n}` })
    expect(answer.status).toBe(400)
    expect(answer.code).toMatch(code)
  }
  expect(((await processCpuMs(pid)) - before) / 20).toBeLessThan(10)
})

test('row 5: a plan with more fetches than the limit is LIMIT_FETCHES', async () => {
  const query = `{ ${times(20, n => `a${n}: me { score }`)} }`
  expect((await refusal(query, 'LIMIT_FETCHES')).errors[0]?.extensions).toMatchObject({ limit: 20 })
})

test('row 6: `first: 100` three deep is LIMIT_COST, with cost, limit and the heaviest path', async () => {
  const inner = 'friends(first: $n) { friends(first: $n) { id } }'
  for (const list of ['users', 'sized']) {
    const answer = await refusal(`query ($n: Int) { ${list}(first: $n) { ${inner} } }`, 'LIMIT_COST', {
      n: 100,
    })
    expect(answer.errors[0]?.extensions).toMatchObject({
      cost: 1_010_100,
      limit: 50_000,
      heaviest: `${list}.friends.friends`,
    })
  }
  expect((await gateway.post({ query: '{ users(first: 100) { friends(first: 100) { id } } }' })).status).toBe(
    200,
  )
})

test.each([-1, 1.5, 20_000, 2 ** 40])(
  'row 7: `first: %d` is BAD_USER_INPUT, written or as a variable',
  async first => {
    expect(await refusal(`{ users(first: ${first}) { id } }`, 'BAD_USER_INPUT')).toMatchObject({
      code: 'BAD_USER_INPUT',
    })
    expect(
      await refusal('query ($n: Int) { users(first: $n) { id } }', 'BAD_USER_INPUT', { n: first }),
    ).toMatchObject({ code: 'BAD_USER_INPUT' })
  },
)

test.each([
  ['a batch', '[{"query":"{ best }"}]', 'BAD_REQUEST'],
  ['null', 'null', 'BAD_REQUEST'],
  ['malformed JSON', '{"query": "{ best }"', 'BAD_REQUEST'],
  [
    'an unknown operationName',
    '{"query":"query A { best }","operationName":"B"}',
    'OPERATION_RESOLUTION_FAILURE',
  ],
])('row 8: %s is answered 400 in one JSON shape', async (_, body, code) => {
  const { status, errors, data } = await gateway.post(body)
  expect({ status, data, code: errors[0]?.extensions['code'] }).toEqual({
    status: 400,
    data: undefined,
    code,
  })
  expect(Object.keys(errors[0] ?? {}).toSorted()).toEqual(['extensions', 'message'])
})

test('row 9: without introspection the schema is neither shown nor suggested', async () => {
  expect(await refusal('{ __schema { queryType { name } } }', 'GRAPHQL_VALIDATION_FAILED')).toMatchObject({
    code: 'GRAPHQL_VALIDATION_FAILED',
  })
  expect(await refusal('{ __type(name: "User") { name } }', 'GRAPHQL_VALIDATION_FAILED')).toMatchObject({
    code: 'GRAPHQL_VALIDATION_FAILED',
  })
  expect((await refusal('{ mee { id } }', 'GRAPHQL_VALIDATION_FAILED')).text).not.toMatch(/did you mean/i)
  expect((await gateway.post({ query: '{ __typename }' })).data).toEqual({ __typename: 'Query' })
})

test('row 9: introspection is off where NODE_ENV is production, unless it is switched on', async () => {
  await using hidden = await attackedGateway([], { NODE_ENV: 'production' })
  expect(await hidden.post({ query: '{ __schema { queryType { name } } }' })).toMatchObject({ status: 400 })
  await using shown = await attackedGateway(['--introspection'], { NODE_ENV: 'production' })
  expect(await shown.post({ query: '{ __schema { queryType { name } } }' })).toMatchObject({ status: 200 })
})

test.each(['{ _service { sdl } }', '{ _entities(representations: []) { __typename } }'])(
  'row 10: the gateway refuses %s',
  async query => {
    expect(await refusal(query, 'GRAPHQL_VALIDATION_FAILED')).toMatchObject({
      code: 'GRAPHQL_VALIDATION_FAILED',
    })
  },
)

test('after all of this the gateway still answers', async () => {
  expect((await gateway.post({ query: '{ me { name score } }' })).data).toEqual({
    me: { name: 'user 1', score: 7 },
  })
})

import { getIntrospectionQuery } from 'graphql'
import { expect, test } from 'vitest'
import { federated } from '../support/federated.ts'
import type { GraphQLAnswer } from '../../gateway/engine.ts'

const nodes = {
  a: {
    sdl: `type Query { node: Node nodes(filter: Filter, n: Int): [Node] } input Filter { and: [Filter!] x: Int }
          type Node @key(fields: "id") { id: ID! next: Node } type Subscription { ticks: Int other: Int }`,
    resolvers: { Query: { node: () => ({ id: 1 }) }, Node: { next: () => ({ id: 2 }) } },
  },
  b: { sdl: `type Node @key(fields: "id") { id: ID! extra: Int }` },
}

function nested(levels: number): string {
  return `{ node ${'{ next '.repeat(levels)} { id } ${'}'.repeat(levels)} }`
}

function codes(answer: GraphQLAnswer): unknown[] {
  expect(answer).not.toHaveProperty('data')
  return (answer.errors ?? []).map(({ extensions }) => extensions.code)
}

test.each([16, 100, 300, 5_000, 200_000])('%i levels are refused as too deep', async levels => {
  const { ask } = federated(nodes)
  const answer = await ask(nested(levels))
  expect(codes(answer)).toEqual(['LIMIT_DEPTH'])
  expect(JSON.stringify(answer)).not.toMatch(/stack/i)
})

test('depth counts through fragments, and 15 levels and the introspection of GraphiQL pass', async () => {
  const { ask } = federated(nodes)
  expect(
    codes(await ask(`{ node { ...F } } fragment F on Node { ${'next { '.repeat(14)} id ${'}'.repeat(15)}`)),
  ).toEqual(['LIMIT_DEPTH'])
  expect((await ask(`{ node { ${'next { '.repeat(13)} id ${'}'.repeat(14)} }`)).errors).toBeUndefined()
  expect((await ask(getIntrospectionQuery())).errors).toBeUndefined()
  expect((await ask('{ node { id } } # {{{{{{ "')).errors).toBeUndefined()
})

test('deep input values in brackets that are not selections are refused before they overflow a parser', async () => {
  const { ask } = federated(nodes)
  const deep = `{ nodes(filter: ${'{and:['.repeat(3_000)} ${']}'.repeat(3_000)}) { id } }`
  expect(codes(await ask(deep))).toEqual(['LIMIT_DEPTH'])
  expect(codes(await ask(`{ a(b: """${'{'.repeat(500)} \\""" ${'{'.repeat(500)}""") }`))).toEqual([
    'GRAPHQL_VALIDATION_FAILED',
  ])
})

test.each([
  ['aliases', `{ node { ${Array.from({ length: 51 }, (_, n) => `a${n}: id`).join(' ')} } }`, 'LIMIT_ALIASES'],
  [
    'aliases behind fragments',
    `{ ${Array.from({ length: 6 }, (_, n) => `f${n}: node { ...F }`).join(' ')} } fragment F on Node { ${Array.from({ length: 10 }, (_, n) => `a${n}: id`).join(' ')} }`,
    'LIMIT_ALIASES',
  ],
  [
    'root fields',
    `{ ${Array.from({ length: 21 }, (_, n) => `a${n}: node { id }`).join(' ')} }`,
    'LIMIT_ROOT_FIELDS',
  ],
  ['directives', `{ node { id ${'@skip(if: false) '.repeat(51)} } }`, 'LIMIT_DIRECTIVES'],
  ['duplicated fields', `{ node { ${'id '.repeat(1_000)} } }`, 'LIMIT_DUPLICATES'],
  [
    'duplicated fields behind fragments',
    `{ node { ${'...F '.repeat(21)} } } fragment F on Node { id }`,
    'LIMIT_DUPLICATES',
  ],
  ['tokens', `{ node { ${'id '.repeat(20_000)} } }`, 'LIMIT_TOKENS'],
  ['names', `{ node { ${Array.from({ length: 400_000 }, (_, n) => `f${n}`).join(' ')} } }`, 'LIMIT_TOKENS'],
])('too many %s are refused before validation', async (_, query, code) => {
  const { ask } = federated(nodes)
  expect(codes(await ask(query))).toEqual([code])
})

test('a document with a hundred faults gets ten errors', async () => {
  const { ask } = federated(nodes)
  const query = `{ node { ${Array.from({ length: 100 }, (_, n) => `f${n}`).join(' ')} } }`
  expect(codes(await ask(query))).toEqual(Array.from({ length: 10 }, () => 'GRAPHQL_VALIDATION_FAILED'))
})

const bomb = `{ node { ...F0 } } ${Array.from({ length: 16 }, (_, n) => `fragment F${n} on Node { a: next { ...F${n + 1} } b: next { ...F${n + 1} } }`).join(' ')} fragment F16 on Node { id }`
const flatBomb = `{ node { ...F0 } } ${Array.from({ length: 16 }, (_, n) => `fragment F${n} on Node { ...F${n + 1} ...F${n + 1} }`).join(' ')} fragment F16 on Node { id }`
const circle = '{ node { ...A } } fragment A on Node { next { ...B } } fragment B on Node { next { ...A } }'
const chain = `{ node { ...F0 } } ${Array.from({ length: 600 }, (_, n) => `fragment F${n} on Node { ...F${n + 1} }`).join(' ')} fragment F600 on Node { id }`

test.each([
  ['an aliased fragment bomb', bomb],
  ['a fragment bomb without fields', flatBomb],
  ['a circle of fragments', circle],
  ['a chain of fragments', chain],
])('%s costs less than 10 ms of CPU', async (_, query) => {
  const { ask } = federated(nodes)
  // The first refusal pays for compiling the code that refuses.
  await ask(query)
  const before = process.threadCpuUsage()
  const answer = await ask(`${query} `)
  const { user, system } = process.threadCpuUsage(before)
  expect(codes(answer)).toHaveLength(1)
  expect(codes(answer)[0]).toMatch(/^(LIMIT_.*|GRAPHQL_VALIDATION_FAILED)$/)
  expect((user + system) / 1_000).toBeLessThan(10)
})

test('a plan with more fetches than the limit is refused, with both numbers', async () => {
  const { ask, subgraph } = federated(nodes, { limits: { fetchesMax: 3 } })
  expect((await ask('{ node { extra next { extra } } }')).data).toBeDefined()
  const answer = await ask('{ node { extra next { extra next { extra next { extra } } } } }')
  expect(codes(answer)).toEqual(['LIMIT_FETCHES'])
  expect(answer.errors?.[0]?.extensions).toEqual({ code: 'LIMIT_FETCHES', limit: 3, fetches: 5 })
  expect(subgraph('a').requests).toHaveLength(1)
})

test.each([
  ['a name that is not there', 'query A { __typename } query B { __typename }', 'C'],
  ['a name that is not there, of one operation', 'query A { __typename }', 'B'],
  ['no name of two operations', 'query A { __typename } query B { __typename }', undefined],
  ['no operation at all', 'fragment F on Node { id }', undefined],
])('%s is OPERATION_RESOLUTION_FAILURE or invalid', async (_, query, operationName) => {
  const { ask } = federated(nodes)
  expect(codes(await ask({ query, operationName }))[0]).toMatch(
    /OPERATION_RESOLUTION_FAILURE|GRAPHQL_VALIDATION_FAILED/,
  )
})

test('operationName chooses among operations, also when they share fragments', async () => {
  const { ask } = federated(nodes)
  const query = 'query A { a: node { ...F } } query B { b: node { ...F } } fragment F on Node { id }'
  expect(await ask({ query, operationName: 'B' })).toEqual({ data: { b: { id: '1' } } })
  expect(await ask({ query, operationName: 'A' })).toEqual({ data: { a: { id: '1' } } })
})

test.each([
  '{ _service { sdl } }',
  '{ _entities(representations: []) { __typename } }',
  '{ node { id',
  '{}',
  '',
  '"',
  '{ node { id @defer } }',
  'mutation { x }',
  'schema { query: Q }',
])('the gateway refuses %j', async query => {
  const { ask } = federated(nodes)
  for (const code of codes(await ask(query))) expect(code).toMatch(/^GRAPHQL_(PARSE|VALIDATION)_FAILED$/)
})

test.each([
  'subscription ($x: Boolean!) { ticks @skip(if: $x) }',
  'subscription { ticks @include(if: true) }',
  'subscription ($x: Boolean!) { ... @include(if: $x) { ticks } }',
  'subscription ($x: Boolean!) { ...F } fragment F on Subscription { ticks @skip(if: $x) }',
  'subscription { ticks other }',
])('%s is refused as invalid', async query => {
  const { ask } = federated(nodes)
  expect(codes(await ask({ query, variables: { x: true } }))).toEqual(['GRAPHQL_VALIDATION_FAILED'])
})

test('a bad variable is BAD_USER_INPUT with its name', async () => {
  const { ask } = federated(nodes)
  const query = 'query ($count: Int!, $f: Filter) { nodes(n: $count, filter: $f) { id } }'
  for (const count of [1.5, 'x', null, undefined, 2 ** 40]) {
    expect((await ask({ query, variables: { count } })).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', variable: 'count' } },
    ])
  }
  const answer = await ask({ query, variables: { count: 1, f: { tenantId: 1, and: [{ $where: 1 }] } } })
  expect(codes(answer)).toEqual(['BAD_USER_INPUT', 'BAD_USER_INPUT'])
})

test('without introspection the schema is neither shown nor suggested', async () => {
  const { ask } = federated(nodes, { introspection: false })
  expect(codes(await ask('{ __schema { queryType { name } } }'))).toContain('GRAPHQL_VALIDATION_FAILED')
  expect(JSON.stringify(await ask('{ nodee { id } }'))).not.toContain('node"?')
  expect(await ask('{ __typename }')).toEqual({ data: { __typename: 'Query' } })
})

test('a known document is neither parsed nor validated nor planned again', async () => {
  let plans = 0
  const { ask, engine } = federated(nodes, {
    planner: () => ({
      plan: async () => {
        plans++
        return { plannedBy: 'apollo', root: undefined, source: undefined, fetches: 0 }
      },
      close: async () => undefined,
    }),
  })
  await ask('{ __typename }')
  await ask('{ __typename }')
  expect(plans).toBe(1)
  expect(await ask('{ node { id } }')).toEqual({
    data: null,
    errors: [{ message: 'no subgraph can resolve this operation', extensions: { code: 'QUERY_PLAN_EMPTY' } }],
  })
  const before = process.cpuUsage().user
  for (let run = 0; run < 500; run++) await engine.prepare({ query: '{ node { id } }' })
  expect((process.cpuUsage().user - before) / 500).toBeLessThan(200)
})

test('a new document is read, validated and weighed in turns of its own, and read once however many ask for it at once', async () => {
  const { engine } = federated(nodes, {
    planner: () => ({
      plan: async () => ({ plannedBy: 'apollo', root: undefined, source: undefined, fetches: 0 }),
      close: async () => undefined,
    }),
  })
  const turnsOf = async (query: string): Promise<number> => {
    let turns = 0
    let goesOn = true
    const count = (): void => {
      turns++
      if (goesOn) setImmediate(count)
    }
    setImmediate(count)
    await Promise.all([engine.prepare({ query }), engine.prepare({ query })])
    goesOn = false
    return turns
  }
  await turnsOf('query Warm { __typename }')
  expect(await turnsOf('query New { __typename }')).toBe(2)
  expect(await turnsOf('query New { __typename }')).toBe(0)
  const fails = 'query Wrong { nothing }'
  const [one, other] = await Promise.allSettled([
    engine.prepare({ query: fails }),
    engine.prepare({ query: fails }),
  ])
  // The very same refusal.
  expect(one).toMatchObject({ status: 'rejected', reason: { errors: [expect.anything()] } })
  expect(other).toEqual(one)
  expect(one.status === 'rejected' && other.status === 'rejected' && one.reason === other.reason).toBe(true)
})

test('distinct operations push out the one that was used longest ago, and no more is kept than the limit', async () => {
  const planned: (string | undefined)[] = []
  const { ask } = federated(nodes, {
    cacheEntriesMax: 10,
    planner: () => ({
      async plan({ operationName }) {
        planned.push(operationName)
        return { plannedBy: 'apollo', root: undefined, source: undefined, fetches: 1 }
      },
      close: async () => undefined,
    }),
  })
  await ask('query First { __typename }')
  await ask('query Kept { __typename }')
  for (let n = 0; n < 500; n++) {
    await ask(`query Q${n} { __typename }`)
    await ask('query Kept { __typename }')
  }
  await ask('query First { __typename }')
  expect(planned.filter(name => name === 'First')).toHaveLength(2)
  expect(planned.filter(name => name === 'Kept')).toHaveLength(1)
  expect(planned).toHaveLength(503)
})

test('an operation that was refused by its plan is refused again without planning', async () => {
  let plans = 0
  const { engine } = federated(nodes, {
    limits: { fetchesMax: 2 },
    planner: () => ({
      async plan() {
        plans++
        return { plannedBy: 'apollo', root: undefined, source: undefined, fetches: 3 }
      },
      close: async () => undefined,
    }),
  })
  const attempts = Array.from({ length: 5 }, () => engine.prepare({ query: '{ node { id } }' }))
  for (const attempt of attempts) {
    await expect(attempt).rejects.toMatchObject({ errors: [{ extensions: { code: 'LIMIT_FETCHES' } }] })
  }
  expect(plans).toBe(1)
})

test('a planner that fails once is asked again, and its failure says nothing of its inside', async () => {
  let plans = 0
  const { ask } = federated(nodes, {
    planner: () => ({
      async plan() {
        plans++
        if (plans === 1) throw new Error('secret of the planner')
        return { plannedBy: 'apollo', root: undefined, source: undefined, fetches: 0 }
      },
      close: async () => undefined,
    }),
  })
  expect((await ask('{ __typename }')).errors).toMatchObject([{ extensions: { code: 'INTERNAL' } }])
  expect(await ask('{ __typename }')).toEqual({ data: { __typename: 'Query' } })
})

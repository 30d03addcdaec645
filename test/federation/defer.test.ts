import { expect, test } from 'vitest'
import type { Engine, IncrementalAnswer } from '../../gateway/engine.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { contextForTest, federated } from '../support/federated.ts'
import type { Federated } from '../support/federated.ts'
import { inParts, partsOf, whole } from '../support/in-parts.ts'

const people = {
  1: { id: '1', name: 'Ada', friend: { id: '2' } },
  2: { id: '2', name: 'Alan', friend: null },
}

function graph(): Federated {
  const personOf = ({ id }: { id: '1' | '2' }) => people[id]
  return federated({
    people: {
      sdl: `type Query { me: Person all: [Person!]! nobody: Person } type Mutation { rename(name: String!): Person }
        type Person @key(fields: "id") { id: ID! name: String friend: Person }`,
      resolvers: {
        Query: { me: () => people[1], all: () => Object.values(people), nobody: () => null },
        Mutation: { rename: (_: unknown, { name }: { name: string }) => ({ ...people[1], name }) },
        Person: {
          __resolveReference: personOf,
          friend: ({ friend }: (typeof people)[1]) => friend && people[2],
        },
      },
    },
    ages: {
      sdl: `type Person @key(fields: "id") { id: ID! age: Int rank: Int! secret: Int @authenticated }`,
      resolvers: {
        Person: {
          age: ({ id }: { id: string }) => 30 + Number(id),
          rank: ({ id }: { id: string }) => {
            if (id === '2') throw new Error('no rank')
            return 1
          },
          secret: () => 7,
        },
      },
    },
  })
}

async function ask({ engine }: { readonly engine: Engine }, query: string, variables = {}) {
  return inParts(engine, { query, variables })
}

/** Without what errors say beside their place and code. */
function told(messages: readonly IncrementalAnswer[]): unknown {
  const short = ({
    errors,
    ...rest
  }: IncrementalAnswer | NonNullable<IncrementalAnswer['incremental']>[number]) => ({
    ...rest,
    ...(errors && { errors: errors.map(({ path, extensions }) => [path, extensions.code]) }),
  })
  return messages.map(message => ({
    ...short(message),
    ...(message.incremental && { incremental: message.incremental.map(short) }),
  }))
}

test('what is deferred comes after the first answer, at its object, with its label', async () => {
  const messages = await ask(graph(), '{ me { name ... @defer(label: "slow") { age } } }')
  expect(messages).toEqual([
    { data: { me: { name: 'Ada' } }, hasNext: true },
    { incremental: [{ data: { age: 31 }, path: ['me'], label: 'slow' }], hasNext: false },
  ])
})

test('the first answer does not wait for a subgraph that only deferred fields need', async () => {
  const tested = graph()
  let answer = (): void => undefined
  const asked = new Promise<void>(resolve => {
    tested.subgraph('ages').intercept = async () => {
      resolve()
      await new Promise<void>(go => (answer = go))
      return { data: { _entities: [{ age: 31 }] } }
    }
  })
  const operation = await tested.engine.prepare({
    query: '{ me { name ... @defer { age } } }',
    incremental: true,
  })
  const messages = tested.engine.executeIncrementally(operation, contextForTest(), 10_000)
  const stream = messages[Symbol.asyncIterator]()
  expect((await stream.next()).value).toEqual({ data: { me: { name: 'Ada' } }, hasNext: true })
  const rest = stream.next()
  await asked
  answer()
  expect((await rest).value).toEqual({ incremental: [{ data: { age: 31 }, path: ['me'] }], hasNext: false })
})

test('each object of a list has its own part, and a fragment inside a deferred one its own as well', async () => {
  const query =
    '{ all { name ...F @defer(label: "outer") } } fragment F on Person { friend { name ... @defer { age } } }'
  const messages = await ask(graph(), query)
  expect(messages[0]).toEqual({ data: { all: [{ name: 'Ada' }, { name: 'Alan' }] }, hasNext: true })
  expect(partsOf(messages)).toEqual([
    { data: { friend: { name: 'Alan' } }, path: ['all', 0], label: 'outer' },
    { data: { friend: null }, path: ['all', 1], label: 'outer' },
    { data: { age: 32 }, path: ['all', 0, 'friend'] },
  ])
  expect(messages.map(({ hasNext }) => hasNext)).toEqual([true, true, false])
})

test('@defer(if:) decides for each request, and a part that nobody defers is answered at once', async () => {
  const tested = graph()
  const query = 'query ($late: Boolean!) { me { name ... @defer(if: $late) { age } } }'
  const now = [{ data: { me: { name: 'Ada', age: 31 } }, hasNext: false }]
  expect(await ask(tested, query, { late: false })).toEqual(now)
  expect(await ask(tested, query, { late: true })).toHaveLength(2)
  expect(await ask(tested, query, { late: false })).toEqual(now)
})

test('whoever takes no parts gets everything at once', async () => {
  expect(await graph().ask('{ me { name ... @defer { age } } }')).toEqual({
    data: { me: { name: 'Ada', age: 31 } },
  })
})

test('conditions on a deferred fragment and inside it hold', async () => {
  const query =
    'query ($x: Boolean!) { me { name ... @defer @include(if: $x) { age } ... @defer { friend { name @skip(if: $x) } } } }'
  expect(whole(await ask(graph(), query, { x: true }))).toEqual({
    data: { me: { name: 'Ada', age: 31, friend: {} } },
  })
  expect(partsOf(await ask(graph(), query, { x: false }))).toEqual([
    { data: { friend: { name: 'Alan' } }, path: ['me'] },
  ])
})

test('an error of a deferred field is told with its part, at its own path, and empties no more than the part', async () => {
  const messages = await ask(graph(), '{ all { name ... @defer(label: "r") { rank } } }')
  expect(told(messages)).toEqual([
    { data: { all: [{ name: 'Ada' }, { name: 'Alan' }] }, hasNext: true },
    {
      incremental: expect.arrayContaining([
        { data: { rank: 1 }, path: ['all', 0], label: 'r' },
        { data: null, path: ['all', 1], label: 'r', errors: [[['all', 1, 'rank'], 'SUBGRAPH_ERROR']] },
      ]) as unknown,
      hasNext: false,
    },
  ])
})

test('a subgraph that cannot be reached costs the deferred fields only', async () => {
  const tested = graph()
  tested.subgraph('ages').intercept = () =>
    Promise.reject(new EnneadError('SUBGRAPH_UNREACHABLE', 'it is down'))
  expect(told(await ask(tested, '{ me { name ... @defer { age } } }'))).toEqual([
    { data: { me: { name: 'Ada' } }, hasNext: true },
    {
      incremental: [{ data: { age: null }, path: ['me'], errors: [[['me', 'age'], 'SUBGRAPH_UNREACHABLE']] }],
      hasNext: false,
    },
  ])
})

test('an object that is not there has nothing deferred', async () => {
  expect(await ask(graph(), '{ nobody { name ... @defer { age } } }')).toEqual([
    { data: { nobody: null }, hasNext: false },
  ])
})

test('what a viewer may not see is refused in its part', async () => {
  const tested = graph()
  const messages = await ask(tested, '{ me { name ... @defer { age secret } } }')
  expect(told(messages)).toEqual([
    { data: { me: { name: 'Ada' } }, hasNext: true },
    {
      incremental: [
        { data: { age: 31, secret: null }, path: ['me'], errors: [[['me', 'secret'], 'UNAUTHENTICATED']] },
      ],
      hasNext: false,
    },
  ])
  expect(JSON.stringify(tested.subgraph('ages').requests)).not.toContain('secret')
})

test('fields of the root and of a mutation’s answer can be deferred', async () => {
  expect(
    whole(await ask(graph(), '{ me { name } ... @defer { all { age } __schema { queryType { name } } } }')),
  ).toEqual({
    data: {
      me: { name: 'Ada' },
      all: [{ age: 31 }, { age: 32 }],
      __schema: { queryType: { name: 'Query' } },
    },
  })
  expect(await ask(graph(), 'mutation { rename(name: "Grace") { name ... @defer { age } } }')).toEqual([
    { data: { rename: { name: 'Grace' } }, hasNext: true },
    { incremental: [{ data: { age: 31 }, path: ['rename'] }], hasNext: false },
  ])
})

test.each([
  [
    'mutation { ... @defer { rename(name: "x") { id } } }',
    'may not stand around the root fields of a mutation',
  ],
  [
    '{ me { ... @defer(label: "a") { age } ... @defer(label: "a") { name } } }',
    'two @defer have the label "a"',
  ],
  ['query ($l: String) { me { ... @defer(label: $l) { age } } }', 'must be written into the document'],
])('%s is refused', async (query, message) => {
  const [refusal] = await ask(graph(), query)
  expect(refusal?.errors).toMatchObject([
    {
      message: expect.stringContaining(message) as unknown,
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    },
  ])
})

test('whoever leaves has nothing deferred asked for any more', async () => {
  const tested = graph()
  const caller = new AbortController()
  const operation = await tested.engine.prepare({
    query: '{ me { name ... @defer { age } } }',
    incremental: true,
  })
  const signals: AbortSignal[] = []
  tested.subgraph('ages').intercept = (_request, { signal }) => {
    signals.push(signal)
    caller.abort()
    return new Promise(() => undefined)
  }
  const context = contextForTest({ signal: caller.signal })
  const messages: IncrementalAnswer[] = []
  for await (const message of tested.engine.executeIncrementally(operation, context, 10_000))
    messages.push(message)
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  expect(told(messages.slice(1))).toEqual([
    {
      incremental: [{ data: { age: null }, path: ['me'], errors: [[['me', 'age'], 'CANCELLED']] }],
      hasNext: false,
    },
  ])
})

import { expect, test } from 'vitest'
import type { EngineOptions } from '../../gateway/create-engine.ts'
import { RequestRefused } from '../../gateway/engine.ts'
import type { CostExplanation } from '../../gateway/engine.ts'
import { federated } from '../support/federated.ts'
import type { Federated } from '../support/federated.ts'

const shop = {
  a: {
    sdl: `
      type Query {
        users(first: Int): [User] @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false)
        page(first: Int = 5, last: Int): UserPage @listSize(slicingArguments: ["first", "last"], sizedFields: ["edges"])
        top: [User] @listSize(assumedSize: 7)
        all: [User]
        search(filter: Filter, filters: [Filter], limit: Int): [Hit]
        posts(first: Int): PostPage
        big: Big
        named(name: String @cost(weight: 4)): User
        node: Node
      }
      type Mutation { add: User }
      input Filter { text: String @cost(weight: 3) inner: Filter }
      type UserPage { edges: [UserEdge] total: Int @cost(weight: 2) } type UserEdge { node: User cursor: String }
      interface Node { id: ID! label: Int }
      type User implements Node @key(fields: "id") { id: ID! name: String friends(first: Int, last: Int): [User] best: User label: Int @cost(weight: 6) }
      type Big implements Node @cost(weight: 20) { id: ID! label: Int score: Score }
      scalar Score @cost(weight: 8)
      type PostPage { nodes: [Post] count: Int } type Post { title: String }
      union Hit = User | Post
    `,
  },
}

const open = { cost: { costMax: 1_000_000_000 } }

async function explained(
  graph: Federated,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<CostExplanation> {
  const { cost } = await graph.engine.prepare({ query, variables })
  if (cost === undefined) throw new Error('nobody estimated it')
  return cost.explain()
}

test.each<[string, number, Record<string, unknown>?]>([
  ['{ __typename }', 0],
  ['{ users(first: 3) { id name } }', 3],
  ['{ users(first: 3) { friends(first: 2) { id } best { id } } }', 3 + 6 + 3],
  ['{ users { id } }', 10],
  ['{ all { id } }', 10],
  ['{ top { id } }', 7],
  ['query ($n: Int = 4) { users(first: $n) { id } }', 4],
  ['query ($n: Int = 4) { users(first: $n) { id } }', 9, { n: 9 }],
  ['query ($n: Int) { users(first: $n) { id } }', 10, { n: null }],
  ['{ users(first: 0) { best { id } } }', 0],
  // The connection and five edges with a node each, by the default of `first`; `total` weighs 2.
  ['{ page { edges { cursor node { id } } total } }', 1 + 5 + 5 + 2],
  ['{ page(last: 2) { edges { node { id } } } }', 1 + 2 + 2],
  // No directive: the argument's name says it, for the list itself or the lists inside.
  ['{ posts(first: 50) { nodes { title } count } }', 1 + 50],
  ['{ search(limit: 2) { ... on User { best { id } } ... on Post { title } } }', 2 + 2],
  ['{ search(filter: { text: "a", inner: { text: "b" } }) { __typename } }', 10 + 2 + 6],
  ['query ($f: [Filter]) { search(filters: $f) { __typename } }', 10 + 2 + 3, { f: [{ text: 'a' }, {}] }],
  ['{ big { score } }', 20 + 8],
  ['{ named(name: "x") { id } }', 5],
  ['query ($x: String) { named(name: $x) { id } }', 1, { x: null }],
  ['mutation { add { id } }', 11],
  // Through an interface: the dearest type, and the dearest field.
  ['{ node { label } }', 20 + 6],
  // One response name is one field, however often it is written.
  ['{ users(first: 2) { best { id } best { name } ...F } } fragment F on User { best { id } }', 2 + 2],
  [
    'query ($x: Boolean!) { users(first: 2) @skip(if: $x) { id } top @include(if: $x) { id } }',
    7,
    { x: true },
  ],
  [
    'query ($x: Boolean!) { users(first: 2) @skip(if: $x) { id } ... @include(if: $x) { top { id } } }',
    2,
    { x: false },
  ],
])('%s costs %d', async (query, cost, variables) => {
  const graph = federated(shop, open)
  expect((await explained(graph, query, variables)).estimated).toBe(cost)
})

test('the most expensive fields are named, with what each costs by itself', async () => {
  const graph = federated(shop, open)
  const query = '{ users(first: 10) { mates: friends(first: 20) { best { label } } } }'
  expect(await explained(graph, query)).toEqual({
    estimated: 10 + 200 + 200 + 1_200,
    limit: 1_000_000_000,
    fields: [
      { path: 'users.mates.best.label', cost: 1_200, values: 200 },
      { path: 'users.mates', cost: 200, values: 200 },
      { path: 'users.mates.best', cost: 200, values: 200 },
      { path: 'users', cost: 10, values: 10 },
    ],
  })
})

async function refusal(
  query: string,
  variables = {},
  options: Partial<EngineOptions> = {},
): Promise<unknown> {
  const graph = federated(shop, options)
  const failure: unknown = await graph.engine
    .prepare({ query, variables })
    .catch((failure: unknown) => failure)
  expect(graph.subgraph('a').requests).toEqual([])
  if (!(failure instanceof RequestRefused)) throw failure
  return failure.errors
}

test('an operation over the limit is refused with its cost, the limit and the heaviest path', async () => {
  const query =
    'query ($n: Int) { top { id } users(first: $n) { friends(first: $n) { friends(first: $n) { id } } } }'
  expect(await refusal(query, { n: 100 })).toEqual([
    {
      message:
        'the operation costs 1010107, more than the limit of 50000; most of it at users.friends.friends',
      extensions: { code: 'LIMIT_COST', cost: 1_010_107, limit: 50_000, heaviest: 'users.friends.friends' },
    },
  ])
})

test.each<[string, string, Record<string, unknown>?]>([
  ['{ users(first: -1) { id } }', 'Query.users: the argument first must not be negative, got -1'],
  [
    'query ($n: Int) { users(first: $n) { id } }',
    'Query.users: the argument first must not be negative, got -3',
    { n: -3 },
  ],
  [
    '{ users(first: 2000000000) { id } }',
    'Query.users: the argument first must be at most 10000, got 2000000000',
  ],
  ['{ users(first: 1.5) { id } }', 'Int cannot represent non-integer value: 1.5'],
  [
    '{ users(first: 99999999999) { id } }',
    'Int cannot represent non 32-bit signed integer value: 99999999999',
  ],
  ['{ page(first: 2, last: 3) { total } }', 'Query.page needs exactly one of the arguments first, last'],
  ['{ posts(first: -2) { count } }', 'Query.posts: the argument first must not be negative, got -2'],
])('%s is BAD_USER_INPUT', async (query, message, variables) => {
  expect(await refusal(query, variables)).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }])
})

test('a bad value beside a field that is not there is still an invalid document', async () => {
  expect(await refusal('{ users(first: 1.5) { id } nothing }')).toMatchObject([
    { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
  ])
})

test('complexity is 0 for nothing, 1 at the limit, and rises with fetches as well', async () => {
  const graph = federated(shop, { cost: { costMax: 100 }, limits: { fetchesMax: 100 } })
  const complexity = async (query: string): Promise<number> =>
    (await graph.engine.prepare({ query })).cost?.complexity ?? Number.NaN
  expect(await complexity('{ __typename }')).toBe(0)
  expect(await complexity('{ users(first: 100) { id } }')).toBe(1)
  const middle = await complexity('{ users(first: 9) { id } }')
  expect(middle).toBeGreaterThan(0.4)
  expect(middle).toBeLessThan(0.6)
  const few = federated(shop, { limits: { fetchesMax: 1 } })
  expect((await few.engine.prepare({ query: '{ top { id } }' })).cost?.complexity).toBe(1)
})

test('an answer explains its cost when that is switched on, and says nothing of it otherwise', async () => {
  const query = '{ top { id } }'
  const { ask } = federated(shop, { explainCost: true })
  const fields = [{ path: 'top', cost: 7, values: 7 }]
  expect((await ask(query)).extensions).toEqual({ cost: { estimated: 7, limit: 50_000, fields } })
  expect(await federated(shop).ask(query)).not.toHaveProperty('extensions')
})

test('directives count under the names that the supergraph has linked them with', async () => {
  const { loadSupergraph } = await import('../../gateway/supergraph/supergraph.ts')
  const { fixedSupergraph } = await import('../../gateway/supergraph/supergraph-source.ts')
  const { createEngine } = await import('../../gateway/create-engine.ts')
  const { sdl } = federated(shop)
  const renamed = sdl
    .replaceAll('@listSize', '@cost__listSize')
    .replace(/(specs\.apollo\.dev\/cost\/v0\.1")[^)]*\)/, '$1)')
  expect(renamed).not.toBe(sdl)
  const subgraph = (): never => {
    throw new Error('not asked')
  }
  const engine = createEngine({
    supergraph: fixedSupergraph(loadSupergraph(renamed)),
    subgraph: () => ({ name: 'a', execute: subgraph, subscribe: subgraph, close: async () => undefined }),
  })
  expect((await engine.prepare({ query: '{ top { id } }' })).cost?.estimated).toBe(7)
})

test('the boards of the task graph pass', async () => {
  const { readFileSync } = await import('node:fs')
  const { loadSupergraph } = await import('../../gateway/supergraph/supergraph.ts')
  const supergraph = loadSupergraph(readFileSync('schema/supergraph.graphql', 'utf8'))
  const { CostModel } = await import('../../gateway/operation/cost.ts')
  const { costDefaults } = await import('../../gateway/operation/cost-options.ts')
  const { readDocument } = await import('../../gateway/operation/document.ts')
  const { operationLimits } = await import('../../gateway/operation/limits.ts')
  const model = new CostModel(supergraph, costDefaults)
  const costOf = (query: string): number => {
    const document = readDocument(query, operationLimits)
    const [operation] = document.operations
    if (operation === undefined) throw new Error('no operation')
    return model.check(document, operation, {}).estimated
  }
  const board = `{ tasks(first: 100) { nodes { title status url viewerCan { update } project { name }
    assignees { displayName } labels { name } comments(first: 3) { nodes { body author { displayName } } } } totalCount } }`
  expect(costOf(board)).toBeLessThan(costDefaults.costMax / 10)
  const list = 'subtasks(first: 100) { nodes { id } }'
  expect(() =>
    costOf(`{ tasks(first: 100) { nodes { subtasks(first: 100) { nodes { ${list} } } } } }`),
  ).toThrow('costs')
})

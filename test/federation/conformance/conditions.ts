import type { ConformanceCase, ConformanceSubgraph } from './conformance-case.ts'

const a: ConformanceSubgraph = {
  sdl: `type Query { user: User q: Int } type User @key(fields: "id") { id: ID! name: String friend: User }`,
  data: {
    Query: { user: { id: '1' }, q: 7 },
    User: [
      { id: '1', name: 'Ada', friend: { id: '2' } },
      { id: '2', name: 'Bo', friend: null },
    ],
  },
}
const b: ConformanceSubgraph = {
  sdl: `type User @key(fields: "id") { id: ID! age: Int mail: String }`,
  data: {
    User: [
      { id: '1', age: 36, mail: 'ada@x' },
      { id: '2', age: 40, mail: 'bo@x' },
    ],
  },
}

const truth = [
  [true, true],
  [true, false],
  [false, true],
  [false, false],
] as const

/** @skip and @include. */
export const conditions: readonly ConformanceCase[] = [
  {
    name: 'a fetch of which a variable leaves nothing is not made',
    subgraphs: { a, b },
    operations: [
      {
        query: 'query ($x: Boolean!) { user { name age @include(if: $x) } }',
        variables: { x: false },
        data: { user: { name: 'Ada' } },
        fetches: ['a { user { id name } }'],
      },
      {
        query: 'query ($x: Boolean!) { user { name age @include(if: $x) } }',
        variables: { x: true },
        data: { user: { name: 'Ada', age: 36 } },
      },
    ],
  },
  {
    name: '@skip and @include on one field both have to let it pass',
    subgraphs: { a, b },
    operations: truth.map(([x, y]) => ({
      query: 'query ($x: Boolean!, $y: Boolean!) { q user { age @skip(if: $x) @include(if: $y) } }',
      variables: { x, y },
      data: { q: 7, user: !x && y ? { age: 36 } : {} },
    })),
  },
  {
    name: 'conditions of nested fragments add up',
    subgraphs: { a, b },
    operations: truth.map(([x, y]) => ({
      query:
        'query ($x: Boolean!, $y: Boolean!) { user { ...F @include(if: $x) } } fragment F on User { name ... @include(if: $y) { age } }',
      variables: { x, y },
      data: { user: { ...(x ? { name: 'Ada' } : {}), ...(x && y ? { age: 36 } : {}) } },
    })),
  },
  {
    name: 'a field asked in two places is there when either place asks',
    subgraphs: { a, b },
    operations: truth.map(([x, y]) => ({
      query:
        'query ($x: Boolean!, $y: Boolean!) { user { friend @include(if: $x) { name } ... @include(if: $y) { friend { age } } } }',
      variables: { x, y },
      data: { user: x || y ? { friend: { ...(x ? { name: 'Bo' } : {}), ...(y ? { age: 40 } : {}) } } : {} },
    })),
  },
  {
    name: 'an object of whose fields none is asked is an empty object',
    subgraphs: { a, b },
    operations: [
      {
        query: 'query ($x: Boolean!) { user { age @skip(if: $x) friend { mail @include(if: false) } } }',
        variables: { x: true },
        data: { user: { friend: {} } },
      },
    ],
  },
  {
    name: 'conditions at the root, by constants and by variables with defaults',
    subgraphs: { a, b },
    operations: [
      { query: '{ q @skip(if: true) user @include(if: true) { name } }', data: { user: { name: 'Ada' } } },
      {
        query: 'query ($x: Boolean = true) { q @skip(if: $x) ... @skip(if: $x) { user { age } } __typename }',
        data: { __typename: 'Query' },
        // The Rust planner still asks, for nothing.
        fetches: { apollo: [], rust: ['a { q@skip(if:$x) user@skip(if:$x) { id } }'] },
      },
      { query: '{ q @skip(if: true) }', data: {}, fetches: [] },
    ],
  },
  {
    name: 'introspection under conditions',
    subgraphs: { a, b },
    operations: [
      {
        query:
          'query ($x: Boolean!) { __type(name: "User") @include(if: $x) { name } ... @skip(if: $x) { __schema { queryType { name } } } }',
        variables: { x: true },
        data: { __type: { name: 'User' } },
      },
    ],
  },
]

import type { ConformanceCase, ConformanceSubgraph } from './conformance-case.ts'

const a: ConformanceSubgraph = {
  sdl: `type Query { object: O all: [O] } type O @key(fields: "id") { id: ID! legacyId: ID a: String next: O }`,
  data: {
    Query: { object: { id: 'new' }, all: [{ id: 'new' }, { id: 'other' }] },
    O: [
      { id: 'new', legacyId: 'legacy', a: 'A', next: { id: 'other' } },
      { id: 'other', legacyId: 'old', a: 'B', next: null },
    ],
  },
}
const b: ConformanceSubgraph = {
  sdl: `type O @key(fields: "id") { id: ID! b(n: Int = 1): String fails: String }`,
  data: {
    O: ['new', 'other'].map(id => ({
      id,
      b: ({ n }: { readonly n: number }) => `${id} ${n}`,
      fails: () => new Error('broken'),
    })),
  },
}

/** Aliases, variables and names that a plan could take for its own. */
export const names: readonly ConformanceCase[] = [
  {
    name: 'a field under the name of a key',
    seen: 'apollographql/federation#3036, apollographql/router#6222',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ object { id: legacyId legacyId a b } }',
        data: { object: { id: 'legacy', legacyId: 'legacy', a: 'A', b: 'new 1' } },
      },
      { query: '{ all { id: b } }', data: { all: [{ id: 'new 1' }, { id: 'other 1' }] } },
    ],
  },
  {
    name: 'a field under the name of another field of the same subgraph',
    seen: 'apollographql/federation#2770',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ object { a: legacyId legacyId: a b: id other: b } }',
        data: { object: { a: 'legacy', legacyId: 'A', b: 'new', other: 'new 1' } },
      },
    ],
  },
  {
    name: 'one field with different arguments under different names',
    subgraphs: { a, b },
    operations: [
      {
        query: 'query ($n: Int!) { object { one: b b(n: 2) three: b(n: 3) v: b(n: $n) } }',
        variables: { n: 4 },
        data: { object: { one: 'new 1', b: 'new 2', three: 'new 3', v: 'new 4' } },
        fetches: {
          apollo: ['a { object { id } }', 'b { ... on O { b(n:2) one:b three:b(n:3) v:b(n:$n) } }'],
          rust: ['a { object { id } }', 'b { ... on O { b(n:2) one:b three:b(n:3) v:b(n:$n) } }'],
        },
      },
    ],
  },
  {
    name: 'errors stand under the names of the client',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ list: all { id: fails } }',
        data: { list: [{ id: null }, { id: null }] },
        errors: [
          { path: ['list', 0, 'id'], code: 'SUBGRAPH_ERROR' },
          { path: ['list', 1, 'id'], code: 'SUBGRAPH_ERROR' },
        ],
      },
    ],
  },
  {
    name: "a variable called representations is the client's own",
    subgraphs: { a, b },
    operations: [
      {
        query: 'query ($representations: Int) { object { b(n: $representations) } }',
        variables: { representations: 8 },
        data: { object: { b: 'new 8' } },
      },
    ],
  },
  {
    name: '__typename as an alias of a field, and fields as aliases of __typename',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ object { __typename: a id: __typename b } }',
        data: { object: { __typename: 'A', id: 'O', b: 'new 1' } },
      },
      {
        query: '{ all { b __typename: id } }',
        data: {
          all: [
            { b: 'new 1', __typename: 'new' },
            { b: 'other 1', __typename: 'other' },
          ],
        },
      },
    ],
  },
  {
    name: 'keys stand in the order in which the query has them first, whatever the order of fetches',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ object { b id ...F a } } fragment F on O { legacyId b next { b id } }',
        data: {
          object: { b: 'new 1', id: 'new', legacyId: 'legacy', next: { b: 'other 1', id: 'other' }, a: 'A' },
        },
      },
    ],
  },
  {
    name: 'a named operation among others, with fragments of its own',
    subgraphs: { a, b },
    operations: [
      {
        query: 'query Only { object { ...X } } fragment X on O { ...Y b } fragment Y on O { a }',
        data: { object: { a: 'A', b: 'new 1' } },
      },
      {
        query: '{ object { a } } { object { b } }',
        errors: [{ code: 'GRAPHQL_VALIDATION_FAILED' }, { code: 'GRAPHQL_VALIDATION_FAILED' }],
      },
    ],
  },
]

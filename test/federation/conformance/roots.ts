import type { ConformanceCase } from './conformance-case.ts'

/** Mutations, subscriptions, introspection and the root of queries. */
export const roots: readonly ConformanceCase[] = [
  {
    name: 'mutations of several subgraphs run in the order they were written',
    subgraphs: {
      a: {
        sdl: `type Query { q: Int } type Mutation { one: Int three: Int }`,
        data: { Mutation: { one: 1, three: 3 } },
      },
      b: { sdl: `type Mutation { two: Int }`, data: { Mutation: { two: 2 } } },
    },
    operations: [
      {
        query: 'mutation { one two three again: one }',
        data: { one: 1, two: 2, three: 3, again: 1 },
        fetches: ['a mutation { one }', 'b mutation { two }', 'a mutation { again:one three }'],
      },
    ],
  },
  {
    name: 'what a mutation answers is completed by other subgraphs',
    subgraphs: {
      a: {
        sdl: `type Query { q: Int } type Mutation { add(name: String!): User } type User @key(fields: "id") { id: ID! }`,
        data: { Mutation: { add: ({ name }: { readonly name: string }) => ({ id: name }) } },
      },
      b: {
        sdl: `type User @key(fields: "id") { id: ID! age: Int }`,
        data: {
          User: [
            { id: 'x', age: 1 },
            { id: 'y', age: 2 },
          ],
        },
      },
    },
    operations: [
      {
        query: 'mutation { x: add(name: "x") { age } y: add(name: "y") { id age } }',
        data: { x: { age: 1 }, y: { id: 'y', age: 2 } },
      },
    ],
  },
  {
    name: 'a mutation that fails does not keep those after it from running',
    subgraphs: {
      a: {
        sdl: `type Query { q: Int } type Mutation { bad: Int good: Int }`,
        data: { Mutation: { bad: () => new Error('no'), good: 1 } },
      },
      b: { sdl: `type Mutation { far: Int }`, data: { Mutation: { far: 2 } } },
    },
    operations: [
      {
        query: 'mutation { bad far good }',
        data: { bad: null, far: 2, good: 1 },
        errors: [{ path: ['bad'], code: 'SUBGRAPH_ERROR' }],
      },
      {
        query: 'mutation { far good }',
        down: ['b'],
        data: { far: null, good: 1 },
        errors: [{ path: ['far'], code: 'SUBGRAPH_UNREACHABLE' }],
      },
    ],
  },
  {
    name: 'each event of a subscription is completed by other subgraphs',
    subgraphs: {
      a: {
        sdl: `type Query { q: Int } type Subscription { joined: User } type User @key(fields: "id") { id: ID! }`,
        data: { Subscription: { joined: [{ id: '1' }, null, { id: '2' }] } },
      },
      b: {
        sdl: `type User @key(fields: "id") { id: ID! name: String }`,
        data: {
          User: [
            { id: '1', name: 'Ada' },
            { id: '2', name: 'Bo' },
          ],
        },
      },
    },
    operations: [
      {
        query: 'subscription { joined { name id } }',
        events: [
          { data: { joined: { name: 'Ada', id: '1' } } },
          { data: { joined: null } },
          { data: { joined: { name: 'Bo', id: '2' } } },
        ],
      },
    ],
  },
  {
    name: 'a subscription under an alias, with a @requires and a condition on each event',
    subgraphs: {
      a: {
        sdl: `type Query { q: Int } type Subscription { joined: User } type User @key(fields: "id") { id: ID! size: Int }`,
        data: { Subscription: { joined: [{ id: '1', size: 4 }] } },
      },
      b: {
        sdl: `type User @key(fields: "id") { id: ID! size: Int @external twice: Int @requires(fields: "size") }`,
        data: { User: [{ id: '1', twice: (_: unknown, { size }: { readonly size: number }) => size * 2 }] },
      },
    },
    operations: [
      {
        query: 'subscription ($x: Boolean = true) { who: joined { twice id @skip(if: $x) } }',
        events: [{ data: { who: { twice: 8 } } }],
      },
    ],
  },
  {
    name: 'independent root fields of one subgraph share a request',
    subgraphs: {
      a: { sdl: `type Query { x: Int y: Int }`, data: { Query: { x: 1, y: 2 } } },
      b: { sdl: `type Query { z: Int }`, data: { Query: { z: 3 } } },
    },
    operations: [{ query: '{ x z y }', data: { x: 1, z: 3, y: 2 }, fetches: ['a { x y }', 'b { z }'] }],
  },
  {
    name: 'introspection shows the composed graph and none of its machinery, and asks nobody',
    subgraphs: {
      a: {
        sdl: `type Query { user: User } "A person." type User @key(fields: "id") { id: ID! old: Int @deprecated(reason: "use age") }`,
      },
      b: { sdl: `type User @key(fields: "id") { id: ID! age: Int }` },
    },
    operations: [
      {
        query:
          '{ __type(name: "User") { description fields(includeDeprecated: true) { name deprecationReason } } }',
        data: {
          __type: {
            description: 'A person.',
            fields: [
              { name: 'id', deprecationReason: null },
              { name: 'old', deprecationReason: 'use age' },
              { name: 'age', deprecationReason: null },
            ],
          },
        },
        fetches: [],
      },
      {
        query: '{ __type(name: "join__Graph") { name } a: __type(name: "_Entity") { name } }',
        data: { __type: null, a: null },
        fetches: [],
      },
      { query: '{ _service { sdl } }', errors: [{ code: 'GRAPHQL_VALIDATION_FAILED' }], fetches: [] },
    ],
  },
  {
    name: 'Query inside an answer leads to any subgraph',
    subgraphs: {
      a: {
        sdl: `type Query { q: Int } type Mutation { do: Done } type Done { query: Query ok: Boolean }`,
        data: { Query: { q: 1 }, Mutation: { do: { query: {}, ok: true } } },
      },
      b: { sdl: `type Query { r: Int }`, data: { Query: { r: 2 } } },
    },
    operations: [
      {
        query: 'mutation { do { ok query { q r __typename } } }',
        data: { do: { ok: true, query: { q: 1, r: 2, __typename: 'Query' } } },
      },
    ],
  },
  {
    name: 'the root types may have other names in each subgraph',
    subgraphs: {
      a: { sdl: `schema { query: RootA } type RootA { x: Int }`, data: { RootA: { x: 1 } } },
      b: { sdl: `type Query { y: Int }`, data: { Query: { y: 2 } } },
    },
    operations: [{ query: '{ x y __typename }', data: { x: 1, y: 2, __typename: 'Query' } }],
  },
]

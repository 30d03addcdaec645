import type { ConformanceCase } from './conformance-case.ts'

const users = [
  { id: '1', name: 'Ada' },
  { id: '2', name: 'Bo' },
]

/** @key: how an entity is found in another subgraph. */
export const keys: readonly ConformanceCase[] = [
  {
    name: 'an entity is completed by the subgraph that shares its key',
    subgraphs: {
      a: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! }`,
        data: { Query: { user: { id: '1' } } },
      },
      b: { sdl: `type User @key(fields: "id") { id: ID! name: String }`, data: { User: users } },
    },
    operations: [
      {
        query: '{ user { name } }',
        data: { user: { name: 'Ada' } },
        fetches: ['a { user { id } }', 'b { ... on User { name } }'],
      },
      { query: '{ user { id } }', data: { user: { id: '1' } }, fetches: ['a { user { id } }'] },
      {
        query: '{ user { __typename } }',
        data: { user: { __typename: 'User' } },
        fetches: ['a { user {  } }'],
      },
    ],
  },
  {
    name: 'a key of several fields is sent whole, and identifies by all of them',
    subgraphs: {
      a: {
        sdl: `type Query { seats: [Seat] } type Seat @key(fields: "row number") { row: Int! number: Int! }`,
        data: {
          Query: {
            seats: [
              { row: 1, number: 2 },
              { row: 1, number: 3 },
            ],
          },
        },
      },
      b: {
        sdl: `type Seat @key(fields: "row number") { row: Int! number: Int! free: Boolean }`,
        data: {
          Seat: [
            { row: 1, number: 2, free: true },
            { row: 1, number: 3, free: false },
          ],
        },
      },
    },
    operations: [{ query: '{ seats { free } }', data: { seats: [{ free: true }, { free: false }] } }],
  },
  {
    name: 'a key may reach into an object',
    subgraphs: {
      a: {
        sdl: `type Query { user: User } type User @key(fields: "organization { id } login") { organization: Organization! login: String! }
          type Organization { id: ID! }`,
        data: { Query: { user: { organization: { id: 'o1' }, login: 'ada' } } },
      },
      b: {
        sdl: `type User @key(fields: "organization { id } login") { organization: Organization! login: String! mail: String }
          type Organization { id: ID! }`,
        data: {
          User: [
            { organization: { id: 'o2' }, login: 'ada', mail: 'wrong' },
            { organization: { id: 'o1' }, login: 'ada', mail: 'ada@o1' },
          ],
        },
      },
    },
    options: {},
    operations: [{ query: '{ user { mail } }', data: { user: { mail: 'ada@o1' } } }],
  },
  {
    name: 'an entity with several keys is found by the one that both sides know',
    subgraphs: {
      a: {
        sdl: `type Query { product: Product } type Product @key(fields: "upc") { upc: ID! }`,
        data: { Query: { product: { upc: 'u1' } } },
      },
      b: {
        sdl: `type Product @key(fields: "upc") @key(fields: "sku") { upc: ID! sku: ID! }`,
        data: { Product: [{ upc: 'u1', sku: 's1' }] },
      },
      c: {
        sdl: `type Product @key(fields: "sku") { sku: ID! stock: Int }`,
        data: { Product: [{ sku: 's1', stock: 3 }] },
      },
    },
    operations: [
      {
        query: '{ product { stock } }',
        data: { product: { stock: 3 } },
        fetches: ['a { product { upc } }', 'b { ... on Product { sku } }', 'c { ... on Product { stock } }'],
      },
    ],
  },
  {
    name: 'a key that a subgraph cannot resolve by is no way into it',
    subgraphs: {
      a: {
        sdl: `type Query { order: Order } type Order @key(fields: "id") { id: ID! user: User } type User @key(fields: "id", resolvable: false) { id: ID! }`,
        data: { Query: { order: { id: 'o', user: { id: '2' } } } },
      },
      b: {
        sdl: `type Query { u: User } type User @key(fields: "id") { id: ID! name: String best: Order } type Order @key(fields: "id", resolvable: false) { id: ID! }`,
        data: { User: users.map(user => ({ ...user, best: { id: 'o' } })) },
      },
    },
    operations: [
      { query: '{ order { user { name } } }', data: { order: { user: { name: 'Bo' } } } },
      { query: '{ order { user { best { id } } } }', data: { order: { user: { best: { id: 'o' } } } } },
    ],
  },
  {
    name: 'an entity that stands in many places is asked for once',
    subgraphs: {
      a: {
        sdl: `type Query { posts: [Post] } type Post { author: User } type User @key(fields: "id") { id: ID! }`,
        data: { Query: { posts: ['1', '2', '1', '1'].map(id => ({ author: { id } })) } },
      },
      b: { sdl: `type User @key(fields: "id") { id: ID! name: String }`, data: { User: users } },
    },
    operations: [
      {
        query: '{ posts { author { name } } }',
        data: { posts: ['Ada', 'Bo', 'Ada', 'Ada'].map(name => ({ author: { name } })) },
        fetches: ['a { posts { author { id } } }', 'b { ... on User { name } }'],
      },
    ],
  },
  {
    name: 'objects that refer to each other in a circle can be followed through subgraphs',
    subgraphs: {
      a: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! posts: [Post] } type Post @key(fields: "id") { id: ID! }`,
        data: {
          Query: { user: { id: '1' } },
          User: [
            { id: '1', posts: [{ id: 'p1' }] },
            { id: '2', posts: [{ id: 'p1' }] },
          ],
        },
      },
      b: {
        sdl: `type Post @key(fields: "id") { id: ID! author: User } type User @key(fields: "id") { id: ID! name: String }`,
        data: { Post: [{ id: 'p1', author: { id: '2' } }], User: users },
      },
    },
    operations: [
      {
        query: '{ user { name posts { author { name posts { id author { id } } } } } }',
        data: {
          user: {
            name: 'Ada',
            posts: [{ author: { name: 'Bo', posts: [{ id: 'p1', author: { id: '2' } }] } }],
          },
        },
      },
    ],
  },
  {
    name: 'an entity that its subgraph does not know has null for what comes from there, without an error',
    seen: 'apollographql/federation#752',
    subgraphs: {
      a: {
        sdl: `type Query { users: [User] } type User @key(fields: "id") { id: ID! }`,
        data: { Query: { users: [{ id: '1' }, { id: 'gone' }, null] } },
      },
      b: { sdl: `type User @key(fields: "id") { id: ID! name: String }`, data: { User: users } },
    },
    operations: [
      {
        query: '{ users { id name } }',
        data: { users: [{ id: '1', name: 'Ada' }, { id: 'gone', name: null }, null] },
      },
    ],
  },
  {
    name: 'an entity that is null is not asked for',
    seen: 'nautilus/gateway#101, apollographql/router#2017',
    subgraphs: {
      a: {
        sdl: `type Query { a: A! } type A { id: ID! b: B } type B @key(fields: "id") { id: ID! }`,
        data: { Query: { a: { id: 'a', b: null } } },
      },
      b: {
        sdl: `type B @key(fields: "id") { id: ID! title: String! }`,
        data: { B: [{ id: 'x', title: 'X' }] },
      },
    },
    operations: [
      {
        query: '{ a { id b { title } } }',
        data: { a: { id: 'a', b: null } },
        fetches: ['a { a { b { id } id } }'],
      },
    ],
  },
  {
    name: 'lists of lists of entities keep their shape',
    subgraphs: {
      a: {
        sdl: `type Query { board: [[[User]]!] } type User @key(fields: "id") { id: ID! }`,
        data: { Query: { board: [[[{ id: '1' }, null], null], [], [[{ id: '2' }, { id: '1' }]]] } },
      },
      b: { sdl: `type User @key(fields: "id") { id: ID! name: String }`, data: { User: users } },
    },
    operations: [
      {
        query: '{ board { name } }',
        data: { board: [[[{ name: 'Ada' }, null], null], [], [[{ name: 'Bo' }, { name: 'Ada' }]]] },
      },
    ],
  },
  {
    name: 'an empty list of entities asks nobody',
    subgraphs: {
      a: {
        sdl: `type Query { users: [User] } type User @key(fields: "id") { id: ID! }`,
        data: { Query: { users: [] } },
      },
      b: { sdl: `type User @key(fields: "id") { id: ID! name: String }` },
    },
    operations: [{ query: '{ users { name } }', data: { users: [] }, fetches: ['a { users { id } }'] }],
  },
  {
    name: 'a chain of keys is followed through a subgraph that only translates',
    subgraphs: {
      a: {
        sdl: `type Query { item: Item } type Item @key(fields: "a") { a: ID! }`,
        data: { Query: { item: { a: '1' } } },
      },
      b: {
        sdl: `type Item @key(fields: "a") @key(fields: "b") { a: ID! b: ID! }`,
        data: { Item: [{ a: '1', b: '2' }] },
      },
      c: {
        sdl: `type Item @key(fields: "b") @key(fields: "c") { b: ID! c: ID! }`,
        data: { Item: [{ b: '2', c: '3' }] },
      },
      d: {
        sdl: `type Item @key(fields: "c") { c: ID! end: String }`,
        data: { Item: [{ c: '3', end: 'found' }] },
      },
    },
    operations: [{ query: '{ item { end } }', data: { item: { end: 'found' } } }],
  },
]

import type { ConformanceCase } from './conformance-case.ts'

/** Which subgraph answers a field: @provides, @shareable, @override, @external. */
export const ownership: readonly ConformanceCase[] = [
  {
    name: '@provides saves the fetch on that path, and only there',
    subgraphs: {
      a: {
        sdl: `type Query { best: User @provides(fields: "name") any: User } type User @key(fields: "id") { id: ID! name: String @external }`,
        data: { Query: { best: { id: '1', name: 'Ada here' }, any: { id: '1' } } },
      },
      b: {
        sdl: `type User @key(fields: "id") { id: ID! name: String @shareable }`,
        data: { User: [{ id: '1', name: 'Ada' }] },
      },
    },
    operations: [
      { query: '{ best { name } }', data: { best: { name: 'Ada here' } }, fetches: ['a { best { name } }'] },
      {
        query: '{ any { name } }',
        data: { any: { name: 'Ada' } },
        fetches: ['a { any { id } }', 'b { ... on User { name } }'],
      },
    ],
  },
  {
    name: '@provides of fields of a nested object',
    subgraphs: {
      a: {
        sdl: `type Query { post: Post @provides(fields: "author { name }") } type Post @key(fields: "id") { id: ID! author: User @external } type User @key(fields: "id") { id: ID! name: String @external }`,
        data: { Query: { post: { id: 'p', author: { id: '1', name: 'Ada' } } } },
      },
      b: {
        sdl: `type Post @key(fields: "id") { id: ID! author: User @shareable } type User @key(fields: "id") { id: ID! name: String @shareable }`,
        data: { Post: [{ id: 'p', author: { id: '1' } }], User: [{ id: '1', name: 'elsewhere' }] },
      },
    },
    operations: [
      {
        query: '{ post { author { name } } }',
        data: { post: { author: { name: 'Ada' } } },
        fetches: ['a { post { author { name } } }'],
      },
    ],
  },
  {
    name: 'a field that two subgraphs share is taken from where the plan already is',
    subgraphs: {
      a: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! name: String @shareable }`,
        data: { Query: { user: { id: '1' } }, User: [{ id: '1', name: 'Ada' }] },
      },
      b: {
        sdl: `type User @key(fields: "id") { id: ID! name: String @shareable age: Int }`,
        data: { User: [{ id: '1', name: 'not asked', age: 36 }] },
      },
    },
    operations: [
      { query: '{ user { name } }', data: { user: { name: 'Ada' } }, fetches: ['a { user { name } }'] },
      {
        query: '{ user { name age } }',
        data: { user: { name: 'Ada', age: 36 } },
        fetches: ['a { user { id name } }', 'b { ... on User { age } }'],
      },
    ],
  },
  {
    name: 'value types that two subgraphs share are merged from both',
    subgraphs: {
      a: {
        sdl: `type Query { place: Place @shareable } type Place @shareable { city: String }`,
        data: { Query: { place: { city: 'Ulm' } } },
      },
      b: {
        sdl: `type Query { place: Place @shareable } type Place { city: String @shareable zip: String }`,
        data: { Query: { place: { city: 'Ulm', zip: '89073' } } },
      },
    },
    operations: [{ query: '{ place { city zip } }', data: { place: { city: 'Ulm', zip: '89073' } } }],
  },
  {
    name: '@override takes a field to its new subgraph',
    subgraphs: {
      old: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! name: String }`,
        data: { Query: { user: { id: '1' } }, User: [{ id: '1', name: 'old' }] },
      },
      fresh: {
        sdl: `type User @key(fields: "id") { id: ID! name: String @override(from: "old") }`,
        data: { User: [{ id: '1', name: 'new' }] },
      },
    },
    operations: [
      {
        query: '{ user { name } }',
        data: { user: { name: 'new' } },
        fetches: ['old { user { id } }', 'fresh { ... on User { name } }'],
      },
    ],
  },
  {
    name: '@override of a root field asks the new subgraph only',
    subgraphs: {
      old: { sdl: `type Query { now: String other: Int }`, data: { Query: { now: 'old', other: 1 } } },
      fresh: { sdl: `type Query { now: String @override(from: "old") }`, data: { Query: { now: 'new' } } },
    },
    operations: [{ query: '{ now }', data: { now: 'new' }, fetches: ['fresh { now }'] }],
  },
  {
    name: '@override of a field that a @requires of its old subgraph reads',
    subgraphs: {
      old: {
        sdl: `type Query { item: Item } type Item @key(fields: "id") { id: ID! size: Int @external label: String @requires(fields: "size") }`,
        data: {
          Query: { item: { id: '1' } },
          Item: [{ id: '1', label: (_: unknown, { size }: { readonly size: number }) => `size ${size}` }],
        },
      },
      fresh: {
        sdl: `type Item @key(fields: "id") { id: ID! size: Int @override(from: "third") }`,
        data: { Item: [{ id: '1', size: 7 }] },
      },
      third: {
        sdl: `type Item @key(fields: "id") { id: ID! size: Int third: Int }`,
        data: { Item: [{ id: '1', size: 0, third: 3 }] },
      },
    },
    operations: [{ query: '{ item { label third } }', data: { item: { label: 'size 7', third: 3 } } }],
  },
  {
    name: '@override with a label that is active takes the field to its new subgraph',
    subgraphs: {
      old: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! name: String }`,
        data: { Query: { user: { id: '1' } }, User: [{ id: '1', name: 'old' }] },
      },
      fresh: {
        sdl: `type User @key(fields: "id") { id: ID! name: String @override(from: "old", label: "beta") }`,
        data: { User: [{ id: '1', name: 'new' }] },
      },
    },
    options: { overrides: { active: ['beta'] } },
    operations: [
      {
        query: '{ user { name } }',
        data: { user: { name: 'new' } },
        fetches: ['old { user { id } }', 'fresh { ... on User { name } }'],
      },
    ],
  },
  {
    name: '@override with a label that is not active leaves the field where it was',
    subgraphs: {
      old: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! name: String }`,
        data: { Query: { user: { id: '1' } }, User: [{ id: '1', name: 'old' }] },
      },
      fresh: {
        sdl: `type User @key(fields: "id") { id: ID! name: String @override(from: "old", label: "beta") }`,
        data: { User: [{ id: '1', name: 'new' }] },
      },
    },
    options: {},
    operations: [
      { query: '{ user { name } }', data: { user: { name: 'old' } }, fetches: ['old { user { name } }'] },
    ],
  },
  {
    name: '@override with a label that is not active leaves a field of a union where it was',
    seen: 'hive router-query-planner 0.0.38',
    except: { rust: 'the Rust planner does not look at labels of fields whose type is a union' },
    subgraphs: {
      old: {
        sdl: `type User @key(fields: "id") { id: ID! best: Best } union Best = Prize type Prize { name: String @shareable }`,
        data: { User: [{ id: '1', best: { __typename: 'Prize', name: 'old' } }] },
      },
      fresh: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! best: Best @override(from: "old", label: "beta") }
          union Best = Prize type Prize { name: String @shareable }`,
        data: {
          Query: { user: { id: '1' } },
          User: [{ id: '1', best: { __typename: 'Prize', name: 'new' } }],
        },
      },
    },
    operations: [
      {
        query: '{ user { best { ... on Prize { name } } } }',
        data: { user: { best: { name: 'old' } } },
        fetches: ['fresh { user { id } }', 'old { ... on User { best { ... on Prize { name } } } }'],
      },
    ],
  },
  {
    name: 'an @external field on a key is answered where the key is known',
    subgraphs: {
      a: {
        sdl: `type Query { me: User } type User @key(fields: "id") { id: ID! name: String }`,
        data: { Query: { me: { id: '1', name: 'Ada' } } },
      },
      b: {
        sdl: `extend type User @key(fields: "id") { id: ID! @external posts: Int }`,
        data: { User: [{ id: '1', posts: 4 }] },
      },
    },
    operations: [{ query: '{ me { id posts } }', data: { me: { id: '1', posts: 4 } } }],
  },
]

import type { ConformanceCase } from './conformance-case.ts'

const except = { rust: 'the Rust planner drops arguments filled by @fromContext' } as const

type Args = Readonly<Record<string, unknown>>

/** @context and @fromContext. */
export const contexts: readonly ConformanceCase[] = [
  {
    name: 'a value of the objects around reaches an argument, for each object its own',
    except,
    subgraphs: {
      a: {
        sdl: `type Query { users: [User!]! } type User @key(fields: "id") @context(name: "ctx") { id: ID! lang: String! posts: [Post!]! }
          type Post @key(fields: "id") { id: ID! title(lang: String @fromContext(field: "$ctx { lang }")): String! }`,
        data: {
          Query: { users: [{ id: '1' }, { id: '2' }] },
          User: [
            { id: '1', lang: 'de', posts: [{ id: 'p' }] },
            { id: '2', lang: 'fr', posts: [{ id: 'p' }] },
          ],
          Post: [{ id: 'p', title: ({ lang }: Args) => `title in ${String(lang)}` }],
        },
      },
      b: {
        sdl: `type Query { b: Int } type Post @key(fields: "id") { id: ID! likes: Int }`,
        data: { Post: [{ id: 'p', likes: 1 }] },
      },
    },
    operations: [
      {
        query: '{ users { posts { title likes } } }',
        data: {
          users: [
            { posts: [{ title: 'title in de', likes: 1 }] },
            { posts: [{ title: 'title in fr', likes: 1 }] },
          ],
        },
      },
    ],
  },
  {
    name: 'an argument from a context is no argument for clients',
    except,
    subgraphs: {
      a: {
        sdl: `type Query { user: User } type User @key(fields: "id") @context(name: "ctx") { id: ID! lang: String! post: Post }
          type Post @key(fields: "id") { id: ID! title(upper: Boolean, lang: String @fromContext(field: "$ctx { lang }")): String }`,
        data: {
          Query: { user: { id: '1' } },
          User: [{ id: '1', lang: 'de', post: { id: 'p' } }],
          Post: [{ id: 'p', title: ({ upper, lang }: Args) => `${String(lang)} ${String(upper)}` }],
        },
      },
      b: { sdl: `type Query { b: Int } type Post @key(fields: "id") { id: ID! likes: Int }` },
    },
    operations: [
      { query: '{ user { post { title(upper: true) } } }', data: { user: { post: { title: 'de true' } } } },
      { query: '{ user { post { title(lang: "fr") } } }', errors: [{ code: 'GRAPHQL_VALIDATION_FAILED' }] },
    ],
  },
  {
    name: 'a value that another fetch has to bring is there before the argument takes it',
    seen: '@apollo/query-planner 2.14',
    except,
    subgraphs: {
      a: {
        sdl: `type User @key(fields: "id") @context(name: "ctx") { id: ID! lang: String }
          type Post @key(fields: "id") { id: ID! title(lang: String @fromContext(field: "$ctx { lang }")): String }`,
        data: {
          User: [
            { id: '1', lang: 'de' },
            { id: '2', lang: 'fr' },
          ],
          Post: [{ id: 'p', title: ({ lang }: Args) => `title in ${String(lang)}` }],
        },
      },
      b: {
        sdl: `type Query { users: [User!]! } type User @key(fields: "id") { id: ID! posts: [Post!]! friend: User } type Post @key(fields: "id") { id: ID! likes: Int }`,
        data: {
          Query: { users: [{ id: '1' }, { id: '2' }] },
          User: [
            { id: '1', posts: [{ id: 'p' }], friend: { id: '2' } },
            { id: '2', posts: [{ id: 'p' }], friend: { id: '1' } },
          ],
          Post: [{ id: 'p', likes: 1 }],
        },
      },
    },
    operations: [
      {
        query: '{ users { posts { title likes } friend { posts { title } } } }',
        data: {
          users: [
            { posts: [{ title: 'title in de', likes: 1 }], friend: { posts: [{ title: 'title in fr' }] } },
            { posts: [{ title: 'title in fr', likes: 1 }], friend: { posts: [{ title: 'title in de' }] } },
          ],
        },
      },
    ],
  },
  {
    name: 'an argument whose value could not be fetched is not left out: its field is null and says why',
    except,
    subgraphs: {
      a: {
        sdl: `type User @key(fields: "id") @context(name: "ctx") { id: ID! lang: String @external }
          type Post @key(fields: "id") { id: ID! title(lang: String @fromContext(field: "$ctx { lang }")): String }`,
        data: { Post: [{ id: 'p', title: ({ lang }: Args) => `title in ${String(lang)}` }] },
      },
      b: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! posts: [Post!]! } type Post @key(fields: "id") { id: ID! }`,
        data: { Query: { user: { id: '1' } }, User: [{ id: '1', posts: [{ id: 'p' }] }] },
      },
      c: {
        sdl: `type User @key(fields: "id") { id: ID! lang: String }`,
        data: { User: [{ id: '1', lang: 'de' }] },
      },
    },
    operations: [
      { query: '{ user { posts { title } } }', data: { user: { posts: [{ title: 'title in de' }] } } },
      {
        query: '{ user { posts { id title } } }',
        down: ['c'],
        data: { user: { posts: [{ id: 'p', title: null }] } },
        errors: [{ path: ['user', 'posts', 0, 'title'], code: 'SUBGRAPH_UNREACHABLE' }],
      },
    ],
  },
]

import { makeResolvers } from './library-resolvers.ts'
import type { SubgraphDefinition } from './federated.ts'

/** A graph with every kind of seam, as subgraphs and as one schema that must answer the same. */
export const monolithSdl = `
  interface Node { id: ID! }
  interface Named { name: String }
  type User implements Node & Named {
    id: ID! name: String age: Int friends(first: Int): [User] best: User sure: User! posts: [Post!]! pet: Pet
    rank(limit: Int = 2): Int! badge: String rows: [[Post]]
  }
  type Post implements Node { id: ID! title(upper: Boolean = false): String! author: User! score: Int! related: [Node] shout: String size: Size }
  type Size { w: Int h: Int! }
  union Pet = Cat | Dog
  type Cat implements Node & Named { id: ID! name: String lives: Int owner: User }
  type Dog implements Node & Named { id: ID! name: String barks: Boolean! owner: User! }
  type Query { users: [User!] user(id: ID!): User posts: [Post!]! nodes: [Node] pets: [Pet] named: [Named] }
`

const resolvers = makeResolvers()

export const monolithResolvers = resolvers

export const librarySubgraphs: Readonly<Record<string, SubgraphDefinition>> = {
  users: {
    sdl: `
      interface Node { id: ID! }
      interface Named { name: String }
      type User implements Node & Named @key(fields: "id") { id: ID! name: String age: Int friends(first: Int): [User] best: User sure: User! }
      type Query { users: [User!] user(id: ID!): User }`,
    resolvers: {
      Query: { users: resolvers.Query.users, user: resolvers.Query.user },
      User: pick(resolvers.User, ['name', 'age', 'friends', 'best', 'sure']),
    },
  },
  posts: {
    sdl: `
      interface Node { id: ID! }
      type User implements Node @key(fields: "id") { id: ID! posts: [Post!]! rows: [[Post]] }
      type Post implements Node @key(fields: "id") { id: ID! title(upper: Boolean = false): String! author: User! related: [Node] size: Size }
      type Size { w: Int h: Int! }
      type Cat implements Node @key(fields: "id") { id: ID! }
      type Query { posts: [Post!]! nodes: [Node] }`,
    resolvers: {
      Query: { posts: resolvers.Query.posts, nodes: resolvers.Query.nodes },
      User: pick(resolvers.User, ['posts', 'rows']),
      Post: pick(resolvers.Post, ['title', 'author', 'related', 'size']),
    },
  },
  pets: {
    sdl: `
      interface Node { id: ID! }
      interface Named { name: String }
      union Pet = Cat | Dog
      type User @key(fields: "id") { id: ID! pet: Pet }
      type Cat implements Node & Named @key(fields: "id") { id: ID! name: String lives: Int owner: User }
      type Dog implements Node & Named @key(fields: "id") { id: ID! name: String barks: Boolean! owner: User! }
      type Query { pets: [Pet] named: [Named] }`,
    resolvers: {
      Query: { pets: resolvers.Query.pets, named: resolvers.Query.named },
      User: pick(resolvers.User, ['pet']),
      Cat: resolvers.Cat,
      Dog: resolvers.Dog,
    },
  },
  ranks: {
    sdl: `
      type User @key(fields: "id") { id: ID! age: Int @external name: String @external rank(limit: Int = 2): Int! badge: String @requires(fields: "age name") }
      type Post @key(fields: "id") { id: ID! title(upper: Boolean = false): String! @external size: Size @external score: Int! shout: String @requires(fields: "title(upper: true) size { w }") }
      type Size { w: Int @external }`,
    resolvers: {
      User: pick(resolvers.User, ['rank', 'badge']),
      Post: pick(resolvers.Post, ['score', 'shout']),
    },
  },
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  // Built of exactly these keys.
  return Object.fromEntries(keys.map(key => [key, from[key]])) as Pick<T, K>
}

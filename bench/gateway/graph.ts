import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse } from 'graphql'
import type { GraphQLSchema } from 'graphql'
import { compose } from '../../composition/compose.ts'

/** The graph that federation gateways are commonly compared on: accounts, inventory, products and reviews. */
const federation = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3",
  import: ["@key", "@external", "@provides", "@requires", "@shareable"])`

const sdls: ReadonlyMap<string, string> = new Map([
  [
    'accounts',
    `type Query { me: User  user(id: ID!): User  users: [User] }
     type User @key(fields: "id") { id: ID!  name: String  username: String @shareable  birthday: Int }`,
  ],
  [
    'inventory',
    `type Product @key(fields: "upc") {
       upc: String!
       weight: Int @external
       price: Int @external
       inStock: Boolean
       shippingEstimate: Int @requires(fields: "price weight")
     }`,
  ],
  [
    'products',
    `type Query { topProducts(first: Int): [Product]  catalogue(first: Int!): [Product!]! }
     type Product @key(fields: "upc") { upc: String!  name: String  price: Int  weight: Int  description: String }`,
  ],
  [
    'reviews',
    `type Review @key(fields: "id") {
       id: ID!
       body: String
       author: User @provides(fields: "username")
       product: Product
     }
     type User @key(fields: "id") { id: ID!  username: String @external  reviews: [Review] }
     type Product @key(fields: "upc") { upc: String!  reviews: [Review] }`,
  ],
])

const names = [
  'Ada Lovelace',
  'Grace Hopper',
  'Alan Turing',
  'Barbara Liskov',
  'Edsger Dijkstra',
  'Radia Perlman',
]
const goods = ['Table', 'Couch', 'Glass', 'Chair', 'TV', 'Lamp', 'Grill', 'Fridge', 'Sofa']

interface User {
  readonly id: string
  readonly name: string
  readonly username: string
  readonly birthday: number
}

const users: readonly User[] = names.map((name, index) => ({
  id: String(index + 1),
  name,
  username: `@${name.split(' ')[0]?.toLowerCase()}`,
  birthday: 1_000_000 + index,
}))

interface Product {
  readonly upc: string
  readonly name: string
  readonly price: number
  readonly weight: number
  readonly description: string
}

function product(index: number): Product {
  const name = goods[index % goods.length] ?? ''
  const upc = String(index + 1)
  return {
    upc,
    name: index < goods.length ? name : `${name} no. ${upc}`,
    price: 100 + ((index * 137) % 1_000),
    weight: 10 + ((index * 71) % 900),
    description: `A ${name.toLowerCase()} that comes in ${(index % 7) + 2} colours – “made to last”, says its maker, and is sold in packs of ${(index % 3) + 1}`,
  }
}

const topProducts = goods.map((_, index) => product(index))
const catalogue = Array.from({ length: 7_400 }, (_, index) => product(index))

interface Review {
  readonly id: string
  readonly body: string
  readonly authorId: string
  readonly upc: string
}

/** Whose reviews, and of what, so that a walk along the graph comes back to where it was. */
const reviewed: readonly (readonly [string, string])[] = [
  ['1', '1'],
  ['1', '2'],
  ['1', '3'],
  ['2', '1'],
  ['2', '3'],
  ['2', '4'],
  ['3', '2'],
  ['3', '4'],
  ['3', '5'],
  ['4', '5'],
  ['4', '6'],
  ['4', '1'],
  ['5', '7'],
  ['5', '8'],
  ['6', '8'],
  ['6', '9'],
  ['5', '2'],
  ['6', '4'],
  ['1', '5'],
  ['2', '8'],
  ['3', '1'],
  ['4', '8'],
]
const reviews: readonly Review[] = reviewed.map(([authorId, upc], index) => ({
  id: String(index + 1),
  body: `Review ${index + 1}: does what it says on the box, could be better, could be worse`,
  authorId,
  upc,
}))

const userById = ({ id }: { readonly id: string }): User | undefined => users.find(user => user.id === id)
const reviewsBy = ({ id }: { readonly id: string }): readonly Review[] =>
  reviews.filter(review => review.authorId === id)
const reviewsOf = ({ upc }: { readonly upc: string }): readonly Review[] =>
  reviews.filter(review => review.upc === upc)

const resolvers: Readonly<Record<string, object>> = {
  accounts: {
    Query: {
      me: () => users[0],
      user: (_: unknown, given: { id: string }) => userById(given),
      users: () => users,
    },
    User: { __resolveReference: userById },
  },
  inventory: {
    Product: {
      __resolveReference: (given: object) => given,
      inStock: ({ upc }: { upc: string }) => Number(upc) % 2 === 0,
      shippingEstimate: ({ price, weight }: Product) => (price > 1_000 ? 0 : Math.round(weight / 2)),
    },
  },
  products: {
    Query: {
      topProducts: (_: unknown, { first = 5 }: { first?: number }) => topProducts.slice(0, first),
      catalogue: (_: unknown, { first }: { first: number }) => catalogue.slice(0, first),
    },
    Product: { __resolveReference: ({ upc }: { upc: string }) => catalogue[Number(upc) - 1] },
  },
  reviews: {
    Review: {
      __resolveReference: ({ id }: { id: string }) => reviews.find(review => review.id === id),
      author: ({ authorId }: Review) => ({ id: authorId, username: userById({ id: authorId })?.username }),
      product: ({ upc }: Review) => ({ upc }),
    },
    User: { __resolveReference: (given: object) => given, reviews: reviewsBy },
    Product: { __resolveReference: (given: object) => given, reviews: reviewsOf },
  },
}

/** One executable schema for each subgraph, by name. */
export function subgraphSchemas(): ReadonlyMap<string, GraphQLSchema> {
  return new Map(
    [...sdls].map(([name, sdl]) => [
      name,
      buildSubgraphSchema([{ typeDefs: parse(`${federation}\n${sdl}`), resolvers: resolvers[name] as {} }]),
    ]),
  )
}

/** The supergraph of these subgraphs, all at `http://127.0.0.1:port/NAME`. `change` is given the text of each. */
export function supergraphSdl(port: number, change: (sdl: string) => string = sdl => sdl): string {
  const sources = [...sdls].map(([name, sdl]) => ({
    name,
    routingUrl: `http://127.0.0.1:${port}/${name}`,
    sdl: change(`${federation}\n${sdl}`),
    file: `${name}.graphql`,
  }))
  const result = compose(sources)
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'))
  return result.sdl
}

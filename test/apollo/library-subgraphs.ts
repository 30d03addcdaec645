import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { buildSubgraphSchema } from '@apollo/subgraph'
import type { GraphQLResolverMap } from '@apollo/subgraph/dist/schema-helper/index.js'
import { GraphQLError, parse } from 'graphql'
import { compose } from '../../composition/compose.ts'
import { describeDiagnostic } from '../../composition/render-diagnostic.ts'

/** Two running subgraphs on real Apollo Servers, and the supergraph of both. */
export interface LibrarySubgraphs extends AsyncDisposable {
  readonly endpoints: readonly { readonly name: string; readonly url: string }[]
  readonly supergraphSdl: string
}

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires", "@shareable"])
directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
enum CacheControlScope { PUBLIC PRIVATE }`

const books = `${link}
type Query { books(first: Int = 2): [Book!]! @cacheControl(maxAge: 60) book(id: ID!): Book viewer: String @cacheControl(maxAge: 10, scope: PRIVATE) }
type Mutation { rename(id: ID!, title: String!): Book }
type Book @key(fields: "id") { id: ID! title: String! @cacheControl(maxAge: 60) pages: Int! broken: String }`

const reviews = `${link}
type Query { latest: Review }
type Book @key(fields: "id") { id: ID! pages: Int! @external effort: String! @requires(fields: "pages") reviews: [Review!]! @cacheControl(maxAge: 30) }
union Item = Book | Review
type Review { stars: Int! @cacheControl(maxAge: 30) book: Book! about: Item! }
`

export async function librarySubgraphs(): Promise<LibrarySubgraphs> {
  const shelf = [
    { id: '1', title: 'One', pages: 100 },
    { id: '2', title: 'Two', pages: 900 },
  ]
  const find = (id: string): (typeof shelf)[number] | undefined => shelf.find(book => book.id === id)
  const running = await Promise.all([
    serve(books, {
      Query: {
        books: (_: unknown, { first }: { first: number }) => shelf.slice(0, first),
        book: (_: unknown, { id }: { id: string }) => find(id),
        viewer: (_: unknown, _arguments: unknown, { user }: { user?: string }) => user,
      },
      Mutation: {
        rename: (_: unknown, { id, title }: { id: string; title: string }) => {
          const book = find(id)
          return book === undefined ? null : { ...book, title }
        },
      },
      Book: {
        __resolveReference: ({ id }: { id: string }) => find(id),
        broken() {
          throw new GraphQLError('it is broken', { extensions: { code: 'BROKEN' } })
        },
      },
    }),
    serve(reviews, {
      Query: { latest: () => ({ stars: 5, bookId: '2' }) },
      Book: {
        effort: ({ pages }: { pages: number }) => (pages > 500 ? 'long' : 'short'),
        reviews: ({ id }: { id: string }) => [{ stars: Number(id), bookId: id }],
      },
      Review: {
        book: ({ bookId }: { bookId: string }) => ({ id: bookId }),
        about: ({ bookId }: { bookId: string }) => ({ __typename: 'Book', id: bookId }),
      },
    }),
  ])
  const endpoints = ['books', 'reviews'].map((name, index) => ({ name, url: running[index]?.url ?? '' }))
  const sources = [books, reviews].map((sdl, index) => {
    const { name, url } = endpoints[index] ?? { name: '', url: '' }
    return { name, routingUrl: url, sdl, file: `${name}.graphql` }
  })
  const composed = compose(sources)
  if (!composed.ok) throw new Error(composed.diagnostics.map(describeDiagnostic).join('\n'))
  return {
    endpoints,
    supergraphSdl: composed.sdl,
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map(({ stop }) => stop()))
    },
  }
}

async function serve(sdl: string, resolvers: GraphQLResolverMap<{ user?: string }>) {
  const server = new ApolloServer<{ user?: string }>({
    // Resolver maps are typed by a context that a schema knows nothing of.
    schema: buildSubgraphSchema([
      { typeDefs: parse(sdl), resolvers: resolvers as GraphQLResolverMap<unknown> },
    ]),
  })
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0 },
    context: async ({ req }) => {
      const user = req.headers['x-user']
      return typeof user === 'string' ? { user } : {}
    },
  })
  return { url, stop: () => server.stop() }
}

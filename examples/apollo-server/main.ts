// A stock Apollo Server over a supergraph. On @apollo/gateway, only the line marked below was another.
//   node examples/apollo-server/main.ts schema/supergraph.graphql
import { readFile } from 'node:fs/promises'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { EnneadGateway, RemoteGraphQLDataSource } from '../../apollo/drop-in.ts' // elsewhere: from 'ennead'

const gateway = new EnneadGateway({
  supergraphSdl: await readFile(process.argv[2] ?? 'schema/supergraph.graphql', 'utf8'),
  buildService: ({ url = '' }) =>
    new RemoteGraphQLDataSource({
      url,
      willSendRequest({ request, context }) {
        const { authorization } = context
        if (typeof authorization === 'string') request.http?.headers.set('authorization', authorization)
      },
    }),
})
const server = new ApolloServer<{ authorization?: string }>({ gateway })
const { url } = await startStandaloneServer(server, {
  listen: { port: 4000 },
  context: async ({ req }) =>
    req.headers.authorization === undefined ? {} : { authorization: req.headers.authorization },
})
console.log(`ready ${url}`)

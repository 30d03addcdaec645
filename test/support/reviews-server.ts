// A subgraph of its own process, on Apollo Server with its own cache hints: node reviews-server.ts PORT TEXT
import { buildSubgraphSchema } from '@apollo/subgraph'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { parse } from 'graphql'
import { reviewsSdl } from './reviews-sdl.ts'

const [port = '0', text = ''] = process.argv.slice(2)
const schema = buildSubgraphSchema({
  typeDefs: parse(reviewsSdl),
  resolvers: { Product: { reviews: ({ id }: { id: string }) => [{ text: `${text} ${id}` }] } },
})
const { url } = await startStandaloneServer(new ApolloServer({ schema }), {
  listen: { port: Number(port), host: '127.0.0.1' },
})
process.stdout.write(`ready ${url}\n`)

// Hive Gateway's runtime behind node:http, as its own command line wires it. With "rust" as second argument on the runtime
// of Hive Router, which plans in Rust.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createGatewayRuntime } from '@graphql-hive/gateway'

const [file, planner] = process.argv.slice(2)
const handler = {}
if (planner === 'rust') {
  const { unifiedGraphHandler } = await import('@graphql-hive/router-runtime')
  let used = false
  handler.unifiedGraphHandler = async options => {
    if (!used) console.log('planner: rust (router runtime)')
    used = true
    return unifiedGraphHandler(options)
  }
}
const gateway = createGatewayRuntime({
  supergraph: readFileSync(file, 'utf8'),
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get('authorization') ?? '' }),
  },
  graphiql: false,
  landingPage: false,
  logging: false,
  maskedErrors: true,
  ...handler,
})
const server = createServer((request, response) => void gateway(request, response))
server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${server.address().port}/graphql`))

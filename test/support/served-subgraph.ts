import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHandler } from 'graphql-http/lib/use/http'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { schemaOf } from './federated.ts'
import type { SubgraphDefinition } from './federated.ts'

/** A subgraph on a port, served by others' servers: graphql-http, and graphql-ws for subscriptions. */
export interface ServedSubgraph extends AsyncDisposable {
  readonly url: string
  /** Sockets open now. */
  readonly sockets: ReadonlySet<WebSocket>
  /** Headers of every upgrade request so far. */
  readonly upgrades: readonly IncomingHttpHeaders[]
}

export async function servedSubgraph(definition: SubgraphDefinition): Promise<ServedSubgraph> {
  const schema = schemaOf(definition)
  const handle = createHandler({ schema })
  const server = createServer((request, response) => void handle(request, response))
  const sockets = new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false })
  const upgrades: IncomingHttpHeaders[] = []
  sockets.on('connection', (_socket, request) => upgrades.push(request.headers))
  useServer({ schema }, sockets)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    sockets: sockets.clients,
    upgrades,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

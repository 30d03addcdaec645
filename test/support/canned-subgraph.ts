import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A subgraph over HTTP that gives one answer to everything. */
export interface CannedSubgraph extends AsyncDisposable {
  readonly url: string
  /** Headers of every request so far. */
  readonly asked: IncomingHttpHeaders[]
  /** The text of the next answers. */
  answer: string
  /** Called before each answer; the answer waits for what it returns. */
  before: () => Promise<void>
}

/** @param headers Of every answer. */
export async function cannedSubgraph(
  data: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<CannedSubgraph> {
  const asked: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers)
    request.resume().on('end', () => {
      void made.before().then(() => {
        response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(made.answer)
      })
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo
  const made: CannedSubgraph = {
    url: `http://127.0.0.1:${port}/graphql`,
    asked,
    answer: JSON.stringify({ data }),
    before: () => Promise.resolve(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return made
}

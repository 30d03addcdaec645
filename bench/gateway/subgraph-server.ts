import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { graphql } from 'graphql'
import type { GraphQLSchema } from 'graphql'
import { hopHeaders } from '../../kernel/hop.ts'
import { digestOf, requireBody } from '../../kernel/hop-signer.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'

/** One call that a gateway made. */
export interface Call {
  readonly path: string
  readonly body: string
}

export interface SubgraphServer {
  readonly port: number
  /** Calls so far. */
  readonly calls: number
  /** Calls without an Authorization header so far: a gateway that loses it does less work than the others. */
  readonly anonymous: number
  /** Calls made while `work` ran, as waves: a wave begins when all calls of the wave before were answered. */
  record(work: () => Promise<unknown>): Promise<readonly (readonly Call[])[]>
  close(): void
}

/**
 * All subgraphs on one port. Each answer is computed once and then served from memory: the subgraphs share a core with
 * the load, and are not what is measured.
 * @param signer Checks assertions and says that principals are kept, as subgraphs of Ennead do. Default: nobody looks at them.
 */
export async function serveSubgraphs(
  schemas: ReadonlyMap<string, GraphQLSchema>,
  signer?: HopSigner,
): Promise<SubgraphServer> {
  const answers = new Map<string, Buffer>()
  let calls = 0
  let anonymous = 0
  let running = 0
  let waves: Call[][] | undefined

  const answer = async ({ path, body }: Call): Promise<Buffer> => {
    const known = answers.get(`${path}\n${body}`)
    if (known !== undefined) return known
    const schema = schemas.get(path.slice(1))
    if (schema === undefined) throw new Error(`no subgraph at ${path}`)
    // Whatever the gateways send is a GraphQL request.
    const { query, variables, operationName } = JSON.parse(body) as {
      query: string
      variables?: Record<string, unknown>
      operationName?: string
    }
    const result = await graphql({
      schema,
      source: query,
      variableValues: variables ?? {},
      ...(operationName === undefined ? {} : { operationName }),
    })
    if (result.errors !== undefined) throw new Error(`${path} ${body}: ${result.errors[0]?.message}`)
    const made = Buffer.from(JSON.stringify(result))
    answers.set(`${path}\n${body}`, made)
    return made
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const call = { path: request.url ?? '', body: Buffer.concat(chunks).toString() }
    const assertion = request.headers[hopHeaders.assertion]
    if (signer !== undefined && typeof assertion === 'string') {
      const target = { audience: call.path.slice(1), method: 'POST', path: call.path }
      const opened = signer.open(assertion, target)
      requireBody(opened, digestOf(call.body))
      if (opened.principalForm === 'whole') response.setHeader(hopHeaders.principal, 'kept')
    }
    calls++
    if (request.headers.authorization === undefined) anonymous++
    if (running === 0) waves?.push([])
    waves?.at(-1)?.push(call)
    running++
    const body = await answer(call)
    running--
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    handle(request, response).catch((failure: unknown) => {
      console.error(failure)
      response.writeHead(500).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    // A server that listens on TCP has an AddressInfo.
    port: (server.address() as AddressInfo).port,
    get calls() {
      return calls
    },
    get anonymous() {
      return anonymous
    },
    async record(work) {
      const recorded: Call[][] = []
      waves = recorded
      await work()
      waves = undefined
      return recorded
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

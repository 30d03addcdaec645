import { ApolloServer } from '@apollo/server'
import type { GatewayGraphQLResponse } from '@apollo/server-gateway-interface'
import { EnneadGateway } from '../../../apollo/drop-in.ts'
import type { EnneadGatewayOptions, SupergraphManager } from '../../../apollo/drop-in.ts'
import type { GraphQLAnswer } from '../../../gateway/engine.ts'
import type { SubgraphRequest } from '../../../gateway/execution/subgraph.ts'
import { composedForTest } from '../../support/composed.ts'
import { contextForTest, inProcess } from '../../support/federated.ts'
import type { RunningSubgraph } from '../../support/federated.ts'
import type { ConformanceCase, ConformanceOperation } from './conformance-case.ts'
import { definitionsOf, runOperation } from './run-case.ts'
import type { Seen, Tested } from './run-case.ts'

/** A stock Apollo Server with an EnneadGateway, which takes the supergraph of one case after the other. */
export class DropIn {
  readonly #options: Partial<EnneadGatewayOptions>
  #running: { readonly server: ApolloServer; readonly offer: (sdl: string) => Promise<void> } | undefined
  #subgraphs: ReadonlyMap<string, RunningSubgraph> = new Map()

  constructor(options: Partial<EnneadGatewayOptions> = {}) {
    this.#options = options
  }

  /** Asks the operations, each on its own; those that an Apollo Server cannot be asked are undefined. */
  async run(each: ConformanceCase): Promise<readonly (Seen | undefined)[]> {
    const definitions = definitionsOf(each)
    this.#subgraphs = new Map(
      Object.entries(definitions).map(([name, definition]) => [name, inProcess(name, definition, [])]),
    )
    const server = await this.#serving(composedForTest(definitions).sdl)
    const tested: Tested = {
      subgraph: name => this.#subgraph(name),
      subscribe: () => Promise.reject(new Error('an Apollo Server with a gateway serves no subscriptions')),
      async ask(asked) {
        const { query, variables = {} } = typeof asked === 'string' ? { query: asked } : asked
        const { body } = await server.executeOperation({ query, variables: { ...variables } })
        if (body.kind !== 'single') throw new Error('not a single answer')
        const { data, errors } = body.singleResult
        // As a client would see it.
        return JSON.parse(JSON.stringify({ data, errors })) as GraphQLAnswer
      },
    }
    const seen: (Seen | undefined)[] = []
    for (const operation of each.operations) {
      const names = Object.keys(each.subgraphs)
      seen.push(isAskable(operation) ? await runOperation(operation, tested, names) : undefined)
    }
    return seen
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.server.stop()
  }

  #subgraph(name: string): RunningSubgraph {
    const found = this.#subgraphs.get(name)
    if (found === undefined) throw new Error(`no subgraph ${name}`)
    return found
  }

  /** The server, once it serves this supergraph. */
  async #serving(sdl: string): Promise<ApolloServer> {
    if (this.#running === undefined) this.#running = await this.#started(sdl)
    else await this.#running.offer(sdl)
    return this.#running.server
  }

  async #started(sdl: string) {
    let update: (sdl: string) => void = () => undefined
    const manager: SupergraphManager = {
      async initialize(tools) {
        update = tools.update
        return { supergraphSdl: sdl }
      },
    }
    const gateway = new EnneadGateway({
      supergraphSdl: manager,
      buildService: ({ name }) => ({
        process: async ({ request }: { readonly request: SubgraphRequest }) => {
          const { data, errors } = await this.#subgraph(name).execute(request, contextForTest())
          // What JSON makes of an execution result has the shape of a response.
          return { data, errors } as GatewayGraphQLResponse
        },
      }),
      // Each case asks for other things than the one before.
      canary: { mode: 'off' },
      ...this.#options,
    })
    const server = new ApolloServer({ gateway, includeStacktraceInErrorResponses: false })
    await server.start()
    const offer = async (next: string): Promise<void> => {
      const taken = Promise.withResolvers<void>()
      const leave = gateway.onSchemaLoadOrUpdate(({ coreSupergraphSdl }) => {
        if (coreSupergraphSdl === next) taken.resolve()
      })
      update(next)
      await taken.promise
      leave()
    }
    return { server, offer }
  }
}

/** Who a client is stays in Apollo Server's context, which the engine does not read. */
export function isAskable({ principal, events }: ConformanceOperation): boolean {
  return principal === undefined && events === undefined
}

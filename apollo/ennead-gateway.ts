import { randomUUID } from 'node:crypto'
import type {
  GatewayExecutionResult,
  GatewayGraphQLRequestContext,
  GatewayInterface,
  GatewaySchemaLoadOrUpdateCallback,
} from '@apollo/server-gateway-interface'
import { GraphQLError } from 'graphql'
import { createEngine } from '../gateway/create-engine.ts'
import type { EngineOptions } from '../gateway/create-engine.ts'
import { RequestRefused } from '../gateway/engine.ts'
import type { AnswerError, Engine, GraphQLAnswer } from '../gateway/engine.ts'
import { clientNameOf } from '../gateway/recording/client-name.ts'
import { openOperationLog } from '../gateway/recording/operation-log.ts'
import type { OperationLog, OperationLogOptions } from '../gateway/recording/operation-log.ts'
import type { PlannerChoice } from '../gateway/planning/planner.ts'
import { liveSupergraph } from '../gateway/supergraph/live-supergraph.ts'
import type { LiveSupergraph } from '../gateway/supergraph/live-supergraph.ts'
import { loadSupergraph } from '../gateway/supergraph/supergraph.ts'
import type { Supergraph } from '../gateway/supergraph/supergraph-facts.ts'
import { beginTrace } from '../gateway/tracing.ts'
import { checkDuration } from '../kernel/check.ts'
import { systemClock } from '../kernel/clock.ts'
import { EnneadError } from '../kernel/errors.ts'
import { silentLog } from '../kernel/log.ts'
import type { Log } from '../kernel/log.ts'
import { askDataSource } from './data-source.ts'
import type { GraphQLDataSource } from './data-source.ts'
import { dataSourceSubgraph } from './data-source-subgraph.ts'
import { RemoteGraphQLDataSource } from './remote-data-source.ts'
import { managedFeed } from './supergraph-manager.ts'
import type { SupergraphSdl } from './supergraph-manager.ts'

export interface EnneadGatewayOptions {
  /** A composed supergraph, a supergraph manager such as `IntrospectAndCompose`, or a hook that answers one. */
  readonly supergraphSdl: SupergraphSdl
  /** Makes the way to each subgraph. Default: `new RemoteGraphQLDataSource({ url })`. */
  readonly buildService?: (endpoint: { readonly name: string; readonly url?: string }) => GraphQLDataSource
  /** Time for one operation, milliseconds. Default 30,000. */
  readonly requestTimeoutMs?: number
  /** Replaces messages of subgraph errors without a code. Default false: Apollo Server's `formatError` is where users mask. */
  readonly maskErrors?: boolean
  /** What one operation may ask for. Default: as `ennead gateway` has it. */
  readonly limits?: EngineOptions['limits']
  /** What a new supergraph must still do. Default: as `ennead gateway` has it. */
  readonly canary?: EngineOptions['canary']
  /** Which planner is asked first. Default: as `ennead gateway` has it. */
  readonly planner?: PlannerChoice
  /** Labels of progressive @override that are active, beside `percent(n)`, which places each request anew. Default: none. */
  readonly overrideLabels?: readonly string[]
  /** Counts which client sends which operation, without values, for `ennead check`. Default: nobody counts. */
  readonly operationLog?: Omit<OperationLogOptions, 'clock' | 'log'>
  /** Default: nothing is logged. */
  readonly log?: Log
}

interface Running {
  readonly engine: Engine
  readonly live: LiveSupergraph
  readonly operations: OperationLog | undefined
  cleanup(): Promise<void>
}

/** Ennead's engine as the `gateway` of an Apollo Server, in the place of an ApolloGateway. */
export class EnneadGateway implements GatewayInterface {
  readonly #options: EnneadGatewayOptions
  readonly #requestTimeoutMs: number
  readonly #callbacks = new Set<GatewaySchemaLoadOrUpdateCallback>()
  #running: Running | undefined

  /** Throws BAD_OPTION. */
  constructor(options: EnneadGatewayOptions) {
    const { supergraphSdl, requestTimeoutMs = 30_000 } = options
    checkDuration('requestTimeoutMs', requestTimeoutMs)
    const managed =
      typeof supergraphSdl === 'object' && supergraphSdl !== null && 'initialize' in supergraphSdl
    if (!managed && typeof supergraphSdl !== 'string' && typeof supergraphSdl !== 'function') {
      const message =
        'supergraphSdl must be a supergraph, a manager or a hook; GraphOS uplink is not followed'
      throw new EnneadError('BAD_OPTION', message)
    }
    this.#options = options
    this.#requestTimeoutMs = requestTimeoutMs
  }

  onSchemaLoadOrUpdate(callback: GatewaySchemaLoadOrUpdateCallback): () => void {
    this.#callbacks.add(callback)
    const current = this.#running?.live.current()
    if (current !== undefined) callback(schemaContext(current))
    return () => void this.#callbacks.delete(callback)
  }

  /** Rejects with SUPERGRAPH_INVALID, with what the manager rejects with, or with BAD_OPTION for an operation log that cannot be written. */
  async load(): Promise<{
    executor: (context: GatewayGraphQLRequestContext) => Promise<GatewayExecutionResult>
  }> {
    const { supergraphSdl, log = silentLog, limits, canary, maskErrors = false, operationLog } = this.#options
    const { planner, overrideLabels = [] } = this.#options
    const getDataSource = (endpoint: { readonly name: string; readonly url?: string }): GraphQLDataSource =>
      this.#options.buildService?.(endpoint) ?? new RemoteGraphQLDataSource({ url: endpoint.url ?? '' })
    const operations = operationLog && (await openOperationLog({ ...operationLog, clock: systemClock, log }))
    const feed = await managedFeed(supergraphSdl, {
      getDataSource,
      healthCheck: sdl => checkSubgraphs(loadSupergraph(sdl), getDataSource),
    }).catch(async (failure: unknown) => {
      await operations?.close()
      throw failure
    })
    try {
      const live = await liveSupergraph(feed, { log, taken: supergraph => this.#tell(supergraph) })
      const engine = createEngine({
        supergraph: live,
        subgraph: (name, url) => dataSourceSubgraph(name, getDataSource({ name, url })),
        maskErrors,
        log,
        overrides: { active: overrideLabels },
        ...(planner === undefined ? {} : { planning: { planner } }),
        ...(limits === undefined ? {} : { limits }),
        ...(canary === undefined ? {} : { canary }),
      })
      this.#running = { engine, live, operations, cleanup: () => feed.cleanup() }
      await engine.ready()
    } catch (failure) {
      await feed.cleanup()
      await operations?.close()
      throw failure
    }
    return { executor: this.executor }
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.cleanup()
    await running?.engine.close()
    await running?.operations?.close()
  }

  /** Runs an operation that Apollo Server has parsed and validated. */
  readonly executor = async (incoming: GatewayGraphQLRequestContext): Promise<GatewayExecutionResult> => {
    const running = this.#running
    if (running === undefined) throw new EnneadError('UNAVAILABLE', 'the gateway is not loaded')
    const headers = Object.fromEntries(incoming.request.http?.headers ?? [])
    const trace = beginTrace(headers, 'graphql request')
    const answer = await this.#answer(running, incoming, {
      requestId: headers['x-request-id'] ?? randomUUID(),
      principal: undefined,
      remainingMs: this.#requestTimeoutMs,
      signal: new AbortController().signal,
      headers: {},
      trace,
      caller: incoming,
    })
    trace.end(answer.errors === undefined ? 'ok' : 'failed', {})
    return resultOf(answer)
  }

  async #answer(
    { engine, operations }: Running,
    { source, request, operationName }: GatewayGraphQLRequestContext,
    context: Parameters<Engine['execute']>[1],
  ): Promise<GraphQLAnswer> {
    try {
      const name = operationName ?? request.operationName ?? undefined
      const operation = await engine.prepare({
        query: source,
        operationName: name,
        variables: request.variables,
      })
      operations?.record(operation, clientNameOf(Object.fromEntries(request.http?.headers ?? [])))
      return await engine.execute(operation, context)
    } catch (failure) {
      if (failure instanceof RequestRefused) return { errors: failure.errors }
      throw failure
    }
  }

  #tell(supergraph: Supergraph): void {
    for (const callback of this.#callbacks) callback(schemaContext(supergraph))
  }
}

function schemaContext({ apiSchema, sdl }: Supergraph): Parameters<GatewaySchemaLoadOrUpdateCallback>[0] {
  return { apiSchema, coreSupergraphSdl: sdl }
}

function resultOf({ data, errors, extensions }: GraphQLAnswer): GatewayExecutionResult {
  return {
    ...(data === undefined ? {} : { data }),
    ...(errors === undefined ? {} : { errors: errors.map(graphqlError) }),
    ...(extensions === undefined ? {} : { extensions }),
  }
}

/** With `serviceName`, where clients of @apollo/gateway look for the subgraph's name. */
function graphqlError({ message, path, extensions }: AnswerError): GraphQLError {
  const { subgraph, ...rest } = extensions
  const named = subgraph === undefined ? rest : { ...rest, serviceName: subgraph }
  return new GraphQLError(message, { ...(path === undefined ? {} : { path }), extensions: named })
}

async function checkSubgraphs(
  { subgraphs }: Supergraph,
  getDataSource: (endpoint: { readonly name: string; readonly url: string }) => GraphQLDataSource,
): Promise<void> {
  await Promise.all(
    subgraphs.map(async endpoint => {
      const request = { query: 'query __ApolloServiceHealthCheck__ { __typename }' }
      const source = getDataSource(endpoint)
      try {
        const { errors } = await askDataSource(source, { kind: 'health check', request, context: {} })
        if (errors !== undefined && errors.length > 0) throw new Error(errors[0]?.message ?? 'errors')
      } catch (cause) {
        const message = `subgraph "${endpoint.name}" does not answer its health check`
        throw new EnneadError('SUBGRAPH_UNREACHABLE', message, { cause })
      }
    }),
  )
}

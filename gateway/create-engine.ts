import { systemClock } from '../kernel/clock.ts'
import type { Clock } from '../kernel/clock.ts'
import { EnneadError } from '../kernel/errors.ts'
import { silentLog } from '../kernel/log.ts'
import type { Log } from '../kernel/log.ts'
import type { Principal } from '../kernel/principal.ts'
import { RequestRefused } from './engine.ts'
import type { AnswerStream, Engine, EngineHealth, GraphQLAnswer, IncrementalAnswer } from './engine.ts'
import type { GraphQLRequest, PreparedOperation } from './engine.ts'
import { QueryTier } from './execution/compiled/query-tier.ts'
import { extended } from './execution/compiled/spliced-answer.ts'
import { EntityCache } from './execution/entity-cache/entity-cache.ts'
import type { Forgetting } from './execution/entity-cache/forgotten.ts'
import type { EntityCacheOptions } from './execution/entity-cache/entity-cache.ts'
import { executeIncrementally } from './execution/execute-incrementally.ts'
import { Prepared } from './execution/prepared.ts'
import type { ObserveGateway } from './gateway-events.ts'
import type { SubgraphContext } from './execution/subgraph.ts'
import { SubgraphConnections } from './execution/subgraphs.ts'
import type { ConnectSubgraph } from './execution/subgraphs.ts'
import { SubscriptionAnswers } from './execution/subscribe.ts'
import type { SubscriptionTools } from './execution/subscribe.ts'
import { resolveCostOptions } from './operation/cost-options.ts'
import type { CostOptions } from './operation/cost-options.ts'
import { resolveLimits } from './operation/limits.ts'
import type { OperationLimits } from './operation/limits.ts'
import { refused } from './operation/refusal.ts'
import { viewerOf } from './operation/viewer.ts'
import { decideOverrides } from './planning/overrides.ts'
import type { OverrideOptions } from './planning/overrides.ts'
import type { PlanningOptions } from './planning/planning-options.ts'
import { PlanningThread } from './planning/planning-thread.ts'
import type { Planner } from './planning/planner.ts'
import { canaryOptions } from './hot-operations.ts'
import type { CanaryOptions } from './hot-operations.ts'
import { ServingSwitch } from './serving-switch.ts'
import { Serving } from './serving.ts'
import type { CacheSizes } from './serving.ts'
import type { SupergraphSource } from './supergraph/supergraph-source.ts'
import type { Supergraph } from './supergraph/supergraph-facts.ts'

export interface EngineOptions {
  /** Closed with the engine. */
  readonly supergraph: SupergraphSource
  /** Makes the way to a subgraph, once for every name and routing URL. */
  readonly subgraph: ConnectSubgraph
  /** Default: `operationLimits`. */
  readonly limits?: OperationLimits
  /** Default: `costDefaults`. */
  readonly cost?: CostOptions
  /** Does every answer say in `extensions.cost` what its operation was estimated to cost, and why? Default false. */
  readonly explainCost?: boolean
  /** May clients ask for the schema? Default true. */
  readonly introspection?: boolean
  /** Are messages of errors that a subgraph did not code replaced? They are in the log then. Default true. */
  readonly maskErrors?: boolean
  /** Time for the fields of other subgraphs on one event of a subscription, in milliseconds. Default 5,000. */
  readonly eventMs?: number
  /** Documents and plans kept at most, for each supergraph. Default 1,000. */
  readonly cacheEntriesMax?: number
  /** Characters of documents kept at most, for each supergraph. Default 10,000,000. */
  readonly cacheCharactersMax?: number
  /** A query is compiled when it was run this often, see docs/performance.md; Infinity: never. Default 2. */
  readonly compiledAfter?: number
  /** What a new supergraph must still do with the hottest operations to be taken. Default: see `CanaryOptions`. */
  readonly canary?: CanaryOptions
  /** Bytes of plans kept at most, for each supergraph. Default 50,000,000. */
  readonly planBytesMax?: number
  /** Which planner plans, and what planning may take. Default: `resolvePlanningOptions`. */
  readonly planning?: PlanningOptions
  /** How labels of progressive @override are decided; docs/planning.md says what is decided without. */
  readonly overrides?: OverrideOptions
  /** Makes the planner of a supergraph instead. Default: in a thread, as `planning` says. */
  readonly planner?: (supergraph: Supergraph) => Planner
  /** Keeps what subgraphs allow to be kept, see docs/entity-cache.md. Default: nothing is kept. */
  readonly entityCache?: EntityCacheOptions | undefined
  /** Told everything that happens behind the doors. Default: nobody is. */
  readonly observe?: ObserveGateway | undefined
  /** Default: nothing is logged. */
  readonly log?: Log
  /** Default: the system's. */
  readonly clock?: Clock
}

const defaults = {
  introspection: true,
  explainCost: false,
  maskErrors: true,
  eventMs: 5_000,
  compiledAfter: 2,
  cacheEntriesMax: 1_000,
  cacheCharactersMax: 10_000_000,
  planBytesMax: 50_000_000,
} as const

/** The gateway without its doors, on whatever supergraph its source has. Throws BAD_OPTION. */
export function createEngine(options: EngineOptions): Engine {
  return new GatewayEngine(options)
}

class GatewayEngine implements Engine {
  readonly #source: SupergraphSource
  readonly #connections: SubgraphConnections
  readonly #switch: ServingSwitch
  readonly #thread: PlanningThread
  readonly #tools: SubscriptionTools
  readonly #explainCost: boolean
  readonly #overrides: OverrideOptions
  readonly #tier: QueryTier
  #supergraphs = 0
  #closing: Promise<void> | undefined

  constructor(options: EngineOptions) {
    const { introspection, explainCost, maskErrors, eventMs, cacheEntriesMax, cacheCharactersMax } = {
      ...defaults,
      ...options,
    }
    const { planBytesMax } = { ...defaults, ...options }
    const numbers = { eventMs, cacheEntriesMax, cacheCharactersMax, planBytesMax }
    for (const [name, value] of Object.entries(numbers)) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new EnneadError('BAD_OPTION', `${name} must be an integer >= 1, got ${value}`)
      }
    }
    const rules = { limits: resolveLimits(options.limits), introspection }
    const sizes: CacheSizes = { entriesMax: cacheEntriesMax, charactersMax: cacheCharactersMax, planBytesMax }
    const costs = resolveCostOptions(options.cost)
    this.#source = options.supergraph
    this.#explainCost = explainCost
    this.#overrides = options.overrides ?? {}
    const { observe, clock = systemClock, log = silentLog } = options
    const entityCache = options.entityCache && new EntityCache(options.entityCache, clock)
    this.#tools = { clock, log, showing: { maskErrors }, eventMs, entityCache, observe }
    const { compiledAfter = defaults.compiledAfter } = options
    this.#tier = new QueryTier({ compiledAfter, observe }, this.#tools)
    this.#connections = new SubgraphConnections(options.subgraph, { clock, log, observe })
    this.#thread = new PlanningThread(options.planning ?? {}, this.#tools)
    const plannerOf = options.planner ?? (({ sdl }: Supergraph): Planner => this.#thread.open(sdl))
    const make = (supergraph: Supergraph): Serving => {
      const subgraphs = this.#connections.resolve(supergraph)
      return new Serving(supergraph, subgraphs, plannerOf(supergraph), rules, sizes, costs, clock)
    }
    this.#switch = new ServingSwitch(make, canaryOptions(options.canary), { clock, log, observe }, () =>
      this.ready(),
    )
    this.#switch.onTaken(() => void this.#supergraphs++)
    const first = this.#source.current()
    if (first !== undefined) this.#switch.begin(first)
    this.#source.considerBy(candidate => this.#switch.consider(candidate))
  }

  async prepare(request: GraphQLRequest, principal?: Principal): Promise<PreparedOperation> {
    const serving = this.#switch.current
    if (serving === undefined) {
      throw refused('UNAVAILABLE', 'the gateway has no supergraph yet; try again later')
    }
    try {
      const { overrideLabels } = serving.supergraph
      const overrides = decideOverrides(overrideLabels, principal, this.#overrides)
      return await serving.prepare(request, viewerOf(principal), overrides)
    } catch (failure) {
      if (failure instanceof RequestRefused) {
        const { cause } = failure
        if (cause !== undefined) this.#tools.log.warn('operation.refused', { errors: failure.errors, cause })
        throw failure
      }
      this.#tools.log.error('preparation.fault', { failure })
      throw refused('INTERNAL', 'a fault of the gateway; the log has it')
    }
  }

  async execute(operation: PreparedOperation, context: SubgraphContext): Promise<GraphQLAnswer> {
    try {
      const answer = await this.#tier.execute(ours(operation, false), context)
      if (!this.#explainCost) return answer
      return extended(answer, { cost: operation.cost?.explain() })
    } catch (failure) {
      return { data: null, ...this.#fault(context, failure) }
    }
  }

  #fault({ requestId }: SubgraphContext, failure: unknown): Required<Pick<GraphQLAnswer, 'errors'>> {
    this.#tools.log.error('execution.fault', { errorId: requestId, failure })
    const message = 'a fault of the gateway; the log has it under this errorId'
    return { errors: [{ message, extensions: { code: 'INTERNAL', errorId: requestId } }] }
  }

  async *executeIncrementally(
    operation: PreparedOperation,
    context: SubgraphContext,
    deferredMs: number,
  ): AsyncGenerator<IncrementalAnswer, void> {
    try {
      yield* executeIncrementally(ours(operation, false), context, deferredMs, this.#tools)
    } catch (failure) {
      const { errors } = this.#fault(context, failure)
      yield { errors, hasNext: false }
    } finally {
      if (operation.kind === 'mutation') this.#tier.written(ours(operation, false))
    }
  }

  subscribe(operation: PreparedOperation, context: SubgraphContext, after?: string): AnswerStream {
    return new SubscriptionAnswers(ours(operation, true), context, this.#tools, after)
  }

  onSupergraph(told: () => void): void {
    this.#switch.onTaken(told)
  }

  get epoch(): number {
    return this.#supergraphs + this.#tier.writes
  }

  isCompiled(operation: PreparedOperation): boolean {
    return operation instanceof Prepared && this.#tier.isCompiled(operation)
  }

  forget(forgetting: Forgetting): void {
    const supergraph = this.#switch.current?.supergraph
    if (supergraph !== undefined) this.#tier.forget(forgetting, supergraph)
  }

  health(): EngineHealth {
    return {
      ready: this.#switch.current !== undefined,
      supergraph: this.#source.status(),
      subgraphs: this.#connections.health(),
    }
  }

  ready(): Promise<void> {
    return this.#thread.ready()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#source.close()
    await this.#thread.close()
    await this.#switch.close()
    await this.#connections.close()
  }
}

function ours(operation: PreparedOperation, subscription: boolean): Prepared {
  if (!(operation instanceof Prepared)) {
    throw new EnneadError('INTERNAL', 'the operation was not prepared by this engine')
  }
  if ((operation.kind === 'subscription') === subscription) return operation
  throw new EnneadError('INTERNAL', `a ${operation.kind} was given to the wrong method of the engine`)
}

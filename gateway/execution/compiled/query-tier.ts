import { OperationTypeNode } from 'graphql'
import { EnneadError } from '../../../kernel/errors.ts'
import type { GraphQLAnswer } from '../../engine.ts'
import type { ObserveGateway } from '../../gateway-events.ts'
import type { Deadline } from '../deadline.ts'
import { startDeadline } from '../deadline.ts'
import { executePrepared } from '../execute.ts'
import type { ExecutionTools } from '../execute.ts'
import { identityMark } from '../identity-mark.ts'
import type { VariableValues } from '../../operation/variables.ts'
import type { PlannedOperation, Prepared } from '../prepared.ts'
import type { EarlierAnswers } from '../run.ts'
import type { SubgraphContext } from '../subgraph.ts'
import type { Forgetting } from '../entity-cache/forgotten.ts'
import type { Supergraph } from '../../supergraph/supergraph-facts.ts'
import { compile } from './compile.ts'
import { CompiledRun } from './compiled-run.ts'
import type { Exchange } from './compiled-run.ts'
import { flightKey, Flights } from './flights.ts'
import type { Running } from './flights.ts'
import type { CompiledQuery } from './layout.ts'
import { Replay } from './replay.ts'
import { SplicedAnswer } from './spliced-answer.ts'
import { Surprise, Uncompilable } from './uncompilable.ts'

/** What is known of an operation. */
type Tier =
  | { readonly phase: 'cold'; runs: number }
  /** After surprises in a row the generic executor answers the next `resting` requests. */
  | { readonly phase: 'compiled'; readonly query: CompiledQuery; surprises: number; resting: number }
  | { readonly phase: 'generic'; readonly reason: string }

export interface QueryTierOptions {
  /** A query is compiled when it was run this many times; Infinity: never. */
  readonly compiledAfter: number
  readonly observe: ObserveGateway | undefined
}

const nothingKept = 'this gateway keeps no answers; start it with --entity-cache'

/** Longest rest, in requests: what fails again and again costs one wasted try of this many. */
const restingMax = 1_024

/** Forms of one operation that are compiled, by the values of its conditions. */
const variantsMax = 16
const tooMany: Tier = { phase: 'generic', reason: `more than ${variantsMax} forms` }

/**
 * Share of a request's time that compiled code gets: what is left must do for the generic executor to answer at least in
 * part.
 */
const timeShare = 0.5

/**
 * Runs queries and mutations on one of two tiers. The generic executor is the reference for everything; queries that are
 * asked for often are compiled. On any surprise the generic executor answers, from what has come until then and what it fetches
 * itself, and the compiled query rests.
 */
export class QueryTier {
  readonly #options: QueryTierOptions
  readonly #tools: ExecutionTools
  /** By the values of the variables that conditions depend on. */
  readonly #tiers = new WeakMap<PlannedOperation, Map<string, Tier>>()

  readonly #flights = new Flights()

  constructor(options: QueryTierOptions, tools: ExecutionTools) {
    this.#options = options
    this.#tools = tools
  }

  /** Mutations that have ended, whatever became of them. */
  get writes(): number {
    return this.#flights.writes
  }

  /** Will it be run as a compiled query the next time? */
  isCompiled({ planned, variables }: Prepared): boolean {
    const tier = this.#tiers.get(planned)?.get(formOf(planned, variables))
    return tier?.phase === 'compiled' && tier.resting === 0
  }

  async execute(prepared: Prepared, context: SubgraphContext): Promise<GraphQLAnswer> {
    if (prepared.kind !== 'query') {
      try {
        return await executePrepared(prepared, context, this.#tools)
      } finally {
        this.written(prepared)
      }
    }
    const tier = this.#tierOf(prepared)
    if (tier.phase !== 'compiled') return executePrepared(prepared, context, this.#tools)
    // An answer may have a session to tell, and must not be one of a request before.
    if (context.consistency !== undefined) return executePrepared(prepared, context, this.#tools)
    // What is marked as degraded has marks to be written into the answer.
    if (identityMark(context.principal, this.#tools.clock.wall()) !== undefined) {
      return executePrepared(prepared, context, this.#tools)
    }
    if (tier.resting > 0) {
      tier.resting--
      return executePrepared(prepared, context, this.#tools)
    }
    const { clock } = this.#tools
    const startedAt = clock.now()
    const key = flightKey(prepared.variables, context)
    const shared = key === undefined ? undefined : this.#flights.shared(prepared, key)
    if (shared !== undefined) {
      this.#options.observe?.({ is: 'queryShared' })
      try {
        return new SplicedAnswer(await shared.data)
      } catch {
        // Whoever began it has seen to that; it may only have left.
        return this.#generic(prepared, context, startedAt, shared.earlier)
      }
    }
    const deadline = startDeadline(clock, context.remainingMs * timeShare, context.signal)
    const running = this.#run(tier.query, prepared, context, deadline)
    if (key !== undefined) this.#flights.begin(prepared, key, running)
    try {
      const data = await running.data
      tier.surprises = 0
      return new SplicedAnswer(data)
    } catch (failure) {
      if (!context.signal.aborted) this.#surprised(tier, prepared, failure)
      return await this.#generic(prepared, context, startedAt, running.earlier)
    } finally {
      // Not before: what was under way at a surprise may be of use.
      deadline.close()
    }
  }

  #generic(
    prepared: Prepared,
    context: SubgraphContext,
    startedAt: number,
    earlier: EarlierAnswers,
  ): Promise<GraphQLAnswer> {
    const remainingMs = context.remainingMs - (this.#tools.clock.now() - startedAt)
    return executePrepared(prepared, { ...context, remainingMs }, this.#tools, earlier)
  }

  /** A mutation has ended, whatever became of it: what was asked before it is shared no more, and what it has written is forgotten. */
  written({ planned }: Prepared): void {
    this.#flights.written()
    this.#tools.entityCache?.written(planned)
  }

  /** See `Engine.forget`. Throws BAD_USER_INPUT. */
  forget(forgetting: Forgetting, supergraph: Supergraph): void {
    const { entityCache } = this.#tools
    if (entityCache === undefined) throw new EnneadError('BAD_USER_INPUT', nothingKept)
    entityCache.forget(forgetting, supergraph)
    this.#flights.written()
  }

  #run(query: CompiledQuery, prepared: Prepared, context: SubgraphContext, deadline: Deadline): Running {
    const { subgraphs } = prepared.planned
    const inner = { ...context, signal: deadline.signal }
    const exchange: Exchange = (subgraph, body, read) => {
      inner.remainingMs = deadline.remainingMs()
      return subgraphs.exchange(subgraph, body, inner, read)
    }
    const run = new CompiledRun(query, prepared.variables, exchange, (name, response) =>
      subgraphs.isFailure(name, response),
    )
    return { data: deadline.within(run.data()), earlier: new Replay(run, deadline) }
  }

  /** What may come from the entity cache is left to the generic executor, which knows it. */
  #compiledTier(planned: PlannedOperation, variables: VariableValues): Tier {
    if (this.#tools.entityCache?.concerns(planned) === true) {
      return { phase: 'generic', reason: 'the entity cache may have parts of it' }
    }
    return compiledTier(planned, variables)
  }

  #surprised(tier: Tier & { readonly phase: 'compiled' }, { name }: Prepared, failure: unknown): void {
    tier.surprises++
    tier.resting = Math.min(2 ** tier.surprises, restingMax)
    this.#options.observe?.({ is: 'compiledSurprised' })
    const cause = failure instanceof Surprise ? failure.message : failure
    this.#tools.log.debug('compiled.surprise', { operation: name, cause, resting: tier.resting })
    if (!(failure instanceof Surprise) && failure instanceof TypeError) {
      this.#tools.log.error('compiled.fault', { operation: name, failure })
    }
  }

  #tierOf({ planned, variables }: Prepared): Tier {
    let tiers = this.#tiers.get(planned)
    if (tiers === undefined) this.#tiers.set(planned, (tiers = new Map()))
    const key = formOf(planned, variables)
    const known = tiers.get(key)
    if (known !== undefined && known.phase !== 'cold') return known
    if (known === undefined && tiers.size >= variantsMax) return tooMany
    const runs = known === undefined ? 0 : known.runs
    const made: Tier =
      runs >= this.#options.compiledAfter
        ? this.#compiledTier(planned, variables)
        : { phase: 'cold', runs: runs + 1 }
    tiers.set(key, made)
    return made
  }
}

/** The values of what its conditions depend on. */
function formOf({ conditions }: PlannedOperation, variables: VariableValues): string {
  return conditions.length === 0 ? '' : conditions.map(name => Number(variables[name] === true)).join('')
}

function compiledTier(planned: PlannedOperation, variables: VariableValues): Tier {
  const { plan, rootType, selections, refusals, unresolvable, operation, subgraphs } = planned
  try {
    if (operation.operation !== OperationTypeNode.QUERY) throw new Uncompilable('only queries are compiled')
    if (refusals !== undefined || unresolvable) throw new Uncompilable('part of it is refused')
    const query = compile({ plan, type: rootType, shape: selections(variables), variables })
    for (const { subgraph } of query.batches) {
      if (!subgraphs.exchanges(subgraph)) throw new Uncompilable(`subgraph "${subgraph}" takes no bytes`)
    }
    return { phase: 'compiled', query, surprises: 0, resting: 0 }
  } catch (failure) {
    if (failure instanceof Uncompilable) return { phase: 'generic', reason: failure.message }
    throw failure
  }
}

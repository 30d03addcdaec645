import { createDispatcher } from '../../dispatch/dispatcher.ts'
import type { DispatcherUsage, MeasuredDispatcher } from '../../dispatch/dispatcher.ts'
import { failover, hedge, once } from '../../dispatch/policy.ts'
import type { Attempt } from '../../dispatch/port.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { stopOf } from '../../kernel/stop.ts'
import type { Subgraph, SubgraphContext, SubgraphRequest, SubgraphResponse } from './subgraph.ts'

export interface GuardedSubgraphOptions {
  readonly name: string
  /** The ways to it, one for each place where it runs; 1 to 31. Subscriptions take the first. */
  readonly ways: readonly Subgraph[]
  /** Longest time of one request to it, milliseconds; the request's own time applies as well. Default 30,000. */
  readonly timeoutMs?: number
  /** Requests that may be under way to each place. Default 1,000. */
  readonly runningMax?: number
  /** Codes of GraphQL errors that count as a failure of the place that answered them. Default `UNAVAILABLE`, `OVERLOADED`, `CALLER_UNTRUSTED`. */
  readonly failureCodes?: readonly string[]
  /** Ask a second place when a query has no answer within what 95 % of them take. Default: when there are several. */
  readonly hedged?: boolean
  readonly clock?: Clock
}

const defaults = {
  timeoutMs: 30_000,
  runningMax: 1_000,
  failureCodes: ['UNAVAILABLE', 'OVERLOADED', 'CALLER_UNTRUSTED'],
} as const

interface Asked {
  readonly request: SubgraphRequest
  readonly context: SubgraphContext
}

type Ask = (asked: Asked, attempt: Attempt) => Promise<SubgraphResponse>

type Exchange = (
  asked: { readonly body: string; readonly context: SubgraphContext },
  attempt: Attempt,
) => Promise<Buffer>

interface SubgraphPort {
  readonly query: Ask
  readonly mutate: Ask
  /** A query as bytes. */
  readonly exchange: Exchange
}

/** An answer whose errors say that the place itself failed: kept, in case no other place does better. */
class FailedAnswer extends EnneadError {
  readonly response: SubgraphResponse

  constructor(name: string, response: SubgraphResponse) {
    super('SUBGRAPH_ERROR', `subgraph "${name}" answered that it fails`)
    this.response = response
  }
}

/** A way to a subgraph with what the dispatcher knows of it. */
export interface GuardedSubgraph extends Subgraph {
  usage(): DispatcherUsage
}

/**
 * A subgraph behind breakers. One that fails again and again, by 5xx, timeouts, broken answers or errors of `failureCodes`,
 * is refused with OVERLOADED for a short rest instead of being waited for; of several places the failing one is left out,
 * and a query is asked elsewhere at once. A mutation is sent to one place once. Throws BAD_OPTION.
 */
export function guardedSubgraph(options: GuardedSubgraphOptions): GuardedSubgraph {
  return new DispatchedSubgraph(options)
}

class DispatchedSubgraph implements GuardedSubgraph {
  readonly name: string
  readonly #ways: readonly Subgraph[]
  readonly #dispatcher: MeasuredDispatcher<SubgraphPort>
  readonly #failureCodes: ReadonlySet<unknown>

  constructor(options: GuardedSubgraphOptions) {
    const { name, ways } = options
    const { timeoutMs, runningMax, failureCodes } = { ...defaults, ...options }
    const hedged = options.hedged ?? ways.length > 1
    this.name = name
    this.#ways = ways
    this.#failureCodes = new Set(failureCodes)
    // One place is asked once: a second try would ask the one that has just failed.
    const query = { ...(hedged ? hedge() : failover), attemptsMax: ways.length }
    this.#dispatcher = createDispatcher<SubgraphPort>({
      domain: name,
      agents: ways.map((way, index) => ({
        name: `${name}-${index + 1}`,
        detail: `place ${index + 1} of ${ways.length}`,
        operations: { query: this.#asker(way), mutate: this.#asker(way), exchange: exchanger(way) },
      })),
      policies: { query, exchange: query, mutate: { ...once(failover), attemptsMax: 1 } },
      timeoutMs,
      attemptMs: timeoutMs,
      agentRunningMax: runningMax,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    })
  }

  async execute(request: SubgraphRequest, context: SubgraphContext): Promise<SubgraphResponse> {
    const operation = /^\s*mutation\b/.test(request.query) ? 'mutate' : 'query'
    const { signal, remainingMs, requestId } = context
    const time = Number.isFinite(remainingMs) ? { remainingMs } : {}
    try {
      return await this.#dispatcher.call(operation, { request, context }, { signal, requestId, ...time })
    } catch (failure) {
      const told = this.#told(failure)
      if (told instanceof FailedAnswer) return told.response
      throw told
    }
  }

  /** Codes of errors are not looked at: whoever cannot use the answer asks `isFailure`, and then again by `execute`. */
  exchange(body: string, context: SubgraphContext): Promise<Buffer> {
    const { signal, remainingMs, requestId } = context
    return this.#dispatcher
      .call('exchange', { body, context }, { signal, requestId, remainingMs })
      .catch((failure: unknown) => {
        throw this.#told(failure)
      })
  }

  subscribe(request: SubgraphRequest, context: SubgraphContext): AsyncIterableIterator<SubgraphResponse> {
    const [first] = this.#ways
    if (first === undefined) throw new EnneadError('INTERNAL', `subgraph "${this.name}" runs nowhere`)
    return first.subscribe(request, context)
  }

  isFailure({ errors }: { readonly errors?: unknown }): boolean {
    return Array.isArray(errors) && errors.some(error => this.#isFailure(error))
  }

  usage(): DispatcherUsage {
    return this.#dispatcher.usage()
  }

  async close(): Promise<void> {
    this.#dispatcher.close()
    await Promise.all(this.#ways.map(way => way.close()))
  }

  #asker(way: Subgraph): Ask {
    return async ({ request, context }, { signal, remainingMs }) => {
      const response = await way.execute(request, { ...context, signal, remainingMs })
      if (this.isFailure(response)) throw new FailedAnswer(this.name, response)
      return response
    }
  }

  #isFailure(error: unknown): boolean {
    if (typeof error !== 'object' || error === null || !('extensions' in error)) return false
    const { extensions } = error
    return (
      typeof extensions === 'object' &&
      extensions !== null &&
      'code' in extensions &&
      this.#failureCodes.has(extensions.code)
    )
  }

  /** What the last place said, in the words of subgraphs: clients know those codes. */
  #told(failure: unknown): unknown {
    if (!(failure instanceof EnneadError)) return failure
    if (failure.code === 'DEADLINE_EXCEEDED' || failure.code === 'AGENT_TIMEOUT') return this.#late(failure)
    const { cause } = failure
    const causes: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [cause]
    const last = causes.findLast(each => each instanceof EnneadError)
    if (!(last instanceof EnneadError)) return failure
    return last.code === 'AGENT_TIMEOUT' ? this.#late(failure) : last
  }

  #late(cause: EnneadError): EnneadError {
    const message = `subgraph "${this.name}" did not answer within the time of this request`
    return new EnneadError('SUBGRAPH_TIMEOUT', message, { cause })
  }
}

function exchanger(way: Subgraph): Exchange {
  return ({ body, context }, attempt) => {
    if (way.exchange === undefined) throw new EnneadError('INTERNAL', `subgraph "${way.name}" takes no bytes`)
    const { remainingMs, stopping = stopOf(attempt.signal) } = attempt
    return way.exchange(body, { ...context, remainingMs }, stopping)
  }
}

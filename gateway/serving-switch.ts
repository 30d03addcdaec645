import type { Clock } from '../kernel/clock.ts'
import { EnneadError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { ObserveGateway } from './gateway-events.ts'
import { tryOperations } from './hot-operations.ts'
import type { CanaryOptions } from './hot-operations.ts'
import type { Serving } from './serving.ts'
import type { Considered } from './supergraph/supergraph-source.ts'
import type { Supergraph } from './supergraph/supergraph-facts.ts'

interface SwitchTools {
  readonly clock: Clock
  readonly log: Log
  readonly observe: ObserveGateway | undefined
}

/**
 * What serves new requests, changed in one step: a new supergraph is made ready, tried and warmed beside the old one.
 * Requests already prepared keep what they were prepared on.
 */
export class ServingSwitch {
  readonly #make: (supergraph: Supergraph) => Serving
  readonly #canary: Required<CanaryOptions>
  readonly #tools: SwitchTools
  readonly #ready: () => Promise<void>
  readonly #told: (() => void)[] = []
  #current: Serving | undefined

  constructor(
    make: (supergraph: Supergraph) => Serving,
    canary: Required<CanaryOptions>,
    tools: SwitchTools,
    ready: () => Promise<void>,
  ) {
    this.#make = make
    this.#canary = canary
    this.#tools = tools
    this.#ready = ready
  }

  get current(): Serving | undefined {
    return this.#current
  }

  /** Calls `told` whenever another supergraph has taken the place of one. */
  onTaken(told: () => void): void {
    this.#told.push(told)
  }

  /** Serves the first supergraph at once: there is nothing to compare it with. Throws SUPERGRAPH_INVALID. */
  begin(supergraph: Supergraph): void {
    this.#commit(this.#made(supergraph))
  }

  /** Rejects with SUPERGRAPH_INVALID. */
  async consider(supergraph: Supergraph): Promise<Considered> {
    const next = this.#made(supergraph)
    try {
      await this.#ready()
      const hot = this.#current?.hottest(this.#canary.operationsMax) ?? []
      await tryOperations(next, hot, this.#canary, this.#tools)
    } catch (failure) {
      this.#drop(next)
      throw failure
    }
    return { commit: () => this.#commit(next), drop: () => this.#drop(next) }
  }

  async close(): Promise<void> {
    await this.#current?.close()
  }

  #made(supergraph: Supergraph): Serving {
    try {
      return this.#make(supergraph)
    } catch (cause) {
      const reason = 'the supergraph cannot be used: no planner or no connections can be made for it'
      throw new EnneadError('SUPERGRAPH_INVALID', reason, { cause })
    }
  }

  #commit(next: Serving): void {
    const previous = this.#current
    this.#current = next
    next.subgraphs.adopt()
    this.#tools.observe?.({ is: 'supergraphTaken', hash: next.supergraph.hash })
    if (previous === undefined) return
    this.#tools.log.info('supergraph.swapped', {
      from: previous.supergraph.hash,
      to: next.supergraph.hash,
    })
    for (const told of this.#told) told()
    this.#close(previous)
  }

  #drop(serving: Serving): void {
    this.#close(serving)
    serving.subgraphs.close().catch(failure => this.#tools.log.warn('subgraph.close', { failure }))
  }

  #close(serving: Serving): void {
    serving.close().catch(failure => this.#tools.log.warn('planner.close', { failure }))
  }
}

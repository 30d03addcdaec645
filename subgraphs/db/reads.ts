import { type CreateDispatcher, createDispatcher } from '../../dispatch/dispatcher.ts'
import { type Policy, hedge } from '../../dispatch/policy.ts'
import type { CallOptions, Dispatcher, InputOf, OutputOf } from '../../dispatch/port.ts'
import type { Clock, Random } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { type CurrentStore, storesFailed } from './current-store.ts'
import type { EngineSlot } from './engine-slot.ts'
import type { Frontier } from './frontier.ts'
import {
  type LastKnown,
  type LastKnownReads,
  type ReadName,
  hasLastKnown,
  lastKnownAgent,
} from './last-known.ts'
import type { TaskStore } from './task-store.ts'

type PresentStore = Pick<Dispatcher<TaskStore>, 'call'>

/** Where records are read from; each answer says whether it is current. */
export interface RecordSource {
  call<O extends ReadName>(
    operation: O,
    input: InputOf<TaskStore, O>,
    options?: CallOptions,
  ): Promise<LastKnown<OutputOf<TaskStore, O>>>
}

export interface ReadsParts {
  readonly slots: readonly EngineSlot[]
  readonly frontier: Frontier
  /** Stores that stand at the frontier. */
  readonly store: Pick<CurrentStore, 'call'>
  readonly clock: Clock
  readonly random: Random
  readonly limits: ReadLimits
}

export interface ReadLimits {
  /** Oldest answer that is given although it is known to lack changes. Milliseconds; 0: none is. */
  readonly staleMsMax: number
  /** Time all stores together have for a read. Milliseconds. */
  readonly readMs: number
  /** Time one store has for a read. Milliseconds. */
  readonly readAttemptMs: number
  /** Calls one store may have running. */
  readonly runningMax: number
}

/**
 * The reads of a domain. They reach the last known by a dispatcher of their own: what is asked only in the last resort must
 * neither open nor fill what everybody needs.
 */
export function openReads(parts: ReadsParts, create: CreateDispatcher = createDispatcher): Reads {
  const { slots, frontier, clock, random, limits } = parts
  const { staleMsMax, readMs, readAttemptMs, runningMax } = limits
  const policy: Policy = { ...hedge('p95'), preference: 'order' }
  const lastKnown = create<LastKnownReads>({
    domain: 'db',
    agents: slots.map(slot => lastKnownAgent(slot, { frontier, clock, staleMsMax })),
    policies: { read: policy, query: policy, count: policy },
    clock,
    random,
    timeoutMs: readMs,
    attemptMs: readAttemptMs,
    agentRunningMax: runningMax,
  })
  return new Reads(parts, lastKnown)
}

/**
 * Reads for clients: current where a current store answers, else the last known where a store is not too far behind.
 * Until a majority of the stores has been seen once, nobody knows what is current, and every answer says so.
 */
export class Reads implements RecordSource {
  readonly #parts: ReadsParts
  readonly #stores: Dispatcher<LastKnownReads>

  constructor(parts: ReadsParts, stores: Dispatcher<LastKnownReads>) {
    this.#parts = parts
    this.#stores = stores
  }

  /** Rejects as the dispatcher does; with what current stores said, when those that are behind do not answer either. */
  async call<O extends ReadName>(
    operation: O,
    input: InputOf<TaskStore, O>,
    options: CallOptions = {},
  ): Promise<LastKnown<OutputOf<TaskStore, O>>> {
    const { store, frontier, clock, limits } = this.#parts
    const { readMs } = limits
    if (!frontier.confirmed) return this.#lastKnown(operation, input, options, readMs)
    const startedAt = clock.now()
    try {
      const hasOther = this.#hasLastKnown()
      const timeoutMs = hasOther ? readMs - this.#reserveMs : readMs
      const answer = await store.call(operation, input, { ...options, timeoutMs, waits: !hasOther })
      return { answer, degraded: undefined }
    } catch (failure) {
      if (!storesFailed(failure) || !this.#hasLastKnown()) throw failure
      const spentMs = clock.now() - startedAt
      const leftMs = Math.max(this.#reserveMs, readMs - spentMs)
      const { remainingMs = Infinity } = options
      const left = { ...options, remainingMs: remainingMs - spentMs }
      return this.#lastKnown(operation, input, left, leftMs).catch(() => {
        throw failure
      })
    }
  }

  /** From whatever store answers first, as old as `staleMsMax`; when none may, as `call`. What is of the past says so. */
  async atHand<O extends ReadName>(
    operation: O,
    input: InputOf<TaskStore, O>,
    options: CallOptions = {},
  ): Promise<LastKnown<OutputOf<TaskStore, O>>> {
    try {
      return await this.#lastKnown(operation, input, options, this.#parts.limits.readMs)
    } catch (failure) {
      if (!storesFailed(failure)) throw failure
      return this.call(operation, input, options)
    }
  }

  /** Rejects calls from now on. */
  close(): void {
    this.#stores.close()
  }

  /** One attempt's time, kept for a store that is behind while there is one. */
  get #reserveMs(): number {
    const { readMs, readAttemptMs } = this.#parts.limits
    return Math.min(readAttemptMs, readMs / 2)
  }

  #hasLastKnown(): boolean {
    const { slots, frontier, clock, limits } = this.#parts
    const { staleMsMax } = limits
    return slots.some(slot => hasLastKnown(slot, { frontier, clock, staleMsMax }))
  }

  #lastKnown<O extends ReadName>(
    operation: O,
    input: InputOf<TaskStore, O>,
    options: CallOptions,
    timeoutMs: number,
  ): Promise<LastKnown<OutputOf<TaskStore, O>>> {
    const answer = this.#stores.call<ReadName>(operation, input, { ...options, timeoutMs })
    // LastKnownReads maps each operation of TaskStore to its own output; the compiler cannot follow O through that.
    return answer as Promise<LastKnown<OutputOf<TaskStore, O>>>
  }
}

/** A source that has current answers or none. */
export function currentOnly(store: PresentStore): RecordSource {
  return {
    call: async (operation, input, options) => ({
      answer: await store.call(operation, input, options),
      degraded: undefined,
    }),
  }
}

/** Reads that must be of the present, for deciding: refused with UNAVAILABLE, and with `why`, until a majority has been seen once. */
export function confirmedStore(
  store: PresentStore,
  frontier: Frontier,
  why: () => string | undefined,
): PresentStore {
  return {
    call(operation, input, options) {
      if (frontier.confirmed) return store.call(operation, input, options)
      const message =
        why() ?? 'no majority of the stores has been seen since the start, so nobody knows what is current'
      return Promise.reject(new EnneadError('UNAVAILABLE', message))
    },
  }
}

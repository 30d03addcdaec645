import type { DispatcherUsage } from '../../dispatch/dispatcher.ts'
import type { CallOptions, Dispatcher, InputOf, OutputOf } from '../../dispatch/port.ts'
import type { Clock } from '../../kernel/clock.ts'
import { kindOf } from '../../kernel/errors.ts'
import type { DomainHealth } from '../../kernel/health.ts'
import type { EngineSlot } from './engine-slot.ts'
import type { Frontier } from './frontier.ts'
import type { Reaching, ReachingStore } from './reaching-store.ts'
import type { TaskStore } from './task-store.ts'

export interface CurrentStoreParts {
  readonly stores: Dispatcher<ReachingStore> & { usage(): DispatcherUsage }
  readonly slots: readonly EngineSlot[]
  readonly frontier: Frontier
  readonly clock: Clock
  readonly limits: {
    /** Time all stores together have for a read. Milliseconds. */
    readonly readMs: number
    /** Time one store has for a read. Milliseconds. */
    readonly readAttemptMs: number
  }
}

/** How often a call is tried whose stores failed while another arrived, and how long one is waited for then. */
const triesMax = 3
const arrivalMs = 40

export interface CurrentCallOptions extends CallOptions {
  /** False: who calls knows another way, so that only a store which is about to arrive is waited for. Default true. */
  readonly waits?: boolean
}

/**
 * The stores, as far as they hold the log up to where this process knew it to end when it was called: what is
 * acknowledged later the caller need not see. While none does, or those that do fail, the call waits for the next one, for
 * as long as it leaves one attempt's time: a store that was behind by one entry is a moment later the one that answers.
 */
export class CurrentStore implements Dispatcher<TaskStore> {
  readonly #parts: CurrentStoreParts

  constructor(parts: CurrentStoreParts) {
    this.#parts = parts
  }

  /** As `Dispatcher.call`. */
  async call<O extends keyof TaskStore>(
    operation: O,
    input: InputOf<TaskStore, O>,
    options: CurrentCallOptions = {},
  ): Promise<OutputOf<TaskStore, O>> {
    const { frontier, clock, limits, slots } = this.#parts
    const { timeoutMs = limits.readMs, remainingMs = Infinity, waits = true, signal } = options
    const totalMs = Math.min(timeoutMs, remainingMs)
    const reserveMs = Math.min(limits.readAttemptMs, totalMs / 2)
    const until = clock.now() + totalMs
    const reach = frontier.head.seq
    for (let tried = 1; ; tried++) {
      if (!someHolds(slots, reach) && (waits || slots.some(slot => slot.isNear(reach)))) {
        await this.#whenSomeHolds(slots, reach, until - reserveMs - clock.now(), signal)
      }
      const leftMs = Math.max(reserveMs, until - clock.now())
      const behind = slots.filter(slot => !slot.holds(reach))
      try {
        const own = { ...options, timeoutMs: leftMs, remainingMs: leftMs }
        return await this.#dispatch(operation, { reach, input }, own)
      } catch (failure) {
        if (!waits || tried === triesMax || !storesFailed(failure)) throw failure
        // Without one that arrives, another try would only be load on stores that fail.
        const late = behind.filter(slot => slot.admitted)
        const ms = Math.min(arrivalMs, until - reserveMs - clock.now())
        if (late.length > 0 && ms > 0 && !someHolds(late, reach))
          await this.#whenSomeHolds(late, reach, ms, signal)
        if (!someHolds(late, reach)) throw failure
      }
    }
  }

  health(): DomainHealth {
    return this.#parts.stores.health()
  }

  usage(): DispatcherUsage {
    return this.#parts.stores.usage()
  }

  close(): void {
    this.#parts.stores.close()
  }

  #dispatch<O extends keyof TaskStore>(
    operation: O,
    input: Reaching<InputOf<TaskStore, O>>,
    options: CallOptions,
  ): Promise<OutputOf<TaskStore, O>> {
    // ReachingStore maps each operation to its own input and output; the compiler cannot follow O through that.
    const answer = this.#parts.stores.call(operation, input, options)
    return answer as Promise<OutputOf<TaskStore, O>>
  }

  #whenSomeHolds(
    slots: readonly EngineSlot[],
    reach: number,
    ms: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { clock } = this.#parts
    return new Promise(resolve => {
      const end = (): void => {
        timer.cancel()
        signal?.removeEventListener('abort', end)
        for (const leave of leaves) leave()
        resolve()
      }
      const look = (): void => {
        if (someHolds(slots, reach)) end()
      }
      const timer = clock.after(ms, end)
      const leaves = slots.map(slot => slot.watch(look))
      signal?.addEventListener('abort', end, { once: true })
      if (signal?.aborted === true) end()
    })
  }
}

function someHolds(slots: readonly EngineSlot[], reach: number): boolean {
  return slots.some(slot => slot.holds(reach))
}

/** The caller's own errors and leaving are no failures of stores. */
export function storesFailed(failure: unknown): boolean {
  const kind = kindOf(failure)
  return kind === 'overload' || kind === 'timeout' || kind === 'fault' || kind === 'expired'
}

import type { Clock } from '../../kernel/clock.ts'
import { HeadTimes } from './head-times.ts'
import { emptyHead } from './log-order.ts'
import type { LogHead } from './task-store.ts'

/**
 * The newest entry of the change log that this process knows of: chosen here, or seen in a store, which only takes over
 * what has been chosen. It only rises. A store that stands before it would answer with the past, so it does not answer.
 */
export class Frontier {
  readonly #clock: Clock
  readonly #times: HeadTimes
  readonly #waiting = new Set<() => void>()
  #head: LogHead = emptyHead
  #headAt: number | undefined
  #confirmedAt = -Infinity

  /** `graceMs`: how exactly the age of entries is remembered. Milliseconds. */
  constructor(clock: Clock, graceMs = 100) {
    this.#clock = clock
    this.#times = new HeadTimes(graceMs)
  }

  get head(): LogHead {
    return this.#head
  }

  /** A quorum of stores has been asked, so that nothing that was acknowledged before can be missing here. */
  get confirmed(): boolean {
    return this.#confirmedAt !== -Infinity
  }

  /** Wall-clock time of the newest entry's commit; undefined when it was not told. */
  get headAt(): number | undefined {
    return this.#headAt
  }

  /** Monotonic time before which the entry `seq` was not in the log, as far as this process can tell; -Infinity: it cannot. */
  since(seq: number): number {
    return this.#times.since(seq)
  }

  /**
   * Moves up to `head`, which some store holds, and wakes who waits for it; a head that is not higher
   * changes nothing. `at`: when it was committed, by the wall clock.
   */
  raise(head: LogHead, at?: number): void {
    // What is new in it may have come right after everything was known, from another process.
    this.#moveTo(head, this.#confirmedAt)
    if (at !== undefined && head.seq === this.#head.seq) this.#headAt = at
  }

  /** A quorum has said, at some moment after `askedAt` (monotonic), that the chosen log ends at `head`. */
  confirm(head: LogHead, askedAt: number): void {
    // What is new in it may have come right after the time before, from another process.
    this.#moveTo(head, this.#confirmedAt)
    this.#confirmedAt = Math.max(this.#confirmedAt, askedAt)
  }

  /** This process has appended the entries from `first` to `head`, none of them before `sentAt` (monotonic; -Infinity: not known). */
  committed(first: number, head: LogHead, sentAt: number): void {
    const alone = first <= this.#head.seq + 1
    this.#moveTo(head, alone ? Math.max(sentAt, this.#confirmedAt) : this.#confirmedAt)
    this.#confirmedAt = Math.max(this.#confirmedAt, sentAt)
  }

  #moveTo(head: LogHead, since: number): void {
    if (head.seq <= this.#head.seq) return
    this.#times.add(this.#head.seq + 1, since)
    this.#head = head
    for (const wake of this.#waiting) wake()
  }

  /** True as soon as there is an entry behind `seq`; false after `ms` milliseconds or when the signal aborts. */
  beyond(seq: number, ms: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#head.seq > seq) return Promise.resolve(true)
    if (ms <= 0 || signal?.aborted === true) return Promise.resolve(false)
    return new Promise(resolve => {
      const end = (): void => {
        timer.cancel()
        signal?.removeEventListener('abort', end)
        this.#waiting.delete(wake)
        resolve(this.#head.seq > seq)
      }
      const wake = (): void => {
        if (this.#head.seq > seq) end()
      }
      const timer = this.#clock.after(ms, end)
      signal?.addEventListener('abort', end, { once: true })
      this.#waiting.add(wake)
    })
  }
}

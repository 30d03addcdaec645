import type { Clock } from '../../kernel/clock.ts'
import { emptyHead } from './log-order.ts'
import type { Position } from './task-store.ts'

/** The newest entry of a log: where it stands, and the commit it holds ('' for an empty log). */
export type Head = Position & { readonly commitId: string }

/**
 * The newest entry of the change log that this process knows of: committed here, or seen in the writer's store. It only
 * rises. A store that stands before it would answer with the past, so it does not answer.
 */
export class Frontier {
  readonly #clock: Clock
  readonly #waiting = new Set<() => void>()
  #head: Head = emptyHead

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get head(): Head {
    return this.#head
  }

  /** Moves up to `head` and wakes who waits for it; a head that is not higher changes nothing. */
  raise(head: Head): void {
    if (head.seq <= this.#head.seq) return
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

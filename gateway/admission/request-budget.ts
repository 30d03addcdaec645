import type { Clock, Timer } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'

/**
 * The time of one request: `signal` aborts with DEADLINE_EXCEEDED when it is used up and with CANCELLED when the caller
 * leaves. `end` must be called when the work is done.
 */
export class RequestBudget {
  readonly #clock: Clock
  readonly #abort = new AbortController()
  readonly #startedAt: number
  #limitMs: number
  #timer: Timer

  /** @param limitMs Time from `startedAt`, which is now by default, milliseconds. */
  constructor(clock: Clock, limitMs: number, startedAt = clock.now()) {
    this.#clock = clock
    this.#startedAt = startedAt
    this.#limitMs = limitMs
    this.#timer = clock.after(this.remainingMs, () => this.#expire())
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get elapsedMs(): number {
    return this.#clock.now() - this.#startedAt
  }

  get remainingMs(): number {
    return Math.max(0, this.#limitMs - this.elapsedMs)
  }

  /** Sets another limit, counted from the request's start; for operations that get more time. */
  extendTo(limitMs: number): void {
    if (this.#abort.signal.aborted) return
    this.#limitMs = limitMs
    this.#timer.cancel()
    this.#timer = this.#clock.after(this.remainingMs, () => this.#expire())
  }

  /** The caller left. */
  cancel(): void {
    this.#timer.cancel()
    this.#abort.abort(new EnneadError('CANCELLED', 'the caller left before the answer'))
  }

  end(): void {
    this.#timer.cancel()
  }

  #expire(): void {
    this.#abort.abort(
      new EnneadError('DEADLINE_EXCEEDED', `the request was not answered within ${this.#limitMs} ms`),
    )
  }
}

import type { Random } from '../../kernel/clock.ts'

export interface PollPaceOptions {
  /** How often to ask, in milliseconds, give or take a tenth. */
  readonly pollMs: number
  /** The longest pause after failures, each of which doubles it, in milliseconds. */
  readonly pauseMsMax: number
  readonly random: Random
}

/**
 * How long to wait before another server is asked again. Many gateways ask one server: they must not come together, least
 * of all when it comes back.
 */
export class PollPace {
  readonly #pollMs: number
  readonly #pauseMsMax: number
  readonly #random: Random
  #failures = 0

  constructor({ pollMs, pauseMsMax, random }: PollPaceOptions) {
    this.#pollMs = pollMs
    this.#pauseMsMax = Math.max(pauseMsMax, pollMs)
    this.#random = random
  }

  answered(): void {
    this.#failures = 0
  }

  failed(): void {
    this.#failures++
  }

  /** @param askedToWaitMs What the server asked for, within the longest pause. Default 0. */
  pauseMs(askedToWaitMs = 0): number {
    if (this.#failures === 0) return this.#pollMs * (0.9 + 0.2 * this.#random())
    const longest = Math.min(this.#pauseMsMax, this.#pollMs * 2 ** Math.min(this.#failures, 30))
    const pause = this.#pollMs + (longest - this.#pollMs) * this.#random()
    return Math.min(this.#pauseMsMax, Math.max(pause, askedToWaitMs))
  }
}

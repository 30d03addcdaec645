/**
 * Bounds what retries and hedges add to the load: each call earns a fraction of an attempt, each second a few, and
 * every attempt beyond those a policy needs costs one, unless it takes the place of one that was refused before any work.
 * When most calls fail there is nothing to repeat them with.
 */
export class RetryBudget {
  readonly #perCall: number
  readonly #perMs: number
  readonly #max: number
  #saved: number
  #earnedAt: number

  constructor(perCall: number, perSecond: number, max: number, now: number) {
    this.#perCall = perCall
    this.#perMs = perSecond / 1_000
    this.#max = max
    this.#saved = max
    this.#earnedAt = now
  }

  get saved(): number {
    return this.#saved
  }

  /** Enough for one more attempt. */
  get some(): boolean {
    return this.#saved >= 1
  }

  /** Enough for attempts that are only a convenience. */
  get plenty(): boolean {
    return this.#saved >= 1 && this.#saved > this.#max / 2
  }

  /** For a call that needs `need` answers: each of them may have to be asked for again. */
  earn(now: number, need = 1): void {
    const saved = this.#saved + this.#perCall * need + (now - this.#earnedAt) * this.#perMs
    this.#saved = saved > this.#max ? this.#max : saved
    this.#earnedAt = now
  }

  spend(): void {
    this.#saved--
  }
}

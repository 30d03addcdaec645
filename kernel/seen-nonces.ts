import { EnneadError } from './errors.ts'

export interface SeenNoncesOptions {
  /** How long something that was made may be used, milliseconds. */
  readonly lifeMs: number
  /** Nonces remembered. At least 1. */
  readonly entriesMax: number
}

/**
 * Lets each nonce pass once, in bounded memory. When there is no room, the oldest is forgotten, and from then on nothing that
 * is as old passes any more: memory may run short, but nothing passes twice. What is used at once after it was made passes.
 */
export class SeenNonces {
  readonly #options: SeenNoncesOptions
  /** In the order in which they came; the time each was made. */
  readonly #seen = new Map<string, number>()
  #forgottenUntil = -Infinity

  constructor(options: SeenNoncesOptions) {
    const { entriesMax } = options
    if (!Number.isSafeInteger(entriesMax) || entriesMax < 1)
      throw new EnneadError('BAD_OPTION', `entriesMax must be an integer >= 1, got ${entriesMax}`)
    this.#options = options
  }

  get size(): number {
    return this.#seen.size
  }

  /** True the first time. @param madeMs When it was made, by the clock of `nowMs`. */
  pass(nonce: string, madeMs: number, nowMs: number): boolean {
    const { lifeMs, entriesMax } = this.#options
    if (madeMs <= this.#forgottenUntil || this.#seen.has(nonce)) return false
    for (const [oldest, made] of this.#seen) {
      const expired = made + lifeMs < nowMs
      if (!expired && this.#seen.size < entriesMax) break
      this.#seen.delete(oldest)
      if (!expired) this.#forgottenUntil = Math.max(this.#forgottenUntil, made)
    }
    if (madeMs <= this.#forgottenUntil) return false
    this.#seen.set(nonce, madeMs)
    return true
  }
}

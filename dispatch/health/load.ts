/**
 * Peak EWMA: what an answer of an agent is expected to take. It jumps to every slower answer at once and comes down
 * slowly, so that an agent that becomes slow, or fails fast, loses its share of the calls at once.
 */
export class PeakLoad {
  readonly #decayMs: number
  #expectedMs = 0
  #seenAt = 0

  constructor(decayMs: number) {
    this.#decayMs = decayMs
  }

  observe(tookMs: number, now: number): void {
    const age = (now - this.#seenAt) / this.#decayMs
    this.#expectedMs = tookMs > this.#expectedMs ? tookMs : (this.#expectedMs + tookMs * age) / (1 + age)
    this.#seenAt = now
  }

  /** For an attempt that did not end: it would have taken at least this long. */
  observeAtLeast(tookMs: number, now: number): void {
    if (tookMs > this.#expectedMs / (1 + (now - this.#seenAt) / this.#decayMs)) this.observe(tookMs, now)
  }

  /** To be compared between agents. `running` is what the agent does already. */
  cost(running: number, now: number): number {
    // Nobody knows yet how fast it is: one call at a time may find out.
    if (this.#expectedMs === 0 && running > 0) return unknownMs + running
    const age = (now - this.#seenAt) / this.#decayMs
    return (this.#expectedMs / (1 + age) + smallestMs) * (running + 1)
  }
}

const unknownMs = 1e6
/** So that agents that answer within the clock's resolution still share the load. */
const smallestMs = 0.01

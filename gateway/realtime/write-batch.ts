import type { Clock } from '../../kernel/clock.ts'

/** What holds back what it is to write. */
export interface Held {
  /** Writes all of it. */
  flush(): void
}

/**
 * Ends of turns of the event loop: what is written to a connection in one turn is held back and handed on at its end, so
 * that many small events become one write.
 */
export class WriteBatch {
  readonly #clock: Clock
  #held: Held[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Has it flushed at the end of this turn. To be called once a turn. */
  hold(held: Held): void {
    if (this.#held.length === 0) this.#clock.soon(() => this.#flush())
    this.#held.push(held)
  }

  #flush(): void {
    const all = this.#held
    this.#held = []
    for (const held of all) held.flush()
  }
}

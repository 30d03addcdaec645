import type { Clock } from '../../kernel/clock.ts'

/** A connection, or a response on one. */
interface Corkable {
  cork(): void
  uncork(): void
}

/**
 * Holds back what is written to connections in one turn of the event loop and hands it on at its end: many small events of
 * one turn become one write of each connection.
 */
export class WriteBatch {
  readonly #clock: Clock
  readonly #corked = new Set<Corkable>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** To be called before every write. */
  hold(wire: Corkable): void {
    if (this.#corked.has(wire)) return
    if (this.#corked.size === 0) this.#clock.soon(() => this.#flush())
    this.#corked.add(wire)
    wire.cork()
  }

  #flush(): void {
    const corked = [...this.#corked]
    this.#corked.clear()
    for (const wire of corked) wire.uncork()
  }
}

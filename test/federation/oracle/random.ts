import { seededRandom } from '../../support/seeded-random.ts'

/** Choices that are the same every time for one seed. */
export class Random {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = seededRandom(seed)
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.#next() * limit)
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.#next() * 100 < percent
  }

  pick<T>(from: readonly T[]): T {
    const found = from[this.below(from.length)]
    if (found === undefined) throw new Error('nothing to pick from')
    return found
  }

  /** At least `least` and at most `most` different ones, in their order. */
  some<T>(from: readonly T[], least: number, most: number): readonly T[] {
    const wanted = Math.min(from.length, least + this.below(most - least + 1))
    const left = new Set(from)
    while (left.size > wanted) left.delete(this.pick([...left]))
    return [...left]
  }
}

interface Side {
  readonly answer: unknown
  votes: number
}

/** Counts answers that are the same. */
export class Ballot {
  readonly #same: (left: unknown, right: unknown) => boolean
  readonly #sides: Side[] = []

  constructor(same: (left: unknown, right: unknown) => boolean) {
    this.#same = same
  }

  /** How many answers are now the same as this one. Throws what the comparison throws, and then has not counted it. */
  count(answer: unknown): number {
    const side = this.#sides.find(other => this.#same(other.answer, answer))
    if (side !== undefined) return ++side.votes
    this.#sides.push({ answer, votes: 1 })
    return 1
  }
}

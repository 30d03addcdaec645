/** Runs of entries remembered; what is older than all of them is not known any more. */
const runsMax = 1_024

/** Entries from `first` to the next run's were not in the log before `since`. */
interface Run {
  readonly first: number
  readonly since: number
}

/** Since when at the earliest each entry of the log has been there, for entries that are recent. Monotonic milliseconds. */
export class HeadTimes {
  readonly #graceMs: number
  #runs: readonly Run[] = []

  /** `graceMs`: entries that came within so many milliseconds count as having come together, with the first of them. */
  constructor(graceMs: number) {
    this.#graceMs = graceMs
  }

  /** The log goes on with `first`, which was not there before `since`; -Infinity: not known. */
  add(first: number, since: number): void {
    const last = this.#runs.at(-1)
    // Infinities that cancel each other out are no difference.
    if (last !== undefined && !(since - last.since >= this.#graceMs)) return
    this.#runs = [...this.#runs.slice(1 - runsMax), { first, since }]
  }

  /** Before this, the entry `seq` was not there; -Infinity: not known. */
  since(seq: number): number {
    return this.#runs.findLast(({ first }) => first <= seq)?.since ?? -Infinity
  }
}

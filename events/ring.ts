import type { LogEntry } from './event-log.ts'

/** The newest entries of a log, without a hole: every entry behind `keptSeq` that was pushed is here. */
export class Ring<Entry extends LogEntry> {
  readonly #entriesMax: number
  #entries: Entry[] = []
  #start = 0
  #keptSeq: number

  /** Begins empty, behind `fromSeq`. */
  constructor(fromSeq: number, entriesMax: number) {
    this.#keptSeq = fromSeq
    this.#entriesMax = entriesMax
  }

  /** A reader at or behind this seq misses nothing here. */
  get keptSeq(): number {
    return this.#keptSeq
  }

  /** The entry must be behind every other. */
  push(entry: Entry): void {
    this.#entries.push(entry)
    if (this.#entries.length - this.#start <= this.#entriesMax) return
    this.#keptSeq = this.#entries[this.#start]?.position.seq ?? this.#keptSeq
    this.#start += 1
    if (this.#start >= this.#entriesMax) {
      // Moving once a whole ring's worth keeps a push cheap on average.
      this.#entries = this.#entries.slice(this.#start)
      this.#start = 0
    }
  }

  /** Entries behind `seq`, in order. */
  *behind(seq: number): Generator<Entry, void, void> {
    let low = this.#start
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const entry = this.#entries[middle]
      if (entry !== undefined && entry.position.seq <= seq) low = middle + 1
      else high = middle
    }
    for (let index = low; index < this.#entries.length; index++) {
      const entry = this.#entries[index]
      if (entry !== undefined) yield entry
    }
  }
}

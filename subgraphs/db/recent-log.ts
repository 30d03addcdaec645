import type { LogEntry } from './task-store.ts'

/** Entries kept for stores that are a little behind; older ones are read from a log. */
const entriesMax = 2_000

/** The newest entries of the log that this process has seen chosen, without a gap. */
export class RecentLog {
  #entries: LogEntry[] = []

  /** Takes note of chosen entries, in the order of the log. */
  offer(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const last = this.#entries.at(-1)?.position.seq
      if (last !== undefined && entry.position.seq <= last) continue
      if (last !== undefined && entry.position.seq > last + 1) this.#entries = []
      this.#entries.push(entry)
    }
    // Half as many more are kept for a while, so that cutting costs little an entry.
    if (this.#entries.length > entriesMax * 1.5) this.#entries = this.#entries.slice(-entriesMax)
  }

  /** Forgets what is here for these entries. */
  begin(entries: readonly LogEntry[]): void {
    this.#entries = [...entries]
  }

  /** The place of the newest entry; 0: there is none. */
  get end(): number {
    return this.#entries.at(-1)?.position.seq ?? 0
  }

  /** Are all entries behind `after` here, as far as the log is known here? */
  reachesBackTo(after: number): boolean {
    const first = this.#entries[0]?.position.seq ?? this.end + 1
    return first <= after + 1 || after >= this.end
  }

  /** The entries behind `after` up to and including `upTo`; undefined when one of them is not here. */
  between(after: number, upTo: number): readonly LogEntry[] | undefined {
    if (after >= upTo) return []
    const first = this.#entries[0]?.position.seq
    const last = this.#entries.at(-1)?.position.seq
    if (first === undefined || last === undefined || first > after + 1 || last < upTo) return undefined
    return this.#entries.slice(after + 1 - first, upTo + 1 - first)
  }

  /** Up to `limit` entries behind `after`; empty when the next one is not here. */
  behind(after: number, limit: number): readonly LogEntry[] {
    return this.between(after, Math.min(this.end, after + limit)) ?? []
  }
}

import { isWanted } from '../../log-order.ts'
import type { LogEntry, LogRead, SeatReading, SeatState } from '../../task-store.ts'
import { ageOf, valueOf } from './redis-value.ts'

/** Adds what is wanted to `found`; says whether that is enough. */
export function takeWanted(entries: readonly LogEntry[], read: LogRead, found: LogEntry[]): boolean {
  for (const entry of entries) {
    if (isWanted(entry, read)) found.push(entry)
    if (found.length === read.limit) return true
  }
  return false
}

/** An entry as the absorb script takes it. */
export function partsOf(entry: LogEntry): (string | number)[] {
  const { commit } = entry
  const puts = commit.puts.flatMap(record => [`${record.kind}/${record.id}`, ageOf(record), valueOf(record)])
  return [commit.id, JSON.stringify(entry), commit.puts.length, ...puts]
}

export function readingOf(answer: unknown): SeatReading {
  // What redis-scripts.ts says they are; only vote writes the state.
  const [, epoch = '', seq = '0', commitId = '', state = ''] = answer as readonly string[]
  return {
    head: { epoch, seq: Number(seq), commitId },
    state: state === '' ? undefined : (JSON.parse(state) as SeatState),
  }
}

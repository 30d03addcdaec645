import type { Position } from './position.ts'

/** What a log holds: entries that know their place. */
export interface LogEntry {
  readonly position: Position
}

export interface LogPage<Entry extends LogEntry> {
  /** In order, each behind the one before. */
  readonly entries: readonly Entry[]
  /** The place behind the last entry looked at, those left out included. */
  readonly next: Position
}

export interface LogRead<Narrow> {
  /** Undefined: nothing is read, and `next` is the log's head. */
  readonly after: Position | undefined
  /** Entries in a page at most. */
  readonly first: number
  /** How long to wait for an entry when there is none yet. Milliseconds. */
  readonly waitMs: number
  /** The log may leave out entries that it rules out. */
  readonly narrow: Narrow | undefined
}

/** A totally ordered log that can be read from any place that it still keeps. */
export interface EventLog<Entry extends LogEntry, Narrow> {
  /** Rejects with CURSOR_EXPIRED when `after` is of another epoch or no longer kept. */
  read(read: LogRead<Narrow>, signal: AbortSignal): Promise<LogPage<Entry>>
}

import type { RegisterOperation } from '../support/linearizable.ts'

/** What a process of the torture is told. */
export interface WorkerSettings {
  readonly name: string
  readonly sql: string
  readonly nosql: string
  readonly cache: string
  /** The file it writes its history to. */
  readonly history: string
  /** The file it writes its log to. */
  readonly diary: string
  readonly seed: number
  /** Operations at a time. */
  readonly clients: number
  /** Where the process that was killed before had come to in the change log, as a client goes on; undefined: at the end. */
  readonly after: string | undefined
}

/** A line of a process's history; times are microseconds of the machine's monotonic clock. */
export type HistoryLine =
  | {
      readonly is: 'read'
      readonly record: string
      readonly operation: string
      readonly from: number
      readonly to: number
      readonly saw: number
    }
  | {
      readonly is: 'unread'
      readonly operation: string
      readonly from: number
      readonly to: number
      readonly why: string
    }
  | {
      readonly is: 'begun'
      readonly record: string
      readonly operation: string
      readonly id: string
      readonly from: number
      readonly expected: number
    }
  | {
      readonly is: 'ended'
      readonly operation: string
      readonly to: number
      readonly outcome: 'committed' | 'conflict' | 'unknown' | 'refused'
      readonly seq: number | undefined
      readonly why: string | undefined
    }
  /** A page of the change log behind `after`: `epoch:seq`, and the ids of its events. */
  | {
      readonly is: 'heard'
      readonly after: string
      readonly next: string
      readonly events: readonly string[]
    }
  | { readonly is: 'lost'; readonly after: string; readonly why: string }

/** What one process, or those that went on for it, were told of the change log. */
export interface Heard {
  readonly pages: readonly (HistoryLine & { readonly is: 'heard' })[]
  /** Why it could not go on. */
  readonly lost: readonly string[]
}

/** An operation that was refused or whose outcome nobody knows: when it began, and why. */
export interface Failure {
  /** Microseconds of the machine's monotonic clock. */
  readonly from: number
  readonly why: string
}

/** What all processes have done, put together. */
export interface History {
  /** By record, for the search. */
  readonly registers: ReadonlyMap<string, readonly RegisterOperation[]>
  /** Where commits were told to be, by their id; 'never': it was told that they did not happen. */
  readonly told: ReadonlyMap<string, number | 'never'>
  readonly operations: number
  readonly unavailable: number
  readonly unknown: number
  readonly failures: readonly Failure[]
}

/** Reads the lines of all processes. A line that was cut off by a kill is left out. */
export function historyOf(texts: readonly string[]): History {
  const registers = new Map<string, RegisterOperation[]>()
  const told = new Map<string, number | 'never'>()
  const failures: Failure[] = []
  let [operations, unavailable, unknown] = [0, 0, 0]
  const put = (record: string, operation: RegisterOperation): void => {
    registers.set(record, [...(registers.get(record) ?? []), operation])
  }
  const blame = (from: number, why = 'killed'): void => void failures.push({ from, why })
  for (const text of texts) {
    const lines = text.split('\n').flatMap(parsed)
    const ends = new Map(lines.flatMap(line => (line.is === 'ended' ? [[line.operation, line]] : [])))
    for (const line of lines) {
      if (line.is === 'ended' || line.is === 'heard' || line.is === 'lost') continue
      operations++
      if (line.is === 'unread') {
        unavailable++
        blame(line.from, line.why)
      } else if (line.is === 'read') {
        const { record, from, to, saw } = line
        put(record, { from, to, does: { is: 'read', saw: String(saw) } })
      } else {
        const { record, operation, id, from } = line
        const [expected, value] = [String(line.expected), String(line.expected + 1)]
        const end = ends.get(operation)
        const swap = { is: 'swap', expected, value } as const
        // Of a process that was killed nobody waits for an answer any more.
        if (end === undefined) put(record, { from, to: Infinity, does: { ...swap, done: undefined } })
        else if (end.outcome === 'unknown') {
          unknown++
          blame(from, end.why)
          put(record, { from, to: Infinity, does: { ...swap, done: undefined } })
        } else if (end.outcome === 'refused') {
          unavailable++
          blame(from, end.why)
          told.set(id, 'never')
        } else {
          told.set(id, end.seq ?? 'never')
          put(record, { from, to: end.to, does: { ...swap, done: end.outcome === 'committed' } })
        }
      }
    }
  }
  return { registers, told, operations, unavailable, unknown, failures }
}

/** What was told of the change log in these files, of processes that went on for each other in this order. */
export function heardIn(texts: readonly string[]): Heard {
  const lines = texts.flatMap(text => text.split('\n').flatMap(parsed))
  return {
    pages: lines.flatMap(line => (line.is === 'heard' ? [line] : [])),
    lost: lines.flatMap(line => (line.is === 'lost' ? [`${line.after}: ${line.why}`] : [])),
  }
}

function parsed(line: string): HistoryLine[] {
  try {
    // Written by worker.ts.
    return line === '' ? [] : [JSON.parse(line) as HistoryLine]
  } catch {
    return []
  }
}

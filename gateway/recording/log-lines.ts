import { createHash } from 'node:crypto'
import type { LogEntry } from './log-entry.ts'
import type { OmittedCount, OperationCount } from './operation-counts.ts'

/** The same for the same text. */
export function idOf({ text }: OperationCount): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

/** Stands before the first count of an operation in a file. */
export function documentLine(id: string, { name, text }: OperationCount): string {
  return line({ entry: 'document', id, ...(name === undefined ? {} : { name }), text })
}

export function countLine(id: string, { client, version, ...count }: OperationCount): string {
  return line({
    entry: 'count',
    id,
    ...(client === undefined ? {} : { client }),
    ...(version === undefined ? {} : { version }),
    ...stretchOf(count),
  })
}

export function omittedLine(omitted: OmittedCount): string {
  return line({ entry: 'omitted', ...stretchOf(omitted) })
}

function stretchOf({ requests, firstMs, lastMs }: OmittedCount): {
  readonly requests: number
  readonly from: string
  readonly until: string
} {
  return { requests, from: new Date(firstMs).toISOString(), until: new Date(lastMs).toISOString() }
}

function line(entry: LogEntry): string {
  return `${JSON.stringify(entry)}\n`
}

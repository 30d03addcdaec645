import { EnneadError } from '../../../../kernel/errors.ts'
import type { SqlRow } from './lane.ts'

/** A column that must be text. Throws AGENT_FAULT when it is not: the table is not ours. */
export function text(row: SqlRow, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw wrong(column, 'text')
  return value
}

/** A column that is text or null. */
export function textOrNull(row: SqlRow, column: string): string | null {
  return row[column] === null ? null : text(row, column)
}

/** A column that must be a number. bigint arrives as text and is ours only below 2^53. */
export function count(row: SqlRow, column: string): number {
  const value = Number(row[column])
  if (!Number.isSafeInteger(value)) throw wrong(column, 'a whole number')
  return value
}

/** The row of a statement that always has one. */
export function onlyRow(rows: readonly SqlRow[]): SqlRow {
  const [row] = rows
  if (row === undefined) {
    throw new EnneadError(
      'DATA_FOLDER_CORRUPT',
      "a row the PostgreSQL store cannot do without is missing: the log's head",
    )
  }
  return row
}

function wrong(column: string, wanted: string): EnneadError {
  return new EnneadError('AGENT_FAULT', `PostgreSQL answered a ${column} that is not ${wanted}`)
}

import { EnneadError } from '../../kernel/errors.ts'
import type { OrderKey, RecordOrder } from './task-store.ts'

/** Cursors are opaque; this is longer than any of ours. */
const cursorMax = 1_000

/** A place in a list of this order, as clients hold it. */
export function writeCursor(orderName: string, key: OrderKey): string {
  return Buffer.from(JSON.stringify([orderName, key.value, key.id])).toString('base64url')
}

/** The place a cursor names. Throws CURSOR_INVALID when it was made for another order, or is none of ours. */
export function readCursor(orderName: string, cursor: string): OrderKey {
  const parsed = parse(cursor)
  if (!Array.isArray(parsed) || parsed.length !== 3) throw invalid('it was not issued here')
  const [name, value, id]: readonly unknown[] = parsed
  if (name !== orderName) throw invalid('it belongs to a list of another order')
  const isKey = value === null || isWellFormed(value) || (typeof value === 'number' && Number.isFinite(value))
  if (!isKey || !isWellFormed(id)) throw invalid('it was not issued here')
  return { value, id }
}

/** The name of an order inside cursors. */
export function orderName({ field, direction }: RecordOrder): string {
  return `${field} ${direction}`
}

function isWellFormed(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
}

function parse(cursor: string): unknown {
  if (cursor.length > cursorMax || !/^[\w-]+$/.test(cursor)) throw invalid('it was not issued here')
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch (cause) {
    throw invalid('it was not issued here', cause)
  }
}

function invalid(why: string, cause?: unknown): EnneadError {
  return new EnneadError('CURSOR_INVALID', `this cursor cannot be used here: ${why}`, { cause })
}

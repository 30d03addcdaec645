import type { Condition, Field, Scalar } from './condition.ts'
import type { OrderKey, RecordOrder } from './task-store.ts'
import type { StoredRecord } from './record.ts'
import { unreachable } from '../../kernel/errors.ts'

/**
 * Does the condition hold for this record? The meaning of `Condition` as code: engines without a query language run
 * it, and the others are tested against it. A field the record's kind does not have is null.
 */
export function matches(record: StoredRecord, condition: Condition): boolean {
  switch (condition.is) {
    case 'all':
      return condition.of.every(part => matches(record, part))
    case 'any':
      return condition.of.some(part => matches(record, part))
    case 'not':
      return !matches(record, condition.of)
    case 'in': {
      const value = fieldOf(record, condition.field)
      if (Array.isArray(value)) return value.some(element => condition.values.includes(element))
      return condition.values.some(wanted => wanted === value)
    }
    case 'before':
    case 'after': {
      const order = compareLike(fieldOf(record, condition.field), condition.value)
      if (order === undefined) return false
      if (order === 0) return condition.orEqual
      return condition.is === 'before' ? order < 0 : order > 0
    }
    case 'contains': {
      const value = fieldOf(record, condition.field)
      return typeof value === 'string' && value.toLowerCase().includes(condition.text.toLowerCase())
    }
    default:
      return unreachable(condition)
  }
}

/** Sorts records as `RecordOrder` says; 0 only for the same record. */
export function compareRecords(order: RecordOrder): (left: StoredRecord, right: StoredRecord) => number {
  const sign = order.direction === 'ascending' ? 1 : -1
  return (left, right) =>
    sign *
    (compareValues(orderValue(left, order.field), orderValue(right, order.field)) ||
      compareText(left.id, right.id))
}

/** Comes the record strictly behind the place `key` in this order? */
export function isBehind(record: StoredRecord, order: RecordOrder, key: OrderKey): boolean {
  const sign = order.direction === 'ascending' ? 1 : -1
  const byValue = compareValues(orderValue(record, order.field), key.value)
  return sign * (byValue || compareText(record.id, key.id)) > 0
}

/** Less than, equal to or greater than 0, comparing by Unicode code point as UTF-8 bytes do; `<` compares UTF-16 units. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return byCodePoint(a) - byCodePoint(b)
  }
  return left.length - right.length
}

/** Surrogates (0xD800–0xDFFF) stand for code points above all others, so they must sort behind 0xE000–0xFFFF. */
function byCodePoint(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** The value of a field; null where the record's kind has no such field. */
export function fieldOf(record: StoredRecord, field: Field): Scalar | null | readonly string[] {
  // Every field of `fields` holds one of these in every kind that has it (record.ts).
  return (record as Partial<Record<Field, Scalar | null | readonly string[]>>)[field] ?? null
}

/** What a record is ordered by: lists and booleans do not order, so they count as null. */
function orderValue(record: StoredRecord, field: Field): string | number | null {
  const value = fieldOf(record, field)
  return typeof value === 'string' || typeof value === 'number' ? value : null
}

/** Null is greater than every value. */
function compareValues(left: Scalar | null, right: Scalar | null): number {
  if (left === null || right === null) return Number(left === null) - Number(right === null)
  return compareLike(left, right) ?? 0
}

/** Undefined when the two cannot be compared: different types, null, lists, booleans. */
function compareLike(left: Scalar | null | readonly string[], right: Scalar | null): number | undefined {
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right)
  if (typeof left === 'number' && typeof right === 'number') return left - right
  return undefined
}

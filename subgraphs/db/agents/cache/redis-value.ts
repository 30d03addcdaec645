import type { StoredRecord } from '../../record.ts'

/** What a record is compared by when another version of it arrives (see `isNewer`): a whole number. */
export function ageOf(record: StoredRecord): number {
  return record.kind === 'receipt' ? Date.parse(record.expiresAt) : record.version
}

/** A record as Redis holds it: its age, so that scripts can compare it, a bar, and JSON. */
export function valueOf(record: StoredRecord): string {
  return `${ageOf(record)}|${JSON.stringify(record)}`
}

/** The record in a value. Only `valueOf` makes them. */
export function recordIn(value: string): StoredRecord {
  return JSON.parse(value.slice(value.indexOf('|') + 1)) as StoredRecord
}

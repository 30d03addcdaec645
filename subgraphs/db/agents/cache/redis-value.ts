import type { StoredRecord } from '../../record.ts'

/** What a record is compared by when another version of it arrives (see `isNewer`): a whole number. */
export function ageOf(record: StoredRecord): number {
  return record.kind === 'receipt' ? Date.parse(record.expiresAt) : record.version
}

/** A record as Redis holds it: its age, so that scripts can compare it, a bar, and JSON. */
export function valueOf(record: StoredRecord): string {
  return `${ageOf(record)}|${JSON.stringify(record)}`
}

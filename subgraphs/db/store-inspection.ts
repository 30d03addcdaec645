import type { Fence } from './leadership/lease.ts'
import type { StoredRecord } from './record.ts'

/** A record's address. */
type Key = Pick<StoredRecord, 'kind' | 'id'>

/** What `ennead doctor` asks of a store: what lies there, past everything that finds records for readers. */
export interface StoreInspection {
  /** The next things that are stored, in an order of the store's own; '' begins. What is met twice is told twice. */
  look(after: string, limit: number, signal: AbortSignal): Promise<InspectedPage>
  /**
   * Makes the store hold these records, with all that finds them, or nothing in their place. What is no longer as it was
   * seen is left alone: a change has come in between, and brought everything anew. Durable when it answers. With a fence it
   * is the work of one holder of a lease: rejects with LEASE_LOST where that of a later one has been.
   */
  mend(cures: readonly Cure[], signal: AbortSignal, fence?: Fence): Promise<void>
}

export interface InspectedPage {
  readonly found: readonly Inspected[]
  /** To go on behind; undefined: that was all. */
  readonly next: string | undefined
}

export interface Inspected {
  readonly key: Key
  /** Undefined: what is there cannot be read as a record. */
  readonly record: StoredRecord | undefined
  /** What the store knows its state by; only the store reads it. */
  readonly seen: unknown
  /** What beside the record is not as it should be, each in words that follow "its". */
  readonly faults: readonly string[]
}

export interface Cure {
  readonly key: Key
  /** Of `Inspected`; undefined: there was nothing. */
  readonly seen: unknown
  /** Undefined: there shall be nothing. */
  readonly record: StoredRecord | undefined
}

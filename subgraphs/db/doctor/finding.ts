import type { EngineName } from '../engine-slot.ts'
import type { SweepProgress } from '../sweep/sweep-progress.ts'

/** Something that is not as it should be, told in one line. */
export interface Finding {
  readonly store: EngineName
  readonly what:
    /** The store takes no part. */
    | 'closed'
    /** It does not hold the newest entries yet. */
    | 'behind'
    /** Its change log has a gap, or another content than that of another store. */
    | 'log'
    /** It lacks a record, or holds another content than the log says. */
    | 'record'
    /** What finds a record, or stands beside it, does not follow from the record. */
    | 'derived'
  /** `kind/id` of the record it is about. */
  readonly key?: string
  readonly says: string
  /** Can be put right by `--repair`. */
  readonly repairable: boolean
}

/** A store as it was found. */
export interface StoreReport {
  readonly store: EngineName
  readonly detail: string
  /** `epoch:seq`; undefined: it could not be asked. */
  readonly head: string | undefined
  /** Records that were looked at; undefined: none were. */
  readonly records: number | undefined
}

/** How far the sweep in the background is. */
export interface SweepReport {
  /** The process that sweeps, or swept last. */
  readonly holder: string
  readonly term: number
  readonly running: boolean
  readonly progress: SweepProgress | undefined
}

export interface Examination {
  readonly stores: readonly StoreReport[]
  /** Undefined: PostgreSQL, which keeps the leases, is not open, or nobody has swept yet. */
  readonly sweep?: SweepReport | undefined
  readonly findings: readonly Finding[]
  /** More were found than are told. */
  readonly cut: boolean
}

import type { EngineName } from '../engine-slot.ts'
import type { Verdict } from '../quorum/verdict.ts'
import type { SweepProgress } from '../sweep/sweep-progress.ts'

/** Something that is not as it should be, told in one line. */
export interface Finding {
  readonly store: EngineName
  readonly what:
    /** The store takes no part. */
    | 'closed'
    /** It has no vote, and will have none again by itself. */
    | 'vote'
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

/** Who decides what the log goes on with. */
export interface VotesReport {
  readonly verdict: Verdict
  /** For an operator, in one line, with the way out where there is no majority. */
  readonly says: string
}

export interface Examination {
  readonly stores: readonly StoreReport[]
  readonly votes: VotesReport
  /** Undefined: PostgreSQL, which keeps the leases, is not open, or nobody has swept yet. */
  readonly sweep?: SweepReport | undefined
  readonly findings: readonly Finding[]
  /** More were found than are told. */
  readonly cut: boolean
}

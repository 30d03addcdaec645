import type { Attempt, Operation } from '../../dispatch/port.ts'
import type { Condition, Field, Scalar } from './condition.ts'
import type { LeaseBook } from './leadership/lease.ts'
import type { Ballot } from './quorum/ballot.ts'
import type { RecordKind, StoredRecord } from './record.ts'
import type { StoreInspection } from './store-inspection.ts'

/** A record's address. */
export interface RecordKey {
  readonly kind: RecordKind
  readonly id: string
}

/** A place in the change log. `epoch` names the log's life; `seq` counts up by one from 1, with no gaps. 0 is before all. */
export interface Position {
  readonly epoch: string
  readonly seq: number
}

/** Where a log ends: its newest position and the commit there ('' for an empty log). */
export type LogHead = Position & { readonly commitId: string }

export interface RecordQuery {
  readonly kind: RecordKind
  /** Only records of this workspace are ever looked at. */
  readonly workspaceId: string
  readonly where: Condition
  readonly order: RecordOrder
  /** 1 to 1,001: a page and one more. */
  readonly limit: number
  /** Records strictly behind this place in `order`. */
  readonly behind?: OrderKey
}

/**
 * By `field`, then by id; both in `direction`. Null is greater than every value. Text compares by code point (in SQL:
 * COLLATE "C"), booleans are not ordered by.
 */
export interface RecordOrder {
  readonly field: Field
  readonly direction: 'ascending' | 'descending'
}

/** A record's place in an order: its value of the field, and its id. */
export interface OrderKey {
  readonly value: Scalar | null
  readonly id: string
}

/** A walk over every record of a kind, whatever its workspace. */
export interface RecordScan {
  readonly kind: RecordKind
  /** Only records with a greater id; '' begins. */
  readonly afterId: string
  /** 1 to 1,000. */
  readonly limit: number
}

/** What happened, as clients are told. One for each commit that clients care about. */
export interface ChangeEvent {
  readonly id: string
  readonly kind: 'CREATED' | 'UPDATED' | 'STATUS_CHANGED' | 'ASSIGNED' | 'COMMENTED' | 'DELETED' | 'RESTORED'
  readonly projectId: string
  readonly taskId: string
  readonly changed: readonly string[]
}

/** A change that happens whole or not at all. */
export interface Commit {
  /** Names the attempt to change: committing the same id again changes nothing and answers as the first time did. */
  readonly id: string
  readonly workspaceId: string
  readonly actorId: string
  readonly at: string
  /** The versions this change was computed from; 0: there must be no such record. */
  readonly expects: readonly (RecordKey & { readonly version: number })[]
  readonly puts: readonly StoredRecord[]
  readonly event: ChangeEvent | undefined
}

export type CommitOutcome =
  | { readonly is: 'committed'; readonly position: Position }
  /** Records have other versions than expected; read again and compute anew. */
  | { readonly is: 'conflict'; readonly keys: readonly RecordKey[] }

/** A commit in its place in the log. */
export interface LogEntry {
  readonly position: Position
  readonly commit: Omit<Commit, 'expects'>
}

/** What decides about commits, as of one moment. */
export interface CommitFacts {
  readonly head: LogHead
  /** Where commits that are in the log already are, by id. */
  readonly positions: ReadonlyMap<string, Position>
  /** Versions of records the commits expect something of, by address (`addressOf`); left out: there is none. */
  readonly versions: ReadonlyMap<string, number>
}

/** What a store vouched for last: that the log, chosen up to `base`, goes on with these entries. */
export interface Accepted {
  readonly ballot: Ballot
  /** Counts the proposals of one ballot up from 1. */
  readonly step: number
  readonly base: LogHead
  readonly entries: readonly LogEntry[]
}

/** A store's part in deciding what the log goes on with. As durable as the log. */
export interface SeatState {
  /** Counts up by one with every change, from a random number for each life. */
  readonly turn: number
  /** Names this life of the store's data. Made where no seat was, so that data which was lost has another one. */
  readonly incarnation: string
  /** It has been admitted: its promises and votes count for those who have it in their roster. */
  readonly voting: boolean
  /** Nothing of a lower ballot is accepted any more. */
  readonly promised: Ballot
  readonly accepted: Accepted | undefined
  /** The members it knows of: incarnations by name, as of this ballot. */
  readonly roster: { readonly set: Ballot; readonly members: Readonly<Record<string, string>> }
}

/** A seat and the log beside it; no state: nobody sat here yet. */
export interface SeatReading {
  readonly state: SeatState | undefined
  readonly head: LogHead
}

/** A change of a seat that happens only if it is, and the log ends, where it was read. */
export interface SeatChange {
  /** 0: there is no seat yet. */
  readonly turn: number
  readonly head: LogHead
  readonly next: SeatState
  /** Chosen entries right behind `head` to take over with it. */
  readonly apply: readonly LogEntry[]
}

export interface LogRead {
  /** Entries behind this seq … */
  readonly afterSeq: number
  /** … at most this many, 1 to 1,000. */
  readonly limit: number
  /** Only entries with an event of this workspace, project, task. Default: all entries, also those without an event. */
  readonly workspaceId?: string
  readonly projectId?: string
  readonly taskId?: string
  /** From the newest backwards, behind `afterSeq` downwards; 0 then means from the head. Default false. */
  readonly newestFirst?: boolean
}

/** One try of an operation of a store. */
export interface StoreAttempt extends Attempt {
  /**
   * A read answers only from a log that holds the entry with this seq, as of the moment it looks: a store that has just
   * lost its data would say that there is nothing, and one that is being filled again would tell the past. Otherwise it
   * rejects with AGENT_FAULT. Default 0: whatever it holds.
   */
  readonly reach?: number
}

type StoreRead<Input, Output> = (input: Input, attempt: StoreAttempt) => Promise<Output>

/** The port of the db domain: what an agent can do. Each agent leaves out what it cannot. */
export interface TaskStore {
  /** The records, in the order of the keys, undefined where there is none. */
  readonly read: StoreRead<readonly RecordKey[], readonly (StoredRecord | undefined)[]>
  readonly query: StoreRead<RecordQuery, readonly StoredRecord[]>
  readonly count: StoreRead<Pick<RecordQuery, 'kind' | 'workspaceId' | 'where'>, number>
  /** The records of a kind by id (by code point), for what looks at everything. Only whole stores can tell. */
  readonly scan: Operation<RecordScan, readonly StoredRecord[]>
  /** What it holds that decides about these commits. */
  readonly facts: Operation<readonly Commit[], CommitFacts>
  /** The log's head. */
  readonly head: Operation<undefined, LogHead>
  readonly log: StoreRead<LogRead, readonly LogEntry[]>
  /**
   * Takes over entries of another store's log, in order, without a gap: entries at or below the own head are skipped,
   * records of a lower or equal version too. Durable when it answers, where the store is. Answers its new head.
   */
  readonly absorb: Operation<readonly LogEntry[], Position>
  /** The store's seat in the quorum. Only a store whose answers outlive a crash has one. */
  readonly seat: Operation<undefined, SeatReading>
  /**
   * Changes the seat, and takes over entries with it. Durable when it answers. Answers `changed` and what holds now: the
   * change, or what was there instead; a store without transactions may have taken over the entries even so.
   */
  readonly vote: Operation<SeatChange, SeatReading & { readonly changed: boolean }>
  /** Forgets receipts that expired before this instant; answers how many. */
  readonly forget: Operation<string, number>
}

/** An engine behind the port: the operations and its life. */
export interface StoreEngine {
  readonly operations: Partial<TaskStore>
  /** For operators, e.g. `PostgreSQL 18.4 (embedded)`. */
  readonly detail: string
  /** For `ennead doctor`; a store that does not outlive its process has none. */
  readonly inspection?: StoreInspection
  /** Where processes agree who does what one of them is to do; only PostgreSQL has it. */
  readonly leases?: LeaseBook
  /**
   * Only a store that may keep some of the records only: takes records of another store, as of its log up to `seq`. It
   * takes none when its own log goes further, since they may have changed since, and none that is older than what it holds.
   */
  readonly fill?: (records: readonly StoredRecord[], seq: number, signal: AbortSignal) => Promise<void>
  /** Why it has no vote although it is of a kind that has one, for an operator. */
  readonly learner?: string
  close(): Promise<void>
}

import type { Operation } from '../../dispatch/port.ts'
import type { Consistency } from '../../kernel/consistency.ts'
import type { ActorPrincipal } from '../../kernel/principal.ts'

/** One event of the change log, as the db domain tells it to other domains. */
export interface ChangeLogEntry {
  /** `epoch:seq` */
  readonly position: string
  readonly id: string
  readonly at: string
  readonly kind: string
  readonly workspaceId: string
  readonly projectId: string
  readonly taskId: string
  readonly actorId: string
  readonly changed: readonly string[]
}

export interface ChangeLogPage {
  readonly entries: readonly ChangeLogEntry[]
  /** Position behind the last entry read. */
  readonly next: string
  readonly more: boolean
}

export interface ChangeLogRead {
  /** `epoch:seq`; undefined: from the head on (with newestFirst: from the head backwards). */
  readonly after: string | undefined
  readonly first: number
  /** How long to wait when there is nothing yet. 0 to 25,000. */
  readonly waitMs: number
  readonly workspaceId?: string
  readonly projectId?: string
  readonly taskId?: string
  readonly newestFirst?: boolean
}

export type ChangesRead = Omit<ChangeLogRead, 'newestFirst'>
export type HistoryRead = Omit<ChangeLogRead, 'waitMs'> & Demanding

export interface Demanding {
  /** What it must show. Default: what db knows to be current. */
  readonly consistency?: Consistency | undefined
}

/** The port of the api domain: ways to the db domain. */
export interface TaskChannel {
  /**
   * What comes behind a position, waited for when there is nothing yet; without a position, where the head is. Rejects
   * with CURSOR_EXPIRED when the position is of another epoch or no longer kept.
   */
  readonly changes: Operation<ChangesRead, ChangeLogPage>
  /** A page from any place of the change log, forwards or backwards, as it is now. Rejects as `changes` does. */
  readonly history: Operation<HistoryRead, ChangeLogPage>
  /** Which of these ids name an object (task, project, label, comment) this principal may read. */
  readonly existing: Operation<
    { readonly principal: ActorPrincipal; readonly ids: readonly string[] } & Demanding,
    ReadonlySet<string>
  >
}

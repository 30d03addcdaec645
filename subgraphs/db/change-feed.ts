import { EnneadError } from '../../kernel/errors.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Frontier } from './frontier.ts'
import type { LogEntry, LogRead, Position } from './task-store.ts'

/** One event of the change log, as other domains are told. */
export interface FeedEntry {
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

export interface FeedPage {
  readonly entries: readonly FeedEntry[]
  /** Position behind the last entry read, those left out included. */
  readonly next: string
  /** There are entries behind `next` already. */
  readonly more: boolean
}

export interface FeedRead {
  /** `epoch:seq`; undefined: from the head on (with newestFirst: from the head backwards). */
  readonly after: string | undefined
  /** Entries a page. 1 to 1,000. */
  readonly first: number
  /** How long to wait when there is nothing yet. Milliseconds, 0 to 25,000; not with newestFirst. */
  readonly waitMs: number
  readonly workspaceId?: string | undefined
  readonly projectId?: string | undefined
  readonly taskId?: string | undefined
  readonly newestFirst?: boolean | undefined
}

/** Longest wait for something to happen. Milliseconds. */
export const feedWaitMax = 25_000
export const feedPageMax = 1_000

export interface ChangeFeedParts {
  readonly frontier: Frontier
  readonly readLog: (read: LogRead) => Promise<readonly LogEntry[]>
  /** Learns the primary's head, when a position may be of a write of another process. */
  readonly look: () => Promise<void>
  readonly clock: Clock
}

/** The change log as other domains read it: pages of events behind a position, or what comes next. */
export class ChangeFeed {
  readonly #parts: ChangeFeedParts

  constructor(parts: ChangeFeedParts) {
    this.#parts = parts
  }

  /**
   * A page of events. With `waitMs` a page that would be empty waits for something to happen, and is woken by a commit
   * of this process at once; it ends early, and empty, when the signal aborts. Rejects with CURSOR_EXPIRED for a
   * position of another life of the log or beyond its head, UNAVAILABLE for one of which only a majority could tell and
   * there is none, CURSOR_INVALID for what is no position, BAD_USER_INPUT.
   */
  async read(read: FeedRead, signal?: AbortSignal): Promise<FeedPage> {
    checkRange('first', read.first, 1, feedPageMax)
    checkRange('waitMs', read.waitMs, 0, feedWaitMax)
    const { frontier, clock } = this.#parts
    if (read.newestFirst === true) return this.#backwards(read)
    let from = read.after === undefined ? frontier.head.seq : await this.#seqOf(read.after)
    const until = clock.now() + read.waitMs
    for (;;) {
      const page = await this.#forwards(read, from)
      if (page.entries.length > 0 || page.more) return page
      from = parsePosition(page.next).seq
      if (!(await frontier.beyond(from, until - clock.now(), signal))) return page
    }
  }

  /** The position behind everything this process knows of. */
  get head(): string {
    return tell(this.#parts.frontier.head)
  }

  get position(): Position {
    return this.#parts.frontier.head
  }

  async #forwards(read: FeedRead, from: number): Promise<FeedPage> {
    // Before reading: what is committed while the page is read must not be skipped by `next`.
    const head = this.#parts.frontier.head
    const events = head.seq > from ? await this.#parts.readLog(logRead(read, from)) : []
    const full = events.length >= read.first
    const lastSeq = events.at(-1)?.position.seq ?? from
    const seq = full ? lastSeq : Math.max(lastSeq, head.seq, from)
    const next = { epoch: head.epoch, seq }
    return { entries: events.flatMap(feedEntry), next: tell(next), more: full && seq < head.seq }
  }

  async #backwards(read: FeedRead): Promise<FeedPage> {
    const from = read.after === undefined ? 0 : await this.#seqOf(read.after)
    const { epoch } = this.#parts.frontier.head
    const entries =
      from === 0 && read.after !== undefined
        ? []
        : await this.#parts.readLog({ ...logRead(read, from), newestFirst: true })
    const full = entries.length >= read.first
    // Nothing is behind 1: seq 0 would mean the head again.
    const seq = full ? (entries.at(-1)?.position.seq ?? 1) : 1
    return { entries: entries.flatMap(feedEntry), next: tell({ epoch, seq }), more: full && seq > 1 }
  }

  async #seqOf(text: string): Promise<number> {
    const { frontier, look } = this.#parts
    const position = parsePosition(text)
    if (position.seq === 0) return 0
    // A process that cannot look does not know whether it is expired, and says so.
    if (position.seq > frontier.head.seq) await look()
    const { head } = frontier
    if (position.epoch === head.epoch && position.seq <= head.seq) return position.seq
    throw new EnneadError('CURSOR_EXPIRED', 'the change log of this position is no longer kept; load anew', {
      facts: { head: tell(head) },
    })
  }
}

function logRead(read: FeedRead, afterSeq: number): LogRead {
  const { workspaceId, projectId, taskId } = read
  return {
    afterSeq,
    limit: read.first,
    ...(workspaceId === undefined ? {} : { workspaceId }),
    ...(projectId === undefined ? {} : { projectId }),
    ...(taskId === undefined ? {} : { taskId }),
  }
}

function feedEntry({ position, commit }: LogEntry): FeedEntry[] {
  const { event, at, workspaceId, actorId } = commit
  return event === undefined ? [] : [{ ...event, position: tell(position), at, workspaceId, actorId }]
}

function tell({ epoch, seq }: Position): string {
  return `${epoch}:${seq}`
}

function parsePosition(text: string): Position {
  const match = /^([^:]{0,100}):(\d{1,15})$/.exec(text)
  if (match?.[1] === undefined) throw new EnneadError('CURSOR_INVALID', 'a position is written as epoch:seq')
  return { epoch: match[1], seq: Number(match[2]) }
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new EnneadError('BAD_USER_INPUT', `"${name}" must be from ${min} to ${max}, got ${value}`)
}

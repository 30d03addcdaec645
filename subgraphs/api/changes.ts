import { type Clock, sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { FeedListener } from '../../events/feed-listener.ts'
import type { ApiDomain } from './domain.ts'
import type { TaskEvent } from './task-event.ts'

/** `type ChangePage` of the schema. */
export interface ChangePage {
  readonly events: readonly TaskEvent[]
  readonly cursor: string
  readonly more: boolean
}

export interface ChangesWanted {
  /** Most events of a page. */
  readonly size: number
  /** How long to wait for the first, when there is none. Milliseconds. */
  readonly waitMs: number
  /** How long to wait for the log to be read. Milliseconds, at least `waitMs`. */
  readonly readMs: number
  readonly workspaceId: string
}

/**
 * What a listener of the feed brings, as a page: everything that has happened, or else the first thing that happens within
 * `waitMs`. Ends the listener. Throws CURSOR_EXPIRED, and UNAVAILABLE when the log could not be read in time.
 */
export async function readChanges(
  listener: FeedListener<TaskEvent>,
  { size, waitMs, readMs, workspaceId }: ChangesWanted,
  cursors: ApiDomain['cursors'],
  clock: Clock,
): Promise<ChangePage> {
  const events: TaskEvent[] = []
  const stop = new AbortController()
  const waited = sleep(clock, waitMs, stop.signal).catch(() => undefined)
  const late = sleep(clock, readMs, stop.signal).catch(() => undefined)
  let known = false
  let pending: ReturnType<FeedListener<TaskEvent>['next']> | undefined
  try {
    while (events.length < size) {
      pending ??= listener.next()
      const idle = listener.idle().then(() => (known = true))
      const pause = events.length === 0 ? Promise.all([idle, waited]) : idle
      const result = await Promise.race([pending, late, pause.then(() => undefined)])
      if (result === undefined) break
      pending = undefined
      if (result.done === true) break
      known = true
      events.push(result.value)
    }
  } finally {
    stop.abort()
    await listener.return()
  }
  // It may have come just as the wait ended.
  const last = await pending
  if (last?.done === false) events.push(last.value)
  const { position } = listener
  if (position === undefined || !known) {
    throw new EnneadError('UNAVAILABLE', 'what has happened cannot be read at the moment; ask again')
  }
  return { events, cursor: cursors.encode(position, workspaceId), more: events.length === size }
}

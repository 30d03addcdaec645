import { EnneadError } from '../../kernel/errors.ts'
import type { LogEntry, LogHead, LogRead, Position } from './task-store.ts'

/** The head of a log that has no entries yet. */
export const emptyHead: LogHead = { epoch: '', seq: 0, commitId: '' }

/**
 * The entries of `entries` that a store whose log ends at `head` must take over: those behind its head. Throws
 * STORE_DIVERGED for entries of another epoch, or another commit where the head is, and UNAVAILABLE for a gap; nothing
 * may have been changed then.
 */
export function entriesBehind(head: LogHead, entries: readonly LogEntry[]): readonly LogEntry[] {
  let next = head.seq + 1
  let epoch = head.epoch
  const fresh: LogEntry[] = []
  for (const entry of entries) {
    const { position, commit } = entry
    if (epoch === '') epoch = position.epoch
    if (position.epoch !== epoch || (position.seq === head.seq && commit.id !== head.commitId)) {
      throw diverged({ epoch, seq: head.seq }, position)
    }
    if (position.seq < next) continue
    if (position.seq > next) throw gap(next - 1, position.seq)
    fresh.push(entry)
    next++
  }
  return fresh
}

/** Says that a log which ends at `end` cannot take over an entry that is not the next one. */
export function gap(end: number, seq: number): EnneadError {
  return new EnneadError(
    'UNAVAILABLE',
    `the log ends at ${end} and cannot go on with ${seq}: entries are missing`,
  )
}

/** Throws AGENT_FAULT when a log that ends at `seq` cannot answer a read that needs the entry at `reach` (`StoreAttempt`). */
export function requireReach(store: string, seq: number, reach = 0): void {
  if (seq >= reach) return
  throw new EnneadError(
    'AGENT_FAULT',
    `${store} held its log up to ${reach} and holds it up to ${seq} only: it has lost data`,
  )
}

/** Says that an entry is of another history than the log which ends at `head`. */
export function diverged(head: Position, entry: Position): EnneadError {
  return new EnneadError(
    'STORE_DIVERGED',
    `the entry ${entry.epoch}:${entry.seq} is of another history than the log that ends at ${head.epoch}:${head.seq}`,
  )
}

/** Is this entry one that `read` asks for? Looks at the filters only, not at the place. */
export function isWanted(entry: LogEntry, read: LogRead): boolean {
  const { workspaceId, projectId, taskId } = read
  if (workspaceId === undefined && projectId === undefined && taskId === undefined) return true
  const { commit } = entry
  if (commit.event === undefined) return false
  return (
    (workspaceId === undefined || workspaceId === commit.workspaceId) &&
    (projectId === undefined || projectId === commit.event.projectId) &&
    (taskId === undefined || taskId === commit.event.taskId)
  )
}

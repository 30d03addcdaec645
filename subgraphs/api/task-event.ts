import type { LogEntry } from '../../events/event-log.ts'
import type { Feed } from '../../events/feed.ts'
import { type Position, parsePosition } from '../../events/position.ts'
import { nonsense } from './answers.ts'
import type { ChangeLogEntry, ChangeLogRead } from './task-channel.ts'

/** `enum TaskEventKind` of the schema. */
export const taskEventKinds = [
  'CREATED',
  'UPDATED',
  'STATUS_CHANGED',
  'ASSIGNED',
  'COMMENTED',
  'DELETED',
  'RESTORED',
] as const
export type TaskEventKind = (typeof taskEventKinds)[number]

/** One event of the change log, in its place. */
export interface TaskEvent extends LogEntry, Omit<ChangeLogEntry, 'position' | 'kind'> {
  readonly kind: TaskEventKind
}

/** What a read of the log may leave out. */
export type TaskEventNarrow = Pick<ChangeLogRead, 'workspaceId' | 'projectId' | 'taskId'>

export type TaskFeed = Feed<TaskEvent, TaskEventNarrow>

/** The event an entry tells of; undefined for a kind of a newer db that this version cannot name. */
export function taskEvent(entry: ChangeLogEntry): TaskEvent | undefined {
  const kind = taskEventKinds.find(one => one === entry.kind)
  return kind === undefined ? undefined : { ...entry, kind, position: positionOf(entry.position) }
}

/** Throws AGENT_FAULT for a text that is no position. */
export function positionOf(text: string): Position {
  const position = parsePosition(text)
  if (position === undefined) throw nonsense('a position that is none')
  return position
}

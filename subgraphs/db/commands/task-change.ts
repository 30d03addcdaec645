import { isDeepStrictEqual } from 'node:util'
import type { StoredRecord, TaskRecord } from '../record.ts'
import type { ChangeEvent } from '../task-store.ts'
import type { Decision } from './command.ts'
import { searchTextOf } from './task-fields.ts'

/** What a command may change of a task; the rest follows from it. */
export type TaskPatch = Partial<
  Omit<
    TaskRecord,
    'kind' | 'id' | 'workspaceId' | 'version' | 'createdAt' | 'updatedAt' | 'completedAt' | 'searchText'
  >
>

/** The schema's names of the fields in which two states of a task can differ. */
const fieldNames = {
  title: 'title',
  description: 'description',
  status: 'status',
  priority: 'priority',
  startAt: 'startAt',
  dueAt: 'dueAt',
  completedAt: 'completedAt',
  estimateMinutes: 'estimateMinutes',
  assigneeIds: 'assignees',
  labelIds: 'labels',
  parentId: 'parent',
  blockedByIds: 'blockedBy',
  deletedAt: 'deletedAt',
} as const satisfies Partial<Record<keyof TaskRecord, string>>

/**
 * The task with the patch applied: its next version and one event, or unchanged when the patch changes nothing. What
 * happened is, unless `kind` says it: STATUS_CHANGED before ASSIGNED before UPDATED. A task that becomes DONE gets
 * `completedAt`, one that leaves DONE loses it.
 */
export function changeTask(
  task: TaskRecord,
  patch: TaskPatch,
  at: string,
  more: {
    readonly puts?: readonly StoredRecord[]
    readonly relies?: readonly StoredRecord[]
    readonly kind?: ChangeEvent['kind']
  } = {},
): Decision<TaskRecord> {
  const patched = { ...task, ...patch }
  const next: TaskRecord = {
    ...patched,
    version: task.version + 1,
    updatedAt: at,
    completedAt: completion(task, patched, at),
    searchText: searchTextOf(patched),
  }
  const changed = Object.entries(fieldNames).filter(([field]) => {
    // The names are those of a task's fields.
    const name = field as keyof typeof fieldNames
    return !isDeepStrictEqual(task[name], next[name])
  })
  if (changed.length === 0) return { is: 'unchanged', answer: task }
  const names = changed.map(([, name]) => name)
  const { projectId, id: taskId } = task
  return {
    is: 'write',
    puts: [next, ...(more.puts ?? [])],
    relies: more.relies ?? [],
    event: { kind: more.kind ?? kindOf(names), projectId, taskId, changed: names },
    answer: next,
  }
}

function completion(before: TaskRecord, after: TaskRecord, at: string): string | null {
  if (after.status !== 'DONE') return null
  return before.status === 'DONE' ? before.completedAt : at
}

function kindOf(changed: readonly string[]): ChangeEvent['kind'] {
  if (changed.includes('status')) return 'STATUS_CHANGED'
  return changed.includes('assignees') ? 'ASSIGNED' : 'UPDATED'
}

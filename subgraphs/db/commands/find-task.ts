import type { StoredRecord, TaskRecord } from '../record.ts'
import type { Action } from '../viewer.ts'
import { type CommandContext, type Decision, refuse, visible } from './command.ts'
import { staleVersion } from './stale-version.ts'

/** A task that may be changed, or why it may not. */
export type FoundTask =
  | { readonly is: 'found'; readonly task: TaskRecord }
  | { readonly is: 'not'; readonly refusal: Decision<TaskRecord> }

export interface TaskDemand {
  readonly action: Action
  /** Where the id stands in the mutation's arguments. */
  readonly path: readonly string[]
  readonly expectedVersion?: number | null | undefined
  /** Takes a deleted task as well. Default false. */
  readonly deletedToo?: boolean
}

/** The task when the viewer sees it, may do this with it, it is at the version expected and not deleted. */
export function findTask(
  record: StoredRecord | undefined,
  { viewer }: CommandContext,
  { action, path, expectedVersion, deletedToo = false }: TaskDemand,
): FoundTask {
  const task = visible(viewer, 'task', record)
  if (task === undefined) return not(refuse('NOT_FOUND', 'there is no such task', path))
  if (!viewer.can(action, task)) return not(refuse('FORBIDDEN', `you may not ${action} this task`, path))
  const stale = staleVersion(task, expectedVersion, [...path.slice(0, -1), 'expectedVersion'])
  if (stale !== undefined) return not(stale)
  if (task.deletedAt !== null && !deletedToo) {
    return not(refuse('CONFLICT', 'the task is deleted; restore it first', path))
  }
  return { is: 'found', task }
}

function not(refusal: Decision<TaskRecord>): FoundTask {
  return { is: 'not', refusal }
}

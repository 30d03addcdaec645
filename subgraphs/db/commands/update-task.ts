import { isDeepStrictEqual } from 'node:util'
import { type PriorityName, rankOf } from '../priority.ts'
import type { TaskRecord, TaskStatus } from '../record.ts'
import {
  type Command,
  type CommandContext,
  type Decision,
  type Steps,
  ask,
  refuse,
  refused,
  visible,
} from './command.ts'
import { findTask } from './find-task.ts'
import { graphGuard, raised } from './guards.ts'
import { InputCheck } from './input-check.ts'
import { type TaskPatch, changeTask } from './task-change.ts'
import { checkTaskFields, distinct } from './task-fields.ts'
import { missingReferences } from './task-references.ts'

/** A field left out stays; null clears it. */
export interface UpdateTaskInput {
  readonly id: string
  readonly expectedVersion?: number | null
  readonly title?: string | null
  readonly description?: string | null
  readonly status?: TaskStatus | null
  readonly priority?: PriorityName | null
  readonly startAt?: string | null
  readonly dueAt?: string | null
  readonly estimateMinutes?: number | null
  readonly assigneeIds?: readonly string[] | null
  readonly labelIds?: readonly string[] | null
  readonly parentId?: string | null
}

/** Tasks within tasks. A bound on the walk that looks for cycles. */
const nestingMax = 100

/** Changes what is given of a task, all in one version and one event. */
export const updateTask: Command<UpdateTaskInput, TaskRecord> = {
  name: 'updateTask',
  *decide(input, context) {
    const { viewer, at } = context
    const check = new InputCheck()
    for (const field of ['title', 'status', 'priority'] as const) {
      if (input[field] === null) check.refuse(field, `${field} cannot be cleared`)
    }
    checkTaskFields(check, input)
    if (check.errors.length > 0) return refused(check.errors)
    const patch = patchOf(input)
    const { assigneeIds = [], labelIds = [], parentId = null } = patch
    const facts = yield* ask(
      [{ kind: 'task', id: input.id }, ...labelIds.map(id => ({ kind: 'label', id }) as const)],
      assigneeIds,
    )
    const [record, ...labels] = facts.records
    const found = findTask(record, context, {
      action: 'update',
      path: ['input', 'id'],
      expectedVersion: input.expectedVersion,
    })
    if (found.is === 'not') return found.refusal
    const { task } = found
    if (patch.assigneeIds !== undefined && !isDeepStrictEqual(patch.assigneeIds, task.assigneeIds)) {
      if (!viewer.can('assign', task)) {
        return refuse('FORBIDDEN', 'you may not assign this task', ['input', 'assigneeIds'])
      }
    }
    const errors = missingReferences(viewer, {
      // Those who are assigned already may stay when they have left the workspace.
      assigneeIds,
      actors: new Set([...facts.actors, ...task.assigneeIds]),
      labels,
    })
    if (errors.length > 0) return refused(errors)
    if (parentId === null || parentId === task.parentId) return changeTask(task, patch, at)
    return yield* moveBelow(task, parentId, patch, context)
  },
}

/** Only the fields that are given, with null as the schema means it. */
function patchOf(input: UpdateTaskInput): TaskPatch {
  const { title, description, status, priority, startAt, dueAt, estimateMinutes, parentId } = input
  const { assigneeIds, labelIds } = input
  return {
    ...(title === undefined || title === null ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(status === undefined || status === null ? {} : { status }),
    ...(priority === undefined || priority === null ? {} : { priority: rankOf(priority) }),
    ...(startAt === undefined ? {} : { startAt }),
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(estimateMinutes === undefined ? {} : { estimateMinutes }),
    ...(assigneeIds === undefined ? {} : { assigneeIds: distinct(assigneeIds ?? []) }),
    ...(labelIds === undefined ? {} : { labelIds: distinct(labelIds ?? []) }),
    ...(parentId === undefined ? {} : { parentId }),
  }
}

/** Refuses to make a task its own ancestor. The guard keeps two moves from closing a cycle together. */
function* moveBelow(
  task: TaskRecord,
  parentId: string,
  patch: TaskPatch,
  context: CommandContext,
): Steps<Decision<TaskRecord>> {
  const path = ['input', 'parentId']
  if (parentId === task.id) return refuse('CONFLICT', 'a task cannot be its own parent', path)
  const guard = graphGuard(context.viewer.workspaceId)
  const {
    records: [record, current],
  } = yield* ask([{ kind: 'task', id: parentId }, guard])
  const parent = visible(context.viewer, 'task', record)
  if (parent === undefined || parent.deletedAt !== null) {
    return refuse('NOT_FOUND', 'there is no such task', path)
  }
  let above = parent.parentId
  for (let level = 1; above !== null; level++) {
    if (above === task.id) {
      return refuse('CONFLICT', `task ${parent.id} is below task ${task.id} already`, path)
    }
    if (level >= nestingMax) {
      return refuse('CONFLICT', `tasks may be nested at most ${nestingMax} levels deep`, path)
    }
    const { records } = yield* ask([{ kind: 'task', id: above }])
    const [ancestor] = records
    above = ancestor?.kind === 'task' ? ancestor.parentId : null
  }
  const puts = [raised(guard, current, (current?.version ?? 0) + 1, context)]
  return changeTask(task, patch, context.at, { puts, relies: [parent] })
}

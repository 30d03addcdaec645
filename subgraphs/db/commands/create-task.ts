import type { UserError } from '../../service/user-error.ts'
import { type PriorityName, rankOf } from '../priority.ts'
import type { StoredRecord, TaskRecord, TaskStatus } from '../record.ts'
import { type Command, type Facts, ask, refuse, refused, visible } from './command.ts'
import { counterOf, numberGuard, raised } from './guards.ts'
import { InputCheck } from './input-check.ts'
import { checkTaskFields, distinct, searchTextOf } from './task-fields.ts'
import { missingReferences } from './task-references.ts'

export interface CreateTaskInput {
  readonly projectId: string
  readonly title: string
  readonly description?: string | null
  readonly status: TaskStatus
  readonly priority: PriorityName
  readonly startAt?: string | null
  readonly dueAt?: string | null
  readonly estimateMinutes?: number | null
  readonly assigneeIds?: readonly string[] | null
  readonly labelIds?: readonly string[] | null
  readonly parentId?: string | null
}

/** A new task with the next number of its project. */
export const createTask: Command<CreateTaskInput, TaskRecord> = {
  name: 'createTask',
  *decide(input, context) {
    const { viewer, at, newId } = context
    const check = new InputCheck()
    checkTaskFields(check, input)
    if (check.errors.length > 0) return refused(check.errors)
    const assigneeIds = distinct(input.assigneeIds ?? [])
    const labelIds = distinct(input.labelIds ?? [])
    const parentId = input.parentId ?? null
    const counter = numberGuard(input.projectId)
    const facts: Facts = yield* ask(
      [
        { kind: 'project', id: input.projectId },
        counter,
        ...labelIds.map(id => ({ kind: 'label', id }) as const),
        ...(parentId === null ? [] : [{ kind: 'task', id: parentId } as const]),
      ],
      assigneeIds,
    )
    const [foundProject, counted] = facts.records
    const labels = facts.records.slice(2, 2 + labelIds.length)
    const parent = visible(viewer, 'task', parentId === null ? undefined : facts.records.at(-1))
    const project = visible(viewer, 'project', foundProject)
    if (project === undefined) return refuse('NOT_FOUND', 'there is no such project', ['input', 'projectId'])
    const errors: UserError[] = missingReferences(viewer, { assigneeIds, actors: facts.actors, labels })
    if (parentId !== null && (parent === undefined || parent.deletedAt !== null)) {
      errors.push({ code: 'NOT_FOUND', message: 'there is no such task', path: ['input', 'parentId'] })
    }
    const number = counterOf(counted) + 1
    const task: TaskRecord = {
      kind: 'task',
      id: newId('Task'),
      workspaceId: viewer.workspaceId,
      version: 1,
      createdAt: at,
      updatedAt: at,
      number,
      projectId: project.id,
      title: input.title,
      description: input.description ?? null,
      status: input.status,
      priority: rankOf(input.priority),
      startAt: input.startAt ?? null,
      dueAt: input.dueAt ?? null,
      completedAt: input.status === 'DONE' ? at : null,
      estimateMinutes: input.estimateMinutes ?? null,
      creatorId: viewer.actorId,
      assigneeIds,
      labelIds,
      parentId,
      blockedByIds: [],
      deletedAt: null,
      searchText: searchTextOf({ title: input.title, description: input.description ?? null }),
    }
    if (!viewer.can('create', task)) return refuse('FORBIDDEN', 'you may not create tasks here', ['input'])
    if (assigneeIds.length > 0 && !viewer.can('assign', task)) {
      return refuse('FORBIDDEN', 'you may not assign tasks here', ['input', 'assigneeIds'])
    }
    if (project.archived) {
      const message = `the project ${project.key} is archived and takes no new tasks`
      return refuse('CONFLICT', message, ['input', 'projectId'])
    }
    if (errors.length > 0) return refused(errors)
    const relies: readonly StoredRecord[] = parent === undefined ? [project] : [project, parent]
    return {
      is: 'write',
      puts: [task, raised(counter, counted, number, context)],
      relies,
      event: { kind: 'CREATED', projectId: project.id, taskId: task.id, changed: [] },
      answer: task,
    }
  },
}

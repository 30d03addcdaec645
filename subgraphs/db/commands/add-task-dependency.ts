import type { TaskRecord } from '../record.ts'
import { type Command, type Steps, ask, refuse, visible } from './command.ts'
import { findTask } from './find-task.ts'
import { graphGuard, raised } from './guards.ts'
import { changeTask } from './task-change.ts'

export interface TaskDependencyInput {
  readonly taskId: string
  readonly blockedById: string
}

/** Tasks that one task may wait for. */
export const blockersMax = 50
/** Tasks that the search for a cycle visits. Beyond them the dependency is refused, as it could not be proved harmless. */
const visitedMax = 10_000

/** Makes a task wait for another one. Refused when that one already waits for it, however far. */
export const addTaskDependency: Command<TaskDependencyInput, TaskRecord> = {
  name: 'addTaskDependency',
  *decide({ taskId, blockedById }, context) {
    const { viewer, at } = context
    const guard = graphGuard(viewer.workspaceId)
    // The guard is read before the walk: whoever changes the graph meanwhile makes this commit a conflict.
    const { records } = yield* ask([guard, { kind: 'task', id: taskId }, { kind: 'task', id: blockedById }])
    const [current, first, second] = records
    const found = findTask(first, context, { action: 'update', path: ['taskId'] })
    if (found.is === 'not') return found.refusal
    const { task } = found
    const blocker = visible(viewer, 'task', second)
    if (blocker === undefined || blocker.deletedAt !== null) {
      return refuse('NOT_FOUND', 'there is no such task', ['blockedById'])
    }
    if (blocker.id === task.id) return refuse('CONFLICT', 'a task cannot wait for itself', ['blockedById'])
    if (task.blockedByIds.includes(blocker.id)) return { is: 'unchanged', answer: task }
    if (task.blockedByIds.length >= blockersMax) {
      return refuse('CONFLICT', `a task may wait for at most ${blockersMax} others`, ['taskId'])
    }
    const chain = yield* chainTo(task.id, blocker)
    if (chain === 'too long') {
      const message = `task ${blocker.id} waits for more than ${visitedMax} tasks; cycles cannot be ruled out`
      return refuse('CONFLICT', message, ['blockedById'])
    }
    if (chain !== undefined) {
      const told = [task.id, ...chain].join(' → ')
      return refuse('CONFLICT', `this would close a cycle: ${told}`, ['blockedById'])
    }
    const blockedByIds = [...task.blockedByIds, blocker.id]
    const puts = [raised(guard, current, (current?.version ?? 0) + 1, context)]
    return changeTask(task, { blockedByIds }, at, { puts, relies: [blocker] })
  },
}

/** The tasks on a way from `start` along "waits for" to the task `goal`, both included; level by level. */
function* chainTo(goal: string, start: TaskRecord): Steps<readonly string[] | 'too long' | undefined> {
  /** How each task was reached. */
  const from = new Map<string, string | undefined>([[start.id, undefined]])
  let level: readonly TaskRecord[] = [start]
  while (level.length > 0) {
    const next: string[] = []
    for (const task of level) {
      for (const id of task.blockedByIds) {
        if (from.has(id)) continue
        from.set(id, task.id)
        if (id === goal) return wayBack(from, goal)
        next.push(id)
      }
    }
    if (from.size > visitedMax) return 'too long'
    if (next.length === 0) return undefined
    const { records } = yield* ask(next.map(id => ({ kind: 'task', id })))
    level = records.filter(record => record?.kind === 'task')
  }
  return undefined
}

function wayBack(from: ReadonlyMap<string, string | undefined>, goal: string): readonly string[] {
  const way: string[] = []
  for (let at: string | undefined = goal; at !== undefined; at = from.get(at)) way.unshift(at)
  return way
}

import type { TaskRecord } from '../record.ts'
import type { TaskDependencyInput } from './add-task-dependency.ts'
import { type Command, ask } from './command.ts'
import { findTask } from './find-task.ts'
import { changeTask } from './task-change.ts'

/** A task waits for another one no longer. Cannot close a cycle, so it needs no guard. */
export const removeTaskDependency: Command<TaskDependencyInput, TaskRecord> = {
  name: 'removeTaskDependency',
  *decide({ taskId, blockedById }, context) {
    const { records } = yield* ask([{ kind: 'task', id: taskId }])
    const found = findTask(records[0], context, { action: 'update', path: ['taskId'] })
    if (found.is === 'not') return found.refusal
    const blockedByIds = found.task.blockedByIds.filter(id => id !== blockedById)
    return changeTask(found.task, { blockedByIds }, context.at)
  },
}

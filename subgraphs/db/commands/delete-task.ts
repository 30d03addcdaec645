import type { TaskRecord } from '../record.ts'
import { type Command, ask } from './command.ts'
import { findTask } from './find-task.ts'
import { changeTask } from './task-change.ts'
import type { TaskLifeInput } from './task-life-input.ts'

/** Takes a task out of all lists; it stays to be found by id and can be restored. */
export const deleteTask: Command<TaskLifeInput, TaskRecord> = {
  name: 'deleteTask',
  *decide({ id, expectedVersion }, context) {
    const { records } = yield* ask([{ kind: 'task', id }])
    const demand = { action: 'delete', path: ['id'], expectedVersion, deletedToo: true } as const
    const found = findTask(records[0], context, demand)
    if (found.is === 'not') return found.refusal
    const deletedAt = found.task.deletedAt ?? context.at
    return changeTask(found.task, { deletedAt }, context.at, { kind: 'DELETED' })
  },
}

import type { TaskRecord } from '../record.ts'
import { type Command, ask } from './command.ts'
import { findTask } from './find-task.ts'
import { changeTask } from './task-change.ts'
import type { TaskLifeInput } from './task-life-input.ts'

/** Makes a task DONE. */
export const completeTask: Command<TaskLifeInput, TaskRecord> = {
  name: 'completeTask',
  *decide({ id, expectedVersion }, context) {
    const { records } = yield* ask([{ kind: 'task', id }])
    const found = findTask(records[0], context, { action: 'update', path: ['id'], expectedVersion })
    return found.is === 'not' ? found.refusal : changeTask(found.task, { status: 'DONE' }, context.at)
  },
}

import type { TaskRecord } from '../record.ts'
import { type Command, ask } from './command.ts'
import { findTask } from './find-task.ts'
import { changeTask } from './task-change.ts'
import type { TaskLifeInput } from './task-life-input.ts'

/** Brings a deleted task back into the lists. */
export const restoreTask: Command<TaskLifeInput, TaskRecord> = {
  name: 'restoreTask',
  *decide({ id, expectedVersion }, context) {
    const { records } = yield* ask([{ kind: 'task', id }])
    const demand = { action: 'restore', path: ['id'], expectedVersion, deletedToo: true } as const
    const found = findTask(records[0], context, demand)
    if (found.is === 'not') return found.refusal
    return changeTask(found.task, { deletedAt: null }, context.at, { kind: 'RESTORED' })
  },
}

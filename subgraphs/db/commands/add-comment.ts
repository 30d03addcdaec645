import type { CommentRecord } from '../record.ts'
import { type Command, ask, refuse, refused, visible } from './command.ts'
import { InputCheck } from './input-check.ts'

export interface AddCommentInput {
  readonly taskId: string
  readonly body: string
}

/** A comment on a task; the task itself stays as it is. */
export const addComment: Command<AddCommentInput, CommentRecord> = {
  name: 'addComment',
  *decide(input, { viewer, at, newId }) {
    const check = new InputCheck()
    check.text('body', input.body, 1, 20_000)
    if (check.errors.length > 0) return refused(check.errors)
    const path = ['input', 'taskId']
    const { records } = yield* ask([{ kind: 'task', id: input.taskId }])
    const task = visible(viewer, 'task', records[0])
    if (task === undefined) return refuse('NOT_FOUND', 'there is no such task', path)
    if (!viewer.can('comment', task)) return refuse('FORBIDDEN', 'you may not comment on this task', path)
    if (task.deletedAt !== null) return refuse('CONFLICT', 'the task is deleted; restore it first', path)
    const comment: CommentRecord = {
      kind: 'comment',
      id: newId('Comment'),
      workspaceId: viewer.workspaceId,
      version: 1,
      createdAt: at,
      updatedAt: at,
      taskId: task.id,
      body: input.body,
      authorId: viewer.actorId,
    }
    return {
      is: 'write',
      puts: [comment],
      relies: [],
      event: { kind: 'COMMENTED', projectId: task.projectId, taskId: task.id, changed: ['comments'] },
      answer: comment,
    }
  },
}

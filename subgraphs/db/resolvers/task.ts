import { EnneadError } from '../../../kernel/errors.ts'
import { type PageArguments, pageSize } from '../../service/page.ts'
import { type Connection, connection } from '../connection.ts'
import { type PriorityName, nameOfRank } from '../priority.ts'
import type { RecordOf, RecordReader } from '../record-reader.ts'
import type { VisibleKind } from '../viewer.ts'
import type { DbContext } from './context.ts'
import { oldestFirst, taskList } from './lists.ts'

type Task = RecordOf<'task'>

/** An object another subgraph knows more of. */
export interface Reference {
  readonly id: string
}

export const taskResolvers = {
  __resolveReference: ({ id }: Reference, { reader }: DbContext): Promise<Task | undefined> =>
    reader().load('task', id),
  priority: ({ priority }: Task): PriorityName => nameOfRank(priority),
  project: ({ projectId }: Task, _: unknown, { reader }: DbContext): Promise<RecordOf<'project'>> =>
    mustHave(reader(), 'project', projectId),
  creator: ({ creatorId }: Task): Reference => ({ id: creatorId }),
  assignees: ({ assigneeIds }: Task, { first }: { first?: number | null }): readonly Reference[] =>
    assigneeIds.slice(0, pageSize('first', first ?? 10)).map(id => ({ id })),
  labels: ({ labelIds }: Task, _: unknown, { reader }: DbContext): Promise<readonly RecordOf<'label'>[]> =>
    reader().loadMany('label', labelIds),
  parent: ({ parentId }: Task, _: unknown, { reader }: DbContext): Promise<Task | undefined> | null =>
    parentId === null ? null : reader().load('task', parentId),
  subtasks: ({ id }: Task, args: PageArguments, { reader }: DbContext): Promise<Connection<Task>> =>
    taskList(reader(), [{ is: 'in', field: 'parentId', values: [id] }], args),
  blockedBy: async ({ blockedByIds }: Task, _: unknown, { reader }: DbContext): Promise<readonly Task[]> => {
    const tasks = await reader().loadMany('task', blockedByIds)
    return tasks.filter(task => task.deletedAt === null)
  },
  blocks: ({ id }: Task, _: unknown, { reader }: DbContext): Promise<readonly Task[]> => reader().blocks(id),
  comments: (
    { id }: Task,
    args: PageArguments,
    { reader }: DbContext,
  ): Promise<Connection<RecordOf<'comment'>>> =>
    connection(
      reader(),
      { kind: 'comment', where: { is: 'in', field: 'taskId', values: [id] }, order: oldestFirst },
      args,
    ),
}

export const commentResolvers = {
  __resolveReference: ({ id }: Reference, { reader }: DbContext): Promise<RecordOf<'comment'> | undefined> =>
    reader().load('comment', id),
  author: ({ authorId }: RecordOf<'comment'>): Reference => ({ id: authorId }),
  task: ({ taskId }: RecordOf<'comment'>, _: unknown, { reader }: DbContext): Promise<Task> =>
    mustHave(reader(), 'task', taskId),
}

async function mustHave<K extends VisibleKind>(
  reader: RecordReader,
  kind: K,
  id: string,
): Promise<RecordOf<K>> {
  const record = await reader.load(kind, id)
  if (record === undefined) throw new EnneadError('NOT_FOUND', `there is no such ${kind}`)
  return record
}

import { EnneadError } from '../../../kernel/errors.ts'
import type { ResolverPlace } from '../../service/degradation-notes.ts'
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
  __resolveReference: (
    reference: Reference,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Task | undefined> => reader(place, reference).load('task', reference.id),
  priority: ({ priority }: Task): PriorityName => nameOfRank(priority),
  project: (
    { projectId }: Task,
    _: unknown,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<RecordOf<'project'>> => mustHave(reader(place), 'project', projectId),
  creator: ({ creatorId }: Task): Reference => ({ id: creatorId }),
  assignees: ({ assigneeIds }: Task, { first }: { first?: number | null }): readonly Reference[] =>
    assigneeIds.slice(0, pageSize('first', first ?? 10)).map(id => ({ id })),
  labels: (
    { labelIds }: Task,
    _: unknown,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<readonly RecordOf<'label'>[]> => reader(place).loadMany('label', labelIds),
  parent: (
    { parentId }: Task,
    _: unknown,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Task | undefined> | null => (parentId === null ? null : reader(place).load('task', parentId)),
  subtasks: (
    { id }: Task,
    args: PageArguments,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Connection<Task>> =>
    taskList(reader(place), [{ is: 'in', field: 'parentId', values: [id] }], args),
  blockedBy: async (
    { blockedByIds }: Task,
    _: unknown,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<readonly Task[]> => {
    const tasks = await reader(place).loadMany('task', blockedByIds)
    return tasks.filter(task => task.deletedAt === null)
  },
  blocks: ({ id }: Task, _: unknown, { reader }: DbContext, place: ResolverPlace): Promise<readonly Task[]> =>
    reader(place).blocks(id),
  comments: (
    { id }: Task,
    args: PageArguments,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Connection<RecordOf<'comment'>>> =>
    connection(
      reader(place),
      { kind: 'comment', where: { is: 'in', field: 'taskId', values: [id] }, order: oldestFirst },
      args,
    ),
}

export const commentResolvers = {
  __resolveReference: (
    reference: Reference,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<RecordOf<'comment'> | undefined> => reader(place, reference).load('comment', reference.id),
  author: ({ authorId }: RecordOf<'comment'>): Reference => ({ id: authorId }),
  task: (
    { taskId }: RecordOf<'comment'>,
    _: unknown,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Task> => mustHave(reader(place), 'task', taskId),
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

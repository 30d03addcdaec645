import { EnneadError } from '../../../kernel/errors.ts'
import type { ResolverPlace } from '../../service/degradation-notes.ts'
import type { PageArguments } from '../../service/page.ts'
import type { FeedPage, FeedRead } from '../change-feed.ts'
import type { Connection } from '../connection.ts'
import type { RecordOf, RecordReader } from '../record-reader.ts'
import { type SearchArguments, type SearchConnection, searchTasks } from '../search.ts'
import { type DbContext, requireService } from './context.ts'
import { type TaskListArguments, oldestFirst, projectList, taskList } from './lists.ts'

type Task = RecordOf<'task'>
type Project = RecordOf<'project'>

export const queryResolvers = {
  task: (
    _: unknown,
    { id }: { id: string },
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Task | undefined> => reader(place).load('task', id),

  taskByNumber: async (
    _: unknown,
    { projectKey, number }: { projectKey: string; number: number },
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Task | undefined> => {
    const project = await projectByKey(reader(place), projectKey)
    if (project === undefined) return undefined
    const [task] = await reader(place).query({
      kind: 'task',
      where: {
        is: 'all',
        of: [
          { is: 'in', field: 'projectId', values: [project.id] },
          { is: 'in', field: 'number', values: [number] },
        ],
      },
      order: oldestFirst,
      limit: 1,
    })
    return task
  },

  tasks: (
    _: unknown,
    args: TaskListArguments,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Connection<Task>> => taskList(reader(place), [], args),

  project: (
    _: unknown,
    { id, key }: { id?: string | null; key?: string | null },
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Project | undefined> => {
    const hasId = id !== undefined && id !== null
    const hasKey = key !== undefined && key !== null
    if (hasId && !hasKey) return reader(place).load('project', id)
    if (hasKey && !hasId) return projectByKey(reader(place), key)
    throw new EnneadError('BAD_USER_INPUT', 'give exactly one of "id" and "key"')
  },

  projects: (
    _: unknown,
    args: PageArguments,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Connection<Project>> => projectList(reader(place), args),

  searchTasks: (
    _: unknown,
    args: SearchArguments,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<SearchConnection> => searchTasks(reader(place), args),

  changeLog: async (
    _: unknown,
    args: NullableFields<FeedRead>,
    { hop, domain, ready }: DbContext,
  ): Promise<FeedPage> => {
    requireService(hop)
    await ready()
    const { after, first, waitMs, workspaceId, projectId, taskId, newestFirst } = args
    const read = {
      after: after ?? undefined,
      first: first ?? 100,
      waitMs: waitMs ?? 0,
      workspaceId: workspaceId ?? undefined,
      projectId: projectId ?? undefined,
      taskId: taskId ?? undefined,
      newestFirst: newestFirst ?? false,
    }
    return domain.changes.read(read, hop.signal)
  },
}

type NullableFields<T> = { readonly [K in keyof T]?: T[K] | null }

async function projectByKey(reader: RecordReader, key: string): Promise<Project | undefined> {
  // Nothing else can be a key, so no store need be asked.
  if (!/^[A-Z][A-Z0-9]{0,9}$/.test(key)) return undefined
  const [project] = await reader.query({
    kind: 'project',
    where: { is: 'in', field: 'key', values: [key] },
    order: oldestFirst,
    limit: 1,
  })
  return project
}

import type { ResolverPlace } from '../../service/degradation-notes.ts'
import type { PageArguments } from '../../service/page.ts'
import { labelsMax } from '../commands/create-label.ts'
import type { Connection } from '../connection.ts'
import type { RecordOf } from '../record-reader.ts'
import type { DbContext } from './context.ts'
import { type TaskListArguments, newestFirst, projectList, taskList } from './lists.ts'
import type { Reference } from './task.ts'

type Task = RecordOf<'task'>

/** Actors are known to another subgraph; here an id is all there is, and their tasks in the viewer's workspace. */
export const actorResolvers = {
  __resolveReference: ({ id }: Reference): Reference => ({ id }),
  createdTasks: (
    { id }: Reference,
    args: PageArguments,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Connection<Task>> =>
    taskList(reader(place), [{ is: 'in', field: 'creatorId', values: [id] }], args, newestFirst),
  assignedTasks: (
    { id }: Reference,
    args: TaskListArguments,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Connection<Task>> =>
    taskList(reader(place), [{ is: 'in', field: 'assigneeIds', values: [id] }], args),
}

/** A workspace other than the viewer's own is none. */
export const workspaceResolvers = {
  __resolveReference: ({ id }: Reference, { reader }: DbContext, place: ResolverPlace): Reference | null =>
    reader(place).viewer.workspaceId === id ? { id } : null,
  projects: (
    _: Reference,
    args: PageArguments,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Connection<RecordOf<'project'>>> => projectList(reader(place), args),
  labels: (
    _: Reference,
    _args: unknown,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<readonly RecordOf<'label'>[]> =>
    reader(place).query({
      kind: 'label',
      where: { is: 'all', of: [] },
      order: { field: 'name', direction: 'ascending' },
      limit: labelsMax,
    }),
}

export const projectResolvers = {
  __resolveReference: (
    reference: Reference,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<RecordOf<'project'> | undefined> => reader(place, reference).load('project', reference.id),
  workspace: ({ workspaceId }: RecordOf<'project'>): Reference => ({ id: workspaceId }),
  tasks: (
    { id }: RecordOf<'project'>,
    args: TaskListArguments,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<Connection<Task>> =>
    taskList(reader(place), [{ is: 'in', field: 'projectId', values: [id] }], args),
}

export const labelResolvers = {
  __resolveReference: (
    reference: Reference,
    { reader }: DbContext,
    place: ResolverPlace,
  ): Promise<RecordOf<'label'> | undefined> => reader(place, reference).load('label', reference.id),
}

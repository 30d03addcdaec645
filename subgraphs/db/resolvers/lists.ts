import type { PageArguments } from '../../service/page.ts'
import type { Condition } from '../condition.ts'
import { type Connection, connection } from '../connection.ts'
import type { RecordOf, RecordReader } from '../record-reader.ts'
import { type TaskFilter, filterCondition } from '../task-filter.ts'
import type { RecordOrder } from '../task-store.ts'

/** `input TaskOrder` */
export interface TaskOrder {
  readonly field: 'CREATED_AT' | 'UPDATED_AT' | 'DUE_AT' | 'PRIORITY'
  readonly direction: 'ASC' | 'DESC'
}

export interface TaskListArguments extends PageArguments {
  readonly filter?: TaskFilter | null
  readonly orderBy?: TaskOrder | null
}

const orderFields = {
  CREATED_AT: 'createdAt',
  UPDATED_AT: 'updatedAt',
  DUE_AT: 'dueAt',
  PRIORITY: 'priority',
} as const satisfies Record<TaskOrder['field'], RecordOrder['field']>

export const oldestFirst: RecordOrder = { field: 'createdAt', direction: 'ascending' }
export const newestFirst: RecordOrder = { field: 'createdAt', direction: 'descending' }

/** A page of tasks that fulfil `where` and the client's filter; oldest first unless ordered otherwise. */
export function taskList(
  reader: RecordReader,
  where: readonly Condition[],
  { filter, orderBy, ...page }: TaskListArguments,
  fallback: RecordOrder = oldestFirst,
): Promise<Connection<RecordOf<'task'>>> {
  const order: RecordOrder =
    orderBy === undefined || orderBy === null
      ? fallback
      : {
          field: orderFields[orderBy.field],
          direction: orderBy.direction === 'ASC' ? 'ascending' : 'descending',
        }
  return connection(
    reader,
    { kind: 'task', where: { is: 'all', of: [...where, filterCondition(filter)] }, order },
    page,
  )
}

/** A page of the workspace's projects, oldest first. */
export function projectList(
  reader: RecordReader,
  page: PageArguments,
): Promise<Connection<RecordOf<'project'>>> {
  return connection(reader, { kind: 'project', where: { is: 'all', of: [] }, order: oldestFirst }, page)
}

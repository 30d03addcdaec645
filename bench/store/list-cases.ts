import type { Condition } from '../../subgraphs/db/condition.ts'
import { filterCondition, type TaskFilter } from '../../subgraphs/db/task-filter.ts'
import type { OrderKey, RecordOrder, RecordQuery } from '../../subgraphs/db/task-store.ts'
import { idOf, workspaceId, words } from './many-tasks.ts'

/** A list as the graph asks for it, with what varies from one time to the next. */
export interface ListCase {
  readonly name: string
  /** `turn` counts up from 0; the same turn asks the same. */
  query(turn: number, order: RecordOrder): RecordQuery
}

/** Every order the graph offers. */
export const orders: readonly RecordOrder[] = (
  ['createdAt', 'updatedAt', 'dueAt', 'priority'] as const
).flatMap(field => [
  { field, direction: 'ascending' as const },
  { field, direction: 'descending' as const },
])

/** A page of 50, and one more to know whether there is another. */
const limit = 51
const day = (turn: number): string =>
  new Date(Date.UTC(2023, 1, 1) + (turn % 1_000) * 86_400_000).toISOString()
const frequent = (turn: number): string => words[turn % 20] ?? ''
const middling = (turn: number): string => words[500 + (turn % 500)] ?? ''
const rare = (turn: number): string => words[3_900 + (turn % 100)] ?? ''

function filtered(name: string, filter: (turn: number) => TaskFilter): ListCase {
  return list(name, turn => filterCondition(filter(turn)))
}

function list(name: string, where: (turn: number) => Condition): ListCase {
  return { name, query: (turn, order) => ({ kind: 'task', workspaceId, where: where(turn), order, limit }) }
}

/** Each filter the graph offers, with values that many, some and few tasks have; and what boards ask together. */
export const listCases: readonly ListCase[] = [
  filtered('all', () => ({})),
  filtered('deleted too', () => ({ includeDeleted: true })),
  filtered('status, of most', () => ({ status: ['DONE'] })),
  filtered('status, of some', () => ({ status: ['TODO', 'IN_PROGRESS'] })),
  filtered('status, of few', () => ({ status: ['BLOCKED'] })),
  filtered('priority, of few', () => ({ priority: ['URGENT'] })),
  filtered('assignee, of many', turn => ({ assigneeId: [idOf('user', 1 + (turn % 5))] })),
  filtered('assignee, of few', turn => ({ assigneeId: [idOf('user', 150 + (turn % 50))] })),
  filtered('label, of many', turn => ({ labelId: [idOf('label', 1 + (turn % 3))] })),
  filtered('label, of few', turn => ({ labelId: [idOf('label', 30 + (turn % 10))] })),
  filtered('project, large', turn => ({ projectId: [idOf('project', 1 + (turn % 3))] })),
  filtered('project, small', turn => ({ projectId: [idOf('project', 40 + (turn % 10))] })),
  filtered('several projects', turn => ({
    projectId: [10, 20, 30].map(from => idOf('project', from + (turn % 10))),
  })),
  filtered('creator, of many', turn => ({ creatorId: [idOf('user', 1 + (turn % 5))] })),
  filtered('creator, of few', turn => ({ creatorId: [idOf('user', 150 + (turn % 50))] })),
  filtered('title contains a frequent word', turn => ({ title: { contains: frequent(turn) } })),
  filtered('title contains a middling word', turn => ({ title: { contains: middling(turn) } })),
  filtered('title contains a rare word', turn => ({ title: { contains: rare(turn) } })),
  filtered('title contains two letters', turn => ({ title: { contains: frequent(turn).slice(0, 2) } })),
  filtered('title contains what no title has', () => ({ title: { contains: 'qqq' } })),
  filtered('title equals', turn => ({ title: { eq: `${frequent(turn)} ${rare(turn)}` } })),
  filtered('due in a week', turn => ({ dueAt: { gte: day(turn), lt: day(turn + 7) } })),
  filtered('overdue and open', turn => ({
    dueAt: { lt: day(turn) },
    status: ['TODO', 'IN_PROGRESS', 'BLOCKED'],
  })),
  filtered('without a due date', () => ({ dueAt: { isNull: true } })),
  filtered('updated since', turn => ({ updatedAt: { gt: day(turn) } })),
  filtered('updated in a day', turn => ({ updatedAt: { gte: day(turn), lt: day(turn + 1) } })),
  filtered('project and status, of few', turn => ({
    projectId: [idOf('project', 1 + (turn % 10))],
    status: ['BLOCKED'],
  })),
  filtered('mine and open', turn => ({
    assigneeId: [idOf('user', 1 + (turn % 200))],
    status: ['TODO', 'IN_PROGRESS', 'BLOCKED'],
  })),
  filtered('mine, in a small project', turn => ({
    assigneeId: [idOf('user', 1 + ((turn * 16) % 200))],
    projectId: [idOf('project', 40 + (turn % 10))],
  })),
  filtered('assignee and label, of many', turn => ({
    assigneeId: [idOf('user', 1 + (turn % 5))],
    labelId: [idOf('label', 1 + (turn % 3))],
  })),
  filtered('assignee and label, of few', turn => ({
    assigneeId: [idOf('user', 100 + (turn % 100))],
    labelId: [idOf('label', 30 + (turn % 10))],
  })),
  filtered('several assignees', turn => ({
    assigneeId: [1, 50, 100, 150].map(from => idOf('user', from + (turn % 50))),
  })),
  filtered('not done', () => ({ not: { status: ['DONE', 'CANCELLED'] } })),
  filtered('mine or urgent', turn => ({
    or: [{ assigneeId: [idOf('user', 100 + (turn % 100))] }, { priority: ['URGENT'] }],
  })),
]

/** `searchTasks` asks for the 1,000 matches changed last, and orders them itself. */
export const searchCases: readonly ListCase[] = [
  search('search: a frequent word', turn => [frequent(turn)]),
  search('search: a middling word', turn => [middling(turn)]),
  search('search: a rare word', turn => [rare(turn)]),
  search('search: two words', turn => [frequent(turn), middling(turn)]),
  search('search: three rare words', turn => [rare(turn), rare(turn + 1), rare(turn + 2)]),
  search('search: what no task has', () => ['qqq']),
]

const searchOrder: RecordOrder = { field: 'updatedAt', direction: 'descending' }

function search(name: string, wanted: (turn: number) => readonly string[]): ListCase {
  return {
    name,
    query: turn => ({
      kind: 'task',
      workspaceId,
      where: {
        is: 'all',
        of: [
          filterCondition({}),
          ...wanted(turn).map((text): Condition => ({ is: 'contains', field: 'searchText', text })),
        ],
      },
      order: searchOrder,
      limit: 1_000,
    }),
  }
}

/** The same list from a place in its middle; in the order of due dates also from among those that have none. */
export function fromTheMiddle(query: RecordQuery): readonly RecordQuery[] {
  const middle: Readonly<Record<string, OrderKey['value']>> = {
    createdAt: '2024-06-01T00:00:00.000Z',
    updatedAt: '2024-06-01T00:00:00.000Z',
    dueAt: '2024-06-01T00:00:00.000Z',
    priority: 1,
  }
  const values = [middle[query.order.field] ?? null, ...(query.order.field === 'dueAt' ? [null] : [])]
  return values.map(value => ({ ...query, behind: { value, id: idOf('task', 500_000) } }))
}

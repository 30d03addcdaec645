import { EnneadError } from '../../kernel/errors.ts'
import type { Condition, Field, Scalar } from './condition.ts'
import { type PriorityName, rankOf } from './priority.ts'
import type { TaskStatus } from './record.ts'

type Maybe<T> = T | null | undefined

/** `input StringFilter` */
export interface StringFilter {
  readonly eq?: Maybe<string>
  readonly in?: Maybe<readonly string[]>
  readonly contains?: Maybe<string>
}

/** `input DateTimeFilter`; instants are in UTC with milliseconds. */
export interface DateTimeFilter {
  readonly gt?: Maybe<string>
  readonly gte?: Maybe<string>
  readonly lt?: Maybe<string>
  readonly lte?: Maybe<string>
  readonly isNull?: Maybe<boolean>
}

/** `input TaskFilter` */
export interface TaskFilter {
  readonly and?: Maybe<readonly TaskFilter[]>
  readonly or?: Maybe<readonly TaskFilter[]>
  readonly not?: Maybe<TaskFilter>
  readonly status?: Maybe<readonly TaskStatus[]>
  readonly priority?: Maybe<readonly PriorityName[]>
  readonly assigneeId?: Maybe<readonly string[]>
  readonly labelId?: Maybe<readonly string[]>
  readonly projectId?: Maybe<readonly string[]>
  readonly creatorId?: Maybe<readonly string[]>
  readonly title?: Maybe<StringFilter>
  readonly dueAt?: Maybe<DateTimeFilter>
  readonly updatedAt?: Maybe<DateTimeFilter>
  readonly includeDeleted?: Maybe<boolean>
}

/** Filters within filters, filters in all, values in one list, characters in one text. */
const limits = { depth: 8, filters: 100, values: 200, text: 1_000 } as const

/**
 * What a client's filter asks of tasks; deleted ones are left out unless the top says otherwise. Throws BAD_USER_INPUT
 * for filters that are too deep or too large.
 */
export function filterCondition(filter: Maybe<TaskFilter>): Condition {
  const withDeleted = filter?.includeDeleted === true
  const parts = filter === undefined || filter === null ? [] : [translate(filter, 1, { filters: 0 })]
  const alive: Condition = { is: 'in', field: 'deletedAt', values: [null] }
  return { is: 'all', of: withDeleted ? parts : [alive, ...parts] }
}

function translate(filter: TaskFilter, depth: number, seen: { filters: number }): Condition {
  seen.filters++
  if (depth > limits.depth) throw tooMuch('levels', limits.depth)
  if (seen.filters > limits.filters) throw tooMuch('filters', limits.filters)
  const inner = (one: TaskFilter): Condition => translate(one, depth + 1, seen)
  const { and, or, not, priority } = filter
  const parts: Condition[] = [
    ...(and ?? []).map(inner),
    ...oneOf('status', filter.status),
    ...oneOf('priority', priority?.map(rankOf)),
    ...oneOf('assigneeIds', filter.assigneeId),
    ...oneOf('labelIds', filter.labelId),
    ...oneOf('projectId', filter.projectId),
    ...oneOf('creatorId', filter.creatorId),
    ...ofText('title', filter.title),
    ...ofInstant('dueAt', filter.dueAt),
    ...ofInstant('updatedAt', filter.updatedAt),
  ]
  if (or !== undefined && or !== null) parts.push({ is: 'any', of: or.map(inner) })
  if (not !== undefined && not !== null) parts.push({ is: 'not', of: inner(not) })
  return { is: 'all', of: parts }
}

function oneOf(field: Field, values: Maybe<readonly Scalar[]>): Condition[] {
  if (values === undefined || values === null) return []
  if (values.length > limits.values) throw tooMuch('values in one list', limits.values)
  for (const value of values) if (typeof value === 'string') checkText(value)
  return [{ is: 'in', field, values }]
}

function ofText(field: Field, filter: Maybe<StringFilter>): Condition[] {
  if (filter === undefined || filter === null) return []
  const { eq, contains } = filter
  const parts = oneOf(field, filter.in)
  if (eq !== undefined && eq !== null) parts.push(...oneOf(field, [eq]))
  if (contains !== undefined && contains !== null) {
    checkText(contains)
    parts.push({ is: 'contains', field, text: contains })
  }
  return parts
}

function ofInstant(field: Field, filter: Maybe<DateTimeFilter>): Condition[] {
  if (filter === undefined || filter === null) return []
  const bounds = [
    { is: 'after', value: filter.gt, orEqual: false },
    { is: 'after', value: filter.gte, orEqual: true },
    { is: 'before', value: filter.lt, orEqual: false },
    { is: 'before', value: filter.lte, orEqual: true },
  ] as const
  const parts: Condition[] = bounds.flatMap(({ is, value, orEqual }) =>
    value === undefined || value === null ? [] : [{ is, field, value, orEqual }],
  )
  const isNull: Condition = { is: 'in', field, values: [null] }
  if (filter.isNull === true) parts.push(isNull)
  if (filter.isNull === false) parts.push({ is: 'not', of: isNull })
  return parts
}

/** What no record can hold must not reach a store, which may choke on it. */
function checkText(text: string): void {
  if (text.length > limits.text) throw tooMuch('characters in one text', limits.text)
  if (text.includes('\0') || !text.isWellFormed()) {
    throw new EnneadError('BAD_USER_INPUT', 'a filter holds a text that is not well-formed')
  }
}

function tooMuch(what: string, max: number): EnneadError {
  return new EnneadError('BAD_USER_INPUT', `a filter may have at most ${max} ${what}`)
}

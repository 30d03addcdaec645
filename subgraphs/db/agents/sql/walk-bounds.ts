import type { Condition } from '../../condition.ts'
import { compareText } from '../../evaluate.ts'
import type { OrderKey, RecordOrder, RecordQuery } from '../../task-store.ts'
import { columns, mayBeNull } from './columns.ts'
import { behindSql, type Values } from './condition-sql.ts'

type Bound = Extract<Condition, { readonly is: 'before' | 'after' }>

/**
 * Where a walk along the order begins and ends, as an index takes it; '' for everywhere. Of a place and a bound at which it could
 * begin PostgreSQL takes the one that it is told first, and walks from there to the other; so it is told the further one only.
 * Bounds of a field that may be null say nothing of its order's index, which begins with whether it is null; they do so here.
 * `where` goes on saying what they mean.
 */
export function walkSql({ kind, where, order, behind }: RecordQuery, values: Values): string {
  const bounds = boundsOf(where, order)
  const beginning = order.direction === 'ascending' ? 'after' : 'before'
  const further = bounds.find(bound => bound.is === beginning && isFurther(bound, order, behind))
  const told = mayBeNull(kind, order.field)
    ? bounds.filter(bound => bound.is !== beginning || bound === further)
    : []
  const parts = told.map(bound => boundSql(bound, values))
  if (behind !== undefined && further === undefined) parts.push(behindSql(kind, order, behind, values))
  return parts.map(part => ` and ${part}`).join('')
}

/** The condition without bounds that follow from where the walk begins. */
export function withoutFollowing(query: RecordQuery): Condition {
  const { where, order, behind } = query
  if (behind === undefined || mayBeNull(query.kind, order.field)) return where
  const beginning = order.direction === 'ascending' ? 'after' : 'before'
  const isFollowing = (part: Condition): boolean =>
    boundsOf(part, order).some(
      bound => bound === part && bound.is === beginning && follows(bound, order, behind),
    )
  return without({ is: 'all', of: [where] }, isFollowing)
}

function without(where: Condition, isLeftOut: (part: Condition) => boolean): Condition {
  if (where.is !== 'all') return where
  return { is: 'all', of: where.of.filter(part => !isLeftOut(part)).map(part => without(part, isLeftOut)) }
}

/** Bounds of the field that is ordered by, which hold for the whole condition. */
function boundsOf(where: Condition, { field }: RecordOrder): readonly Bound[] {
  if (where.is === 'all') return where.of.flatMap(part => boundsOf(part, { field, direction: 'ascending' }))
  if ((where.is !== 'before' && where.is !== 'after') || where.field !== field) return []
  const { type } = columns[field]
  return typeof where.value === (type === 'text' ? 'string' : 'number') && type !== 'list' ? [where] : []
}

/** Is everything within the bound behind the place anyway? */
function isFurther({ value }: Bound, { direction }: RecordOrder, behind: OrderKey | undefined): boolean {
  if (behind === undefined) return true
  const compared = compare(value, behind.value)
  return compared !== undefined && (direction === 'ascending' ? compared > 0 : compared < 0)
}

/** Is everything behind the place within the bound anyway? */
function follows({ value }: Bound, { direction }: RecordOrder, { value: place }: OrderKey): boolean {
  const compared = compare(place, value)
  return compared !== undefined && (direction === 'ascending' ? compared > 0 : compared < 0)
}

function compare(left: unknown, right: unknown): number | undefined {
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right)
  return typeof left === 'number' && typeof right === 'number' ? left - right : undefined
}

function boundSql({ is, field, value, orEqual }: Bound, values: Values): string {
  const { name } = columns[field]
  const operator = (is === 'before' ? '<' : '>') + (orEqual ? '=' : '')
  const given = typeof value === 'number' ? values.number(value) : values.text(String(value))
  return `((${name} is null), ${name}) ${operator} (false, ${given})`
}

import type { Condition, Field } from '../../condition.ts'
import { compareText } from '../../evaluate.ts'
import type { OrderKey, RecordOrder, RecordQuery } from '../../task-store.ts'
import { columns, mayBeNull } from './columns.ts'
import { behindSql, nullTest, type OrderTable, valuePlaceSql, type Values } from './condition-sql.ts'

type Bound = Extract<Condition, { readonly is: 'before' | 'after' }>

/**
 * Where a walk along the order begins and ends, as an index takes it; '' for everywhere. Of a place and a bound at which it could
 * begin PostgreSQL takes the one that it is told first, and walks from there to the other; so it is told the further one only.
 * Indexes of a field that may be null begin with whether it is, and bounds of records say nothing of their places; both are
 * told here. `where` goes on saying what they mean.
 */
export function walkSql(query: RecordQuery, values: Values, table: OrderTable = ''): string {
  const parts = mayBeNull(query.kind, query.order.field)
    ? nullableWalk(query, values, table)
    : plainWalk(query, values, table)
  return parts.map(part => ` and ${part}`).join('')
}

function plainWalk({ kind, where, order, behind }: RecordQuery, values: Values, table: OrderTable): string[] {
  const { further, told } = toldBounds(where, order, behind)
  const parts: string[] = []
  if (table !== '') parts.push(...told.map(bound => boundSql(bound, values, table)))
  else if (kind === 'task' && boundsOf(where, { ...order, field: 'dueAt' }).length > 0) {
    // Dates begin and end in their index only behind whether there is one; before PostgreSQL 18 it has to be told.
    parts.push(`${nullTest('dueAt', '')} = 0`)
  }
  if (behind !== undefined && further === undefined) parts.push(behindSql(kind, order, behind, values, table))
  return parts
}

/** Records without a value stand together, at the end of an ascending order: a walk is among them, among the others, or both. */
function nullableWalk(
  { kind, where, order, behind }: RecordQuery,
  values: Values,
  table: OrderTable,
): string[] {
  const ascending = order.direction === 'ascending'
  const { field } = order
  const isNull = nullTest(field, table)
  if (isOnlyOf(where, field, 'null')) {
    // Of records the condition itself says that it is null; said twice, the planner would take it for half as frequent.
    const among = [`${isNull} = 1`, ...(table === '' ? [] : [`${table}${columns[field].name} is null`])]
    if (behind === undefined) return among
    // Behind any value they all stand in one direction, and none in the other.
    if (behind.value !== null) return ascending ? among : ['false']
    return [...among, `${table}id ${ascending ? '>' : '<'} ${values.text(behind.id)}`]
  }
  const { further, told } = toldBounds(where, order, behind)
  const isBounded = boundsOf(where, order).length > 0 || isOnlyOf(where, field, 'value')
  if (behind === undefined && !isBounded) return []
  if (!isBounded && behind !== undefined && (ascending || behind.value === null)) {
    return [behindSql(kind, order, behind, values, table)]
  }
  if (behind?.value === null && ascending) return ['false']
  const parts = [`${isNull} = 0`]
  if (table !== '') parts.push(...told.map(bound => boundSql(bound, values, table)))
  const isPlaced = behind !== undefined && behind.value !== null && further === undefined
  return isPlaced ? [...parts, valuePlaceSql(order, behind, values, table)] : parts
}

/** Does the condition hold only for records without a value in this field, or only for those with one? */
export function isOnlyOf(where: Condition, field: Field, wanted: 'null' | 'value'): boolean {
  if (where.is === 'all') return where.of.some(part => isOnlyOf(part, field, wanted))
  if (where.is === 'not') return wanted === 'value' && isNullTest(where.of, field)
  return wanted === 'null' && isNullTest(where, field)
}

function isNullTest(where: Condition, field: Field): boolean {
  if (where.is === 'all' && where.of.length === 1) return where.of.every(part => isNullTest(part, field))
  if (where.is !== 'in' || where.field !== field || where.values.length === 0) return false
  return where.values.every(value => value === null)
}

/** The condition without bounds that follow from where the walk begins. */
export function withoutFollowing(query: RecordQuery): Condition {
  const { where, order, behind } = query
  if (behind === undefined) return where
  const beginning = beginningOf(order)
  return withoutBounds(where, order, bound => bound.is === beginning && follows(bound, order, behind))
}

/** The condition without the bounds that `walkSql` tells of a table other than the records. */
export function withoutTold({ where, order, behind }: RecordQuery): Condition {
  const { told } = toldBounds(where, order, behind)
  return withoutBounds(where, order, bound => told.includes(bound))
}

function withoutBounds(
  where: Condition,
  order: RecordOrder,
  isLeftOut: (bound: Bound) => boolean,
): Condition {
  const parts = where.is === 'all' ? where.of : [where]
  const kept = parts.filter(part => !boundsOf(part, order).some(bound => bound === part && isLeftOut(bound)))
  const of = kept.map(part => (part.is === 'all' ? withoutBounds(part, order, isLeftOut) : part))
  return { is: 'all', of }
}

/** The bound at which the walk begins, if it is further than the place, and all bounds between which it then is. */
function toldBounds(
  where: Condition,
  order: RecordOrder,
  behind: OrderKey | undefined,
): { readonly further: Bound | undefined; readonly told: readonly Bound[] } {
  const bounds = boundsOf(where, order)
  const beginning = beginningOf(order)
  const further = bounds.find(bound => bound.is === beginning && isFurther(bound, order, behind))
  return { further, told: bounds.filter(bound => bound.is !== beginning || bound === further) }
}

function beginningOf({ direction }: RecordOrder): Bound['is'] {
  return direction === 'ascending' ? 'after' : 'before'
}

/** Bounds of the field that is ordered by, which hold for the whole condition. */
function boundsOf(where: Condition, order: RecordOrder): readonly Bound[] {
  if (where.is === 'all') return where.of.flatMap(part => boundsOf(part, order))
  if ((where.is !== 'before' && where.is !== 'after') || where.field !== order.field) return []
  const { type } = columns[order.field]
  return typeof where.value === (type === 'text' ? 'string' : 'number') && type !== 'list' ? [where] : []
}

/** Is everything within the bound behind the place anyway? */
function isFurther({ value }: Bound, { direction }: RecordOrder, behind: OrderKey | undefined): boolean {
  // A descending order begins with those that have no value.
  if (behind === undefined || (behind.value === null && direction === 'descending')) return true
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

function boundSql({ is, field, value, orEqual }: Bound, values: Values, table: OrderTable): string {
  const operator = (is === 'before' ? '<' : '>') + (orEqual ? '=' : '')
  const given = typeof value === 'number' ? values.number(value) : values.text(String(value))
  return `${table}${columns[field].name} ${operator} ${given}`
}

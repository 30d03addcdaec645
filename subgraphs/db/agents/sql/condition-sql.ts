import { EnneadError, unreachable } from '../../../../kernel/errors.ts'
import type { Condition, Field, Scalar } from '../../condition.ts'
import type { RecordKind } from '../../record.ts'
import type { OrderKey, RecordOrder } from '../../task-store.ts'
import { columns, lowerSql, mayBeNull, storable } from './columns.ts'
import type { SqlValue } from './lane.ts'

/** Collects the values of a statement; what a client sent is only ever here, never in its text. */
export class Values {
  readonly list: SqlValue[] = []

  text(value: string): string {
    return `$${this.list.push(storable(value))}::text`
  }

  number(value: number): string {
    return `$${this.list.push(value)}::float8`
  }

  boolean(value: boolean): string {
    return value ? 'true' : 'false'
  }

  texts(values: readonly string[]): string {
    return `$${this.list.push(textArray(values))}::text[]`
  }

  numbers(values: readonly number[]): string {
    return `$${this.list.push(`{${values.join(',')}}`)}::float8[]`
  }
}

/** An array literal of PostgreSQL (manual, 8.15.2), so that any number of values is one parameter. */
export function textArray(values: readonly string[]): string {
  return `{${values.map(value => `"${storable(value).replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}

/**
 * The condition as SQL. Where a row's null fields make it null, it does not hold, as in a `where`; with `exact` it is
 * then false, so that `not` in front of it means what it says.
 */
export function conditionSql(condition: Condition, values: Values, exact = false): string {
  const joined = (parts: readonly Condition[], by: string, none: string): string =>
    parts.length === 0 ? none : `(${parts.map(part => conditionSql(part, values, exact)).join(by)})`
  switch (condition.is) {
    case 'all':
      return joined(condition.of, ' and ', 'true')
    case 'any':
      return joined(condition.of, ' or ', 'false')
    case 'not':
      return `not ${conditionSql(condition.of, values, true)}`
    case 'in':
      return inSql(condition.field, condition.values, values, exact)
    case 'before':
    case 'after':
      return comparisonSql(condition, values, exact)
    case 'contains': {
      const { name, type } = columns[condition.field]
      if (type !== 'text') return 'false'
      // As LIKE, which an index on the trigrams of a text can answer, where strpos() reads every text.
      const pattern = `%${condition.text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
      return unlessNull(name, `${lowerSql(name)} like ${values.text(pattern)}`, exact)
    }
    default:
      return unreachable(condition)
  }
}

/**
 * The columns that order records; every order ends in the id, so that no two records share a place. A field that may be null
 * is led by whether it is: null is then greater than every value in both directions, rows compare without ever being null,
 * and one index serves order and place. As a number, since PostgreSQL holds "x is null" of a condition against one column of an
 * index only: it would be the first, and the ids of those without a value could not begin anywhere.
 */
export function placeColumns(kind: RecordKind, field: Field, table: OrderTable = ''): readonly string[] {
  const { type } = columns[field]
  const id = `${table}id`
  if (field === 'id' || type === 'boolean' || type === 'list') return [id]
  return mayBeNull(kind, field)
    ? [nullTest(field, table), `${table}${columns[field].name}`, id]
    : [`${table}${columns[field].name}`, id]
}

/** What the names of the columns that order begin with: those of the records, or of the places in lists (place-lists.ts). */
export type OrderTable = '' | 'place_'

/** Is there no value? 1 or 0, as the indexes of a field that may be null begin. */
export function nullTest(field: Field, table: OrderTable): string {
  return `((${table}${columns[field].name} is null)::int)`
}

/** What follows `order by`. */
export function orderSql({ direction }: RecordOrder, places: readonly string[]): string {
  return places.map(column => `${column} ${direction === 'ascending' ? 'asc' : 'desc'}`).join(', ')
}

/** The condition for records strictly behind a place. */
export function behindSql(
  kind: RecordKind,
  order: RecordOrder,
  key: OrderKey,
  values: Values,
  table: OrderTable = '',
): string {
  const ascending = order.direction === 'ascending'
  const operator = ascending ? '>' : '<'
  const { type } = columns[order.field]
  const behindById = (): string => `${table}id ${operator} ${values.text(key.id)}`
  if (type === 'boolean' || type === 'list') {
    // These do not order: all their values count as null.
    return key.value === null ? behindById() : String(ascending)
  }
  const nullable = mayBeNull(kind, order.field)
  const isNull = nullTest(order.field, table)
  if (key.value === null) {
    if (!nullable) return String(!ascending)
    if (!ascending) return `(${isNull} = 0 or ${behindById()})`
    return `(${isNull} = 1 and ${table}${columns[order.field].name} is null and ${behindById()})`
  }
  if (!nullable) return valuePlaceSql(order, key, values, table)
  if (!ascending) return `(${isNull} = 0 and ${valuePlaceSql(order, key, values, table)})`
  const place = [scalarOf(order, key, values), values.text(key.id)].join(', ')
  return `(${placeColumns(kind, order.field, table).join(', ')}) > (0, ${place})`
}

/** The condition for records behind a place that has a value, of those that have one. */
export function valuePlaceSql(order: RecordOrder, key: OrderKey, values: Values, table: OrderTable): string {
  const operator = order.direction === 'ascending' ? '>' : '<'
  const { name } = columns[order.field]
  if (order.field === 'id') return `${table}id ${operator} ${scalarOf(order, key, values)}`
  return `(${table}${name}, ${table}id) ${operator} (${scalarOf(order, key, values)}, ${values.text(key.id)})`
}

function scalarOf({ field }: RecordOrder, { value }: OrderKey, values: Values): string {
  if (value === null || typeof value !== (columns[field].type === 'text' ? 'string' : 'number')) {
    throw new EnneadError('CURSOR_INVALID', `a list ordered by ${field} has no place with this value`)
  }
  return scalar(value, values)
}

function unlessNull(column: string, sql: string, exact: boolean): string {
  return exact ? `(${column} is not null and ${sql})` : `(${sql})`
}

function inSql(field: Field, wanted: readonly (Scalar | null)[], values: Values, exact: boolean): string {
  const { name } = columns[field]
  const found = valueInSql(field, wanted, values)
  const parts = [
    ...(wanted.includes(null) ? [`${name} is null`] : []),
    ...(found === undefined ? [] : [unlessNull(name, found, exact)]),
  ]
  return parts.length === 0 ? 'false' : `(${parts.join(' or ')})`
}

/** Undefined when no value has the field's type, so that none can be equal. */
function valueInSql(field: Field, wanted: readonly (Scalar | null)[], values: Values): string | undefined {
  const { name, type } = columns[field]
  const texts = wanted.filter(value => typeof value === 'string')
  switch (type) {
    case 'text':
      if (texts.length === 0) return undefined
      // One value as `=`, so that an index that begins with this column still gives the order.
      return texts.length === 1
        ? `${name} = ${scalar(texts[0] ?? '', values)}`
        : `${name} = any(${values.texts(texts)})`
    case 'list':
      return texts.length === 0 ? undefined : `${name} && ${values.texts(texts)}`
    case 'number': {
      const numbers = wanted.filter(value => typeof value === 'number').filter(value => !Number.isNaN(value))
      return numbers.length === 0 ? undefined : `${name} = any(${values.numbers(numbers)})`
    }
    case 'boolean': {
      const booleans = wanted.filter(value => typeof value === 'boolean')
      return booleans.length === 0
        ? undefined
        : `${name} in (${booleans.map(value => values.boolean(value)).join(', ')})`
    }
    default:
      return unreachable(type)
  }
}

function comparisonSql(
  condition: Extract<Condition, { readonly is: 'before' | 'after' }>,
  values: Values,
  exact: boolean,
): string {
  const { name, type } = columns[condition.field]
  const { value } = condition
  const comparable =
    (type === 'text' && typeof value === 'string') ||
    (type === 'number' && typeof value === 'number' && !Number.isNaN(value))
  if (!comparable) return 'false'
  const operator = (condition.is === 'before' ? '<' : '>') + (condition.orEqual ? '=' : '')
  return unlessNull(name, `${name} ${operator} ${scalar(value, values)}`, exact)
}

function scalar(value: Scalar, values: Values): string {
  if (typeof value === 'string') return values.text(value)
  return typeof value === 'number' ? values.number(value) : values.boolean(value)
}

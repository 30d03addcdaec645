import { EnneadError, unreachable } from '../../../../kernel/errors.ts'
import { type Condition, type Field, fields, listFields, type Scalar } from '../../condition.ts'
import type { OrderKey, RecordOrder } from '../../task-store.ts'

/** A filter as MongoDB's `$match` takes it. Made here only; what a client sent is in it as plain values only. */
export type MongoFilter = Readonly<Record<string, unknown>>

/** Texts in lower case, as JavaScript makes them, are stored beside a record where they differ: MongoDB's own differ. */
export const lowerCaseField = '_lower'
/** Says of fields whether they are null: MongoDB sorts null before everything, a RecordOrder behind it. */
export const isNullField = '_isNull'

const all: MongoFilter = {}
const none: MongoFilter = { _id: { $in: [] } }

/** The filter that holds for exactly the records that `matches` of evaluate.ts accepts. */
export function conditionToMongo(condition: Condition): MongoFilter {
  switch (condition.is) {
    case 'all':
      return condition.of.length === 0 ? all : { $and: condition.of.map(conditionToMongo) }
    case 'any':
      return condition.of.length === 0 ? none : { $or: condition.of.map(conditionToMongo) }
    case 'not':
      return { $nor: [conditionToMongo(condition.of)] }
    case 'in':
      return { [known(condition.field)]: { $in: condition.values.map(plain) } }
    case 'before':
    case 'after': {
      const value = plain(condition.value)
      if (typeof value === 'boolean' || listFields.has(condition.field)) return none
      const than = condition.is === 'before' ? '$lt' : '$gt'
      return { [known(condition.field)]: { [condition.orEqual ? `${than}e` : than]: value } }
    }
    case 'contains': {
      if (listFields.has(condition.field)) return none
      const field = known(condition.field)
      const text = { $ifNull: [`$${lowerCaseField}.${field}`, `$${field}`] }
      // $indexOfBytes takes texts only; null and numbers must not hold.
      const found = { $indexOfBytes: [text, { $literal: plainText(condition.text).toLowerCase() }] }
      return { $expr: { $and: [{ $eq: [{ $type: text }, 'string'] }, { $gte: [found, 0] }] } }
    }
    default:
      return unreachable(condition)
  }
}

/** A `$sort` that puts records into the order that `compareRecords` of evaluate.ts does. */
export function orderToMongo({ field, direction }: RecordOrder): Readonly<Record<string, 1 | -1>> {
  const way = direction === 'ascending' ? 1 : -1
  if (!orders(field) || field === 'id') return { id: way }
  // Without the helper in front, an index on the field gives the order.
  if (!nullable.has(field)) return { [known(field)]: way, id: way }
  return { [`${isNullField}.${field}`]: way, [field]: way, id: way }
}

/** The filter for records strictly behind a place. */
export function behindToMongo({ field, direction }: RecordOrder, { value, id }: OrderKey): MongoFilter {
  const ascending = direction === 'ascending'
  const than = ascending ? '$gt' : '$lt'
  const idBehind = { id: { [than]: plainText(id) } }
  if (!orders(field)) return value === null ? idBehind : ascending ? all : none
  const name = known(field)
  const isNull = { [name]: null }
  if (value === null) {
    const tied = { $and: [isNull, idBehind] }
    return ascending ? tied : { $or: [tied, { $nor: [isNull] }] }
  }
  const place = plain(value)
  const behind = [{ [name]: { [than]: place } }, { $and: [{ [name]: { $eq: place } }, idBehind] }]
  return { $or: ascending ? [...behind, isNull] : behind }
}

/** Fields that are null in some records of a kind and not in others. */
export const nullable: ReadonlySet<Field> = new Set<Field>([
  'startAt',
  'dueAt',
  'completedAt',
  'parentId',
  'deletedAt',
])

/** Lists and booleans do not order: they count as null. */
function orders(field: Field): boolean {
  return !listFields.has(field) && field !== 'archived'
}

const names: ReadonlySet<string> = new Set(fields)

/** The types say that this is a field; a name that came around them must not become a path into documents. */
function known(field: Field): Field {
  if (!names.has(field))
    throw new EnneadError('BAD_USER_INPUT', 'a condition names a field that does not exist')
  return field
}

/** The types say that this is a plain value; an object that came around them would be an operator. */
function plain(value: Scalar | null): Scalar | null {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value
  throw new EnneadError('BAD_USER_INPUT', 'a condition compares with a value that is not plain')
}

/** Like `plain`, for what can only be a text. */
export function plainText(value: string): string {
  if (typeof value === 'string') return value
  throw new EnneadError('BAD_USER_INPUT', 'a query compares with a value that is not a text')
}

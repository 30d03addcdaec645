import type { Condition, Field } from '../../condition.ts'
import { EnneadError } from '../../../../kernel/errors.ts'
import type { RecordKind, StoredRecord } from '../../record.ts'
import type { RecordKey, RecordQuery, RecordScan } from '../../task-store.ts'
import { storable } from './columns.ts'
import { conditionSql, orderSql, type OrderTable, placeColumns, textArray, Values } from './condition-sql.ts'
import type { SqlRow, Statement } from './lane.ts'
import { type Branch, branchesOf } from './place-lists.ts'
import { text } from './rows.ts'
import { walkSql, withoutFollowing, withoutTold } from './walk-bounds.ts'

/** Filters come in endless combinations; only the first of them stay prepared, so that servers do not fill up. */
const preparedMax = 200

/** Kinds become part of a statement's text, so that partial indexes can serve it. */
const kinds: ReadonlySet<string> = new Set<RecordKind>([
  'project',
  'task',
  'label',
  'comment',
  'receipt',
  'guard',
])

const readText = `select k.kind, k.id, r.body
  from unnest($1::text[], $2::text[]) as k (kind, id)
  join records r on r.kind = k.kind and r.id = k.id`

/**
 * Up to so many keys have a parameter each. PostgreSQL takes an array of unknown length for ten long, so that it finds the
 * plan for any array dearer than one for this very array and plans anew each time: eight times the cost of reading one.
 */
const keysByParameterMax = 10

const readTexts = Array.from(
  { length: keysByParameterMax },
  (_, index) =>
    `select kind, id, body from records where ${Array.from({ length: index + 1 }, (_none, at) => `(kind = $${2 * at + 1}::text and id = $${2 * at + 2}::text)`).join(' or ')}`,
)

/** One statement for any number of keys. */
export function readStatement(keys: readonly RecordKey[]): Statement {
  const byParameter = readTexts[keys.length - 1]
  if (byParameter !== undefined) {
    return { text: byParameter, values: keys.flatMap(({ kind, id }) => [kind, storable(id)]) }
  }
  return {
    text: readText,
    values: [textArray(keys.map(key => key.kind)), textArray(keys.map(key => key.id))],
  }
}

/** The next records of a kind, by the table's key. */
export function scanStatement({ kind, afterId, limit }: RecordScan): Statement {
  return {
    text: 'select body from records where kind = $1::text and id > $2::text order by id limit $3::int',
    values: [kind, storable(afterId), limit],
  }
}

/** The rows of `readStatement` in the order of the keys. */
export function recordsByKey(
  keys: readonly RecordKey[],
  rows: readonly SqlRow[],
): readonly (StoredRecord | undefined)[] {
  const found = new Map(rows.map(row => [`${text(row, 'kind')}/${text(row, 'id')}`, recordOf(row)]))
  return keys.map(key => found.get(`${key.kind}/${key.id}`))
}

/** Writes the statements of lists and counts, and knows which of them are worth preparing. */
export class ListStatements {
  readonly #prepared = new Set<string>()

  list(query: RecordQuery): Statement {
    const values = new Values()
    const limit = `limit $${values.list.push(query.limit)}::int`
    const order = `order by ${orderSql(query.order, placeColumns(query.kind, query.order.field))}`
    const branches = branchesOf(query)
    if (branches !== undefined)
      return this.#statement(branchesSql(query, branches, values, limit), values, query.where)
    const walk = walkSql(query, values)
    const where = whereSql({ ...query, where: withoutFollowing(query) }, values)
    const found = `from records where ${where}${walk} ${order} ${limit}`
    const sql = isInIndexes(query)
      ? `select body from records where kind = 'task' and id = any(array(select id ${found})) ${order}`
      : `select body ${found}`
    return this.#statement(sql, values, query.where)
  }

  count(query: Pick<RecordQuery, 'kind' | 'workspaceId' | 'where'>): Statement {
    const values = new Values()
    return this.#statement(
      `select count(*)::float8 as count from records where ${whereSql(query, values)}`,
      values,
      query.where,
    )
  }

  #statement(sql: string, values: Values, where: Condition): Statement {
    const worth = !dependsOnValues(where) && this.#prepared.size < preparedMax
    const prepared = this.#prepared.has(sql) || worth
    if (prepared) this.#prepared.add(sql)
    return { text: sql, values: values.list, prepared }
  }
}

function whereSql(query: Pick<RecordQuery, 'kind' | 'workspaceId' | 'where'>, values: Values): string {
  if (!kinds.has(query.kind))
    throw new EnneadError('INTERNAL', `there are no records of kind "${query.kind}"`)
  const workspace = values.text(query.workspaceId)
  return `kind = '${query.kind}' and workspace_id = ${workspace} and ${conditionSql(query.where, values)}`
}

/** The first page of each branch, and of all of them that of the query; records are read afterwards, where that is enough. */
function branchesSql(query: RecordQuery, branches: readonly Branch[], values: Values, limit: string): string {
  const places = placeColumns(query.kind, query.order.field)
  const [only] = branches
  if (only !== undefined && branches.length === 1 && !isInIndexes({ ...query, where: only.where })) {
    return `select body ${branchSql(query, only, values)} ${limit}`
  }
  const merged = places.map((_column, index) => `o${index + 1}`)
  const pages = branches.map(branch => {
    const columns = placeColumns(query.kind, query.order.field, tableOf(branch))
    const named = columns.map((column, index) => `${column} as o${index + 1}`).join(', ')
    return `(select ${named} ${branchSql(query, branch, values)} ${limit})`
  })
  // The last of the columns that order is the id.
  return `select body from records where kind = 'task' and id = any(array(select ${merged.at(-1)}
    from (${pages.join(' union ')}) as pages order by ${orderSql(query.order, merged)} ${limit}))
    order by ${orderSql(query.order, places)}`
}

function branchSql(query: RecordQuery, branch: Branch, values: Values): string {
  const asked = { ...query, where: branch.where }
  const table = tableOf(branch)
  const walk = walkSql(asked, values, table)
  const order = `order by ${orderSql(query.order, placeColumns(query.kind, query.order.field, table))}`
  if (branch.list === undefined) {
    return `from records where ${whereSql({ ...asked, where: withoutFollowing(asked) }, values)}${walk} ${order}`
  }
  const also = branch.also.map(
    lists => ` and exists (select from task_places as other
      where other.place_id = task_places.place_id and other.list = any(${values.texts(lists)}::uuid[]))`,
  )
  return `from task_places join records on kind = 'task' and id = place_id
    where list = ${values.text(branch.list)}::uuid${walk}${also.join('')}
      and ${whereSql({ ...asked, where: withoutTold(asked) }, values)} ${order}`
}

function tableOf({ list }: Branch): OrderTable {
  return list === undefined ? '' : 'place_'
}

/** What stands in every index that is in the order of a list of tasks (schema.ts, layout 4). */
const inIndexes: ReadonlySet<Field> = new Set<Field>([
  'id',
  'workspaceId',
  'status',
  'priority',
  'projectId',
  'creatorId',
  'dueAt',
  'createdAt',
  'updatedAt',
  'deletedAt',
])

/** Can the list be found in an index alone? Then its records are read afterwards, those of the page only. */
function isInIndexes({ kind, where, order }: RecordQuery): boolean {
  return kind === 'task' && inIndexes.has(order.field) && fieldsOf(where).every(field => inIndexes.has(field))
}

function fieldsOf(where: Condition): readonly Field[] {
  if (where.is === 'all' || where.is === 'any') return where.of.flatMap(fieldsOf)
  return where.is === 'not' ? fieldsOf(where.of) : [where.field]
}

/** Few records have one value of these, whatever it is; and of those that are deleted nobody lists only those. */
const evenFields: ReadonlySet<Field> = new Set<Field>([
  'deletedAt',
  'parentId',
  'blockedByIds',
  'taskId',
  'number',
  'key',
])

/**
 * Does the best way to the list depend on what is looked for? A plan that was made for any status, person or text walks past
 * all tasks to find a rare one, or collects and sorts most of them to find 50 of a frequent one; so these are planned each time.
 */
function dependsOnValues(where: Condition): boolean {
  return fieldsOf(where).some(field => !evenFields.has(field))
}

/** The record a row's `body` is. */
export function recordOf(row: SqlRow): StoredRecord {
  // The body was written from a StoredRecord by this store, and by nobody else.
  return JSON.parse(text(row, 'body')) as StoredRecord
}

import type { Condition } from '../../condition.ts'
import { EnneadError } from '../../../../kernel/errors.ts'
import type { RecordKind, StoredRecord } from '../../record.ts'
import type { RecordKey, RecordQuery, RecordScan } from '../../task-store.ts'
import { storable } from './columns.ts'
import { behindSql, conditionSql, orderSql, textArray, Values } from './condition-sql.ts'
import type { SqlRow, Statement } from './lane.ts'
import { text } from './rows.ts'

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
    const behind =
      query.behind === undefined ? '' : ` and ${behindSql(query.kind, query.order, query.behind, values)}`
    const where = this.#where(query, values)
    return this.#statement(
      `select body from records where ${where}${behind}` +
        ` order by ${orderSql(query.kind, query.order)} limit $${values.list.push(query.limit)}::int`,
      values,
      query.where,
    )
  }

  count(query: Pick<RecordQuery, 'kind' | 'workspaceId' | 'where'>): Statement {
    const values = new Values()
    return this.#statement(
      `select count(*)::float8 as count from records where ${this.#where(query, values)}`,
      values,
      query.where,
    )
  }

  #where(query: Pick<RecordQuery, 'kind' | 'workspaceId' | 'where'>, values: Values): string {
    if (!kinds.has(query.kind))
      throw new EnneadError('INTERNAL', `there are no records of kind "${query.kind}"`)
    const workspace = values.text(query.workspaceId)
    return `kind = '${query.kind}' and workspace_id = ${workspace} and ${conditionSql(query.where, values)}`
  }

  #statement(sql: string, values: Values, where: Condition): Statement {
    // How to find a text depends on the text: a plan that was made for any would walk past all to find a rare one.
    const worth = !hasText(where) && this.#prepared.size < preparedMax
    const prepared = this.#prepared.has(sql) || worth
    if (prepared) this.#prepared.add(sql)
    return { text: sql, values: values.list, prepared }
  }
}

function hasText(where: Condition): boolean {
  if (where.is === 'all' || where.is === 'any') return where.of.some(hasText)
  return where.is === 'not' ? hasText(where.of) : where.is === 'contains'
}

/** The record a row's `body` is. */
export function recordOf(row: SqlRow): StoredRecord {
  // The body was written from a StoredRecord by this store, and by nobody else.
  return JSON.parse(text(row, 'body')) as StoredRecord
}

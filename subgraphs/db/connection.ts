import { type PageArguments, pageRequest } from '../service/page.ts'
import type { Condition, Scalar } from './condition.ts'
import { orderName, readCursor, writeCursor } from './cursor.ts'
import { fieldOf } from './evaluate.ts'
import type { RecordReader } from './record-reader.ts'
import type { OrderKey, RecordOrder } from './task-store.ts'
import type { VisibleKind, VisibleRecord } from './viewer.ts'

/** A list that is paged through. */
export interface ListQuery<K extends VisibleKind> {
  readonly kind: K
  /** Besides the workspace and what the viewer may read. */
  readonly where: Condition
  readonly order: RecordOrder
}

/** A Relay connection; what needs a further question to a store is a function, which runs only when it is selected. */
export interface Connection<R> {
  readonly nodes: readonly R[]
  readonly edges: readonly { readonly node: R; readonly cursor: string }[]
  readonly pageInfo: {
    readonly hasNextPage: () => Promise<boolean>
    readonly hasPreviousPage: () => Promise<boolean>
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
  readonly totalCount: () => Promise<number>
}

/**
 * A page of a list. Forwards and backwards through the same order; a page begins strictly behind its cursor, so that it
 * neither repeats nor skips a record that stays where it is. Throws BAD_USER_INPUT and CURSOR_INVALID.
 */
export async function connection<K extends VisibleKind>(
  reader: RecordReader,
  query: ListQuery<K>,
  given: PageArguments,
): Promise<Connection<Extract<VisibleRecord, { kind: K }>>> {
  const { size, direction, cursor } = pageRequest(given)
  const { kind, where, order } = query
  const name = orderName(order)
  const behind = cursor === undefined ? undefined : readCursor(name, cursor)
  const walk: RecordOrder = direction === 'forward' ? order : opposite(order)
  const found = await reader.query({ kind, where, order: walk, limit: size + 1, behind })
  const more = found.length > size
  const page = found.slice(0, size)
  if (direction === 'backward') page.reverse()
  const edges = page.map(node => ({ node, cursor: writeCursor(name, keyOf(node, order)) }))
  /** Is there a record on the side the page was walked away from? */
  const behindUs = async (): Promise<boolean> => {
    if (behind === undefined) return false
    const before: Condition = { is: 'not', of: strictlyBehind(walk, behind) }
    const some = await reader.query({ kind, where: { is: 'all', of: [where, before] }, order, limit: 1 })
    return some.length > 0
  }
  const ahead = (): Promise<boolean> => Promise.resolve(more)
  return {
    nodes: page,
    edges,
    pageInfo: {
      hasNextPage: direction === 'forward' ? ahead : behindUs,
      hasPreviousPage: direction === 'forward' ? behindUs : ahead,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: () => reader.count(kind, where),
  }
}

/** The condition that a record stands strictly behind `key` in `order`, null being greater than every value. */
export function strictlyBehind({ field, direction }: RecordOrder, { value, id }: OrderKey): Condition {
  const is = direction === 'ascending' ? 'after' : 'before'
  const further: Condition = { is, field: 'id', value: id, orEqual: false }
  const same: Condition = { is: 'in', field, values: [value] }
  const tie: Condition = { is: 'all', of: [same, further] }
  const isNull: Condition = { is: 'in', field, values: [null] }
  if (value === null) {
    return direction === 'ascending' ? tie : { is: 'any', of: [{ is: 'not', of: isNull }, tie] }
  }
  const beyond: Condition = { is, field, value, orEqual: false }
  return { is: 'any', of: direction === 'ascending' ? [beyond, isNull, tie] : [beyond, tie] }
}

function opposite({ field, direction }: RecordOrder): RecordOrder {
  return { field, direction: direction === 'ascending' ? 'descending' : 'ascending' }
}

function keyOf(record: VisibleRecord, { field }: RecordOrder): OrderKey {
  const value = fieldOf(record, field)
  // Lists are not ordered by: task-store.ts.
  return { value: Array.isArray(value) ? null : (value as Scalar | null), id: record.id }
}

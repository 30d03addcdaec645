import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Condition } from '../../condition.ts'
import { compareRecords, isBehind, matches } from '../../evaluate.ts'
import type { StoredRecord } from '../../record.ts'
import type { RecordQuery, RecordScan } from '../../task-store.ts'
import { behindAll, fitsKey, type LmdbTables, refFields } from './lmdb-layout.ts'

/** Records looked at before other work gets a turn; about 2 ms. */
const turnRecords = 512

/** The first `limit` records of the query, from one snapshot. Rejects with the signal's reason. */
export async function queryRecords(
  tables: LmdbTables,
  query: RecordQuery,
  signal: AbortSignal,
): Promise<readonly StoredRecord[]> {
  const { where, order, behind, limit } = query
  const compare = compareRecords(order)
  let found: StoredRecord[] = []
  await scan(tables, query, signal, record => {
    if (!matches(record, where) || (behind !== undefined && !isBehind(record, order, behind))) return
    found.push(record)
    // Only the first ones are answered, so the others need not pile up.
    if (found.length >= limit * 2 + turnRecords) found = found.sort(compare).slice(0, limit)
  })
  return found.sort(compare).slice(0, limit)
}

/** The next records of a kind by id, from one snapshot. */
export function scanRecords(
  tables: LmdbTables,
  { kind, afterId, limit }: RecordScan,
): readonly StoredRecord[] {
  const snapshot = tables.records.useReadTransaction()
  try {
    const range = { start: [kind, afterId], exclusiveStart: true, end: [kind, behindAll], limit }
    const found: StoredRecord[] = []
    for (const { key, value } of tables.places.getRange({ ...range, transaction: snapshot })) {
      const record = tables.records.get([kind, value, key[1]], { transaction: snapshot })
      if (record !== undefined) found.push(record)
    }
    return found
  } finally {
    snapshot.done()
  }
}

export async function countRecords(
  tables: LmdbTables,
  query: Pick<RecordQuery, 'kind' | 'workspaceId' | 'where'>,
  signal: AbortSignal,
): Promise<number> {
  let count = 0
  await scan(tables, query, signal, record => {
    if (matches(record, query.where)) count++
  })
  return count
}

async function scan(
  tables: LmdbTables,
  query: Pick<RecordQuery, 'kind' | 'workspaceId' | 'where'>,
  signal: AbortSignal,
  visit: (record: StoredRecord) => void,
): Promise<void> {
  signal.throwIfAborted()
  const snapshot = tables.records.useReadTransaction()
  try {
    let looked = 0
    for (const record of candidates(tables, query, snapshot)) {
      visit(record)
      if (++looked % turnRecords === 0) {
        await nextTurn()
        signal.throwIfAborted()
      }
    }
  } finally {
    snapshot.done()
  }
}

type Snapshot = ReturnType<LmdbTables['records']['useReadTransaction']>

function* candidates(
  tables: LmdbTables,
  { kind, workspaceId, where }: Pick<RecordQuery, 'kind' | 'workspaceId' | 'where'>,
  transaction: Snapshot,
): Generator<StoredRecord> {
  const ref = refIn(kind, where)
  if (ref === undefined) {
    const range = { start: [kind, workspaceId, ''], end: [kind, workspaceId, behindAll], transaction }
    for (const { value } of tables.records.getRange(range)) yield value
    return
  }
  for (const wanted of ref.values) {
    const range = {
      start: [workspaceId, ref.field, wanted, ''],
      end: [workspaceId, ref.field, wanted, behindAll],
      transaction,
    }
    for (const key of tables.refs.getKeys(range)) {
      const record = tables.records.get([kind, workspaceId, key[3]], { transaction })
      if (record !== undefined) yield record
    }
  }
}

function isKeyText(value: unknown): value is string {
  return typeof value === 'string' && fitsKey(value)
}

/** Equality with texts of an indexed field that must hold for the whole condition; the most selective field first. */
function refIn(
  kind: string,
  where: Condition,
): { readonly field: string; readonly values: ReadonlySet<string> } | undefined {
  if (kind !== 'task' && kind !== 'comment') return undefined
  const parts = where.is === 'all' ? where.of : [where]
  for (const field of refFields[kind]) {
    for (const part of parts) {
      if (part.is !== 'in' || part.field !== field) continue
      // A value that is not a text equals none of these fields, but null does.
      if (part.values.includes(null)) continue
      return { field, values: new Set(part.values.filter(isKeyText)) }
    }
  }
  return undefined
}

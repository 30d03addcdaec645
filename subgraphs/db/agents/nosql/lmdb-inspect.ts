import { addressOf } from '../../commit-batch.ts'
import { written } from '../../../../kernel/lmdb-failure.ts'
import { leaseLost } from '../../leadership/lease-lost.ts'
import type { Fence } from '../../leadership/lease.ts'
import type { RecordKind, StoredRecord } from '../../record.ts'
import type { Cure, Inspected, StoreInspection } from '../../store-inspection.ts'
import type { RecordKey } from '../../task-store.ts'
import { getRecord, type LmdbTables, putRecord, refsOf } from './lmdb-layout.ts'
import type { WriteLane } from './write-lane.ts'

/** Tables that find records, in the order in which they are gone through. */
const stages = ['places', 'records', 'refs', 'expiry'] as const
type Stage = (typeof stages)[number]
type Key = (string | number)[]

/** The records, and every entry of a table that finds one, held against the record it leads to. */
export function inspectionOf(tables: LmdbTables, lane: WriteLane): StoreInspection {
  return {
    async look(after, limit, signal) {
      signal.throwIfAborted()
      const [stage, behind] =
        after === '' ? ([stages[0], undefined] as const) : (JSON.parse(after) as [Stage, Key | undefined])
      const keys = [...keysOf(tables, stage, behind, limit)]
      const found = keys.flatMap(key => inspect(tables, stage, key))
      const last = keys.at(-1)
      if (last !== undefined && keys.length === limit) return { found, next: JSON.stringify([stage, last]) }
      const following = stages[stages.indexOf(stage) + 1]
      return { found, next: following === undefined ? undefined : JSON.stringify([following]) }
    },
    mend: (cures, signal, fence) => lane.run(signal, () => mend(tables, cures, fence)),
  }
}

function keysOf(tables: LmdbTables, stage: Stage, behind: Key | undefined, limit: number): Iterable<Key> {
  // Only the stage's own keys come back as its places.
  const range = { limit, ...(behind === undefined ? {} : { start: behind as never, exclusiveStart: true }) }
  return tables[stage].getKeys(range)
}

function inspect(tables: LmdbTables, stage: Stage, key: Key): readonly Inspected[] {
  const [first = '', second = '', third = '', fourth = ''] = key.map(String)
  // Kinds are the only thing that is written there.
  if (stage === 'places') return [ofPlace(tables, { kind: first as RecordKind, id: second })]
  if (stage === 'records') {
    const place = tables.places.get([first, third])
    const fault = `place is ${place === undefined ? 'missing' : `workspace ${place}`}, it lies in workspace ${second}`
    return place === second ? [] : [strange(tables, { kind: first as RecordKind, id: third }, fault)]
  }
  if (stage === 'refs') {
    const owner: RecordKey = { kind: second === 'taskId' ? 'comment' : 'task', id: fourth }
    const record = getRecord(tables, owner)
    const own = record === undefined ? [] : refsOf(record)
    return own.some(ref => ref.every((part, index) => part === key[index]))
      ? []
      : [strange(tables, owner, `list by ${second} has it under ${third}, where it does not belong`)]
  }
  const receipt: RecordKey = { kind: 'receipt', id: second }
  const held = getRecord(tables, receipt)
  return held?.kind === 'receipt' && held.expiresAt === first
    ? []
    : [strange(tables, receipt, `expiry is listed as ${first}, which it is not`)]
}

function ofPlace(tables: LmdbTables, key: RecordKey): Inspected {
  const record = getRecord(tables, key)
  if (record === undefined) return { key, record, seen: null, faults: ['place leads to no record'] }
  const faults: string[] = []
  if (record.kind !== key.kind || record.id !== key.id) {
    return { key, record: undefined, seen: record.version, faults: ['body is not the record of its key'] }
  }
  for (const ref of refsOf(record)) {
    if (tables.refs.get(ref) === undefined) faults.push(`list by ${ref[1]} does not have it under ${ref[2]}`)
  }
  if (record.kind === 'receipt' && tables.expiry.get([record.expiresAt, record.id]) === undefined) {
    faults.push('expiry is not listed')
  }
  return { key, record, seen: record.version, faults }
}

function strange(tables: LmdbTables, key: RecordKey, fault: string): Inspected {
  const record = getRecord(tables, key)
  return { key, record, seen: record?.version, faults: [fault] }
}

async function mend(tables: LmdbTables, cures: readonly Cure[], fence: Fence | undefined): Promise<void> {
  if (fence !== undefined) requireTerm(tables, fence)
  const valid = cures.filter(({ key, seen }) => (getRecord(tables, key)?.version ?? null) === (seen ?? null))
  const cured = new Set(valid.map(({ key }) => addressOf(key)))
  // Nothing finds these by id, and mending is rare: all keys are looked at.
  const refs = [...tables.refs.getKeys()].filter(([, field, , id]) =>
    cured.has(addressOf({ kind: field === 'taskId' ? 'comment' : 'task', id })),
  )
  const places = [...tables.records.getKeys()].filter(([kind, , id]) =>
    cured.has(addressOf({ kind: kind as RecordKind, id })),
  )
  const expiries = [...tables.expiry.getKeys()].filter(([, id]) =>
    cured.has(addressOf({ kind: 'receipt', id })),
  )
  const batch = tables.root.batch(() => {
    if (fence !== undefined) void tables.meta.put(fenceKey(fence), fence.term)
    for (const key of refs) void tables.refs.remove(key)
    for (const key of places) void tables.records.remove(key)
    for (const key of expiries) void tables.expiry.remove(key)
    for (const { key, record } of valid) {
      void tables.places.remove([key.kind, key.id])
      if (record !== undefined) putRecord(tables, noRecord, record)
    }
  })
  await written(batch)
}

/** No other process writes here, and others in this one wait for their turn: nothing comes between this and the batch. */
function requireTerm(tables: LmdbTables, fence: Fence): void {
  const latest = tables.meta.get(fenceKey(fence))
  if (typeof latest === 'number' && latest > fence.term) throw leaseLost('LMDB', fence)
}

function fenceKey({ name }: Fence): string {
  return `term of ${name}`
}

const noRecord: StoredRecord | undefined = undefined

import { addressOf } from '../commit-batch.ts'
import { canonical } from '../receipt.ts'
import type { StoredRecord } from '../record.ts'
import type { Inspected } from '../store-inspection.ts'
import type { RecordKey } from '../task-store.ts'
import type { ExaminedStore } from './examined-store.ts'

const pageMax = 200
/** Records in doubt that are kept in mind; more are found by the next examination. */
export const doubtsMax = 10_000

/** A record that is not the same everywhere, or not as it should be somewhere. */
export interface Doubt {
  readonly key: RecordKey
  /** What looking at a store showed, by store. */
  readonly looked: Map<ExaminedStore, Inspected>
}

export interface Comparison {
  readonly doubts: ReadonlyMap<string, Doubt>
  /** Records met in each store. */
  readonly counts: ReadonlyMap<ExaminedStore, number>
  readonly cut: boolean
}

/** Walks through every store and holds what it meets against all the others. */
export async function compareRecords(stores: readonly ExaminedStore[]): Promise<Comparison> {
  const doubts = new Map<string, Doubt>()
  const counts = new Map<ExaminedStore, number>()
  for (const store of stores) {
    const { inspection } = store
    if (inspection === undefined) continue
    counts.set(store, 0)
    for (let place: string | undefined = ''; place !== undefined;) {
      const after: string = place
      const page = await store.within(signal => inspection.look(after, pageMax, signal))
      counts.set(
        store,
        (counts.get(store) ?? 0) + page.found.filter(({ faults }) => faults.length === 0).length,
      )
      await comparePage(stores, store, page.found, doubts)
      if (doubts.size >= doubtsMax) return { doubts, counts, cut: true }
      place = page.next
    }
  }
  return { doubts, counts, cut: false }
}

/** Holds what was met in one store against all the others, and notes what is in doubt. */
export async function comparePage(
  stores: readonly ExaminedStore[],
  store: ExaminedStore,
  found: readonly Inspected[],
  doubts: Map<string, Doubt>,
): Promise<void> {
  const doubt = (one: Inspected): void => {
    const address = addressOf(one.key)
    const known = doubts.get(address) ?? { key: one.key, looked: new Map<ExaminedStore, Inspected>() }
    const before = known.looked.get(store)
    known.looked.set(
      store,
      before === undefined ? one : { ...one, faults: [...before.faults, ...one.faults] },
    )
    doubts.set(address, known)
  }
  for (const one of found) if (one.faults.length > 0) doubt(one)
  const whole = found.filter(one => one.record !== undefined)
  if (whole.length === 0) return
  for (const other of stores) {
    if (other === store) continue
    const theirs = await other.records(whole.map(({ key }) => key))
    if (theirs === 'unknown') continue
    for (const [index, one] of whole.entries()) {
      if (!isSame(one.record, theirs[index])) doubt({ ...one, faults: [] })
    }
  }
}

/** The same record, or none in both places. */
export function isSame(one: StoredRecord | undefined, other: StoredRecord | undefined): boolean {
  return one === undefined || other === undefined ? one === other : canonical(one) === canonical(other)
}

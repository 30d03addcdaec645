import { addressOf } from '../commit-batch.ts'
import type { StoredRecord } from '../record.ts'
import type { Cure } from '../store-inspection.ts'
import { longestOf, type StoreAtHead } from './compare-logs.ts'
import { isSame } from './compare-records.ts'
import type { ExaminedStore } from './examined-store.ts'
import type { Finding } from './finding.ts'
import type { Settled } from './settle.ts'

/** A finding about a record, with what puts it right. */
export interface Diagnosis {
  readonly finding: Finding
  readonly store: ExaminedStore
  readonly cure: Cure
  /** The cure is what the log says of the record, or leaves the record as it is. */
  readonly byLog: boolean
}

/** The last state of a record in the log. */
interface Truth {
  readonly record: StoredRecord
  readonly seq: number
}

/** What the log says of records in doubt. */
export interface Truths {
  readonly byAddress: ReadonlyMap<string, Truth>
  /** The log goes back to its first entry, so that it knows every record there ever was. */
  readonly complete: boolean
}

const pageMax = 500

/** Reads the longest log once, for the last state of each record in doubt. */
export async function truthsOf(doubts: readonly Settled[], stores: readonly StoreAtHead[]): Promise<Truths> {
  const wanted = new Set(doubts.map(({ key }) => addressOf(key)))
  const byAddress = new Map<string, Truth>()
  const longest = longestOf(stores)
  let complete = false
  let seq = 0
  while (wanted.size > 0) {
    const entries = (await longest?.store.ask('log', { afterSeq: seq, limit: pageMax })) ?? []
    if (seq === 0) complete = entries[0]?.position.seq === 1
    for (const { commit, position } of entries) {
      for (const put of commit.puts) {
        if (wanted.has(addressOf(put))) byAddress.set(addressOf(put), { record: put, seq: position.seq })
      }
    }
    const last = entries.at(-1)
    if (last === undefined) break
    seq = last.position.seq
  }
  return { byAddress, complete }
}

/** What is wrong with one record, store by store. `now`: ISO 8601. */
export function diagnose(
  doubt: Settled,
  truths: Truths,
  stores: readonly StoreAtHead[],
  now: string,
): readonly Diagnosis[] {
  const { key, held, looked } = doubt
  const told = truths.byAddress.get(addressOf(key))
  const newest = newestOf([...held.values()])
  // A log that begins later says nothing of what has not changed since: then the newest state is the right one.
  const truth = told?.record ?? (truths.complete ? undefined : newest)
  // Stores forget receipts that are past their time each in its own time.
  const receipt = truth ?? newest
  const isPast = receipt?.kind === 'receipt' && receipt.expiresAt <= now
  const diagnoses: Diagnosis[] = []
  for (const [store, record] of held) {
    const seen = looked.get(store)
    const faults = seen?.faults ?? []
    const head = stores.find(one => one.store === store)?.head.seq ?? 0
    // What it has not come to yet is no difference.
    const comparable = !isPast && (told === undefined || told.seq <= head)
    const wrong = comparable ? differenceOf(key.kind, record, truth) : undefined
    const unreadable = seen !== undefined && seen.record === undefined
    const says = [
      ...(wrong === undefined || (unreadable && faults.length > 0) ? [] : [wrong]),
      ...faults.map(fault => `its ${fault}`),
    ]
    if (says.length === 0) continue
    diagnoses.push({
      store,
      cure: { key, seen: seen?.seen, record: comparable ? truth : record },
      byLog: told !== undefined || wrong === undefined,
      finding: {
        store: store.name,
        what: wrong === undefined ? 'derived' : 'record',
        key: addressOf(key),
        says: says.join('; '),
        repairable: store.inspection !== undefined,
      },
    })
  }
  return diagnoses
}

function newestOf(records: readonly (StoredRecord | undefined)[]): StoredRecord | undefined {
  const known = records.filter(record => record !== undefined)
  return known.sort((left, right) => right.version - left.version)[0]
}

function differenceOf(
  kind: string,
  record: StoredRecord | undefined,
  truth: StoredRecord | undefined,
): string | undefined {
  if (isSame(record, truth)) return undefined
  if (record === undefined) return `it lacks the ${kind}, which the log has in version ${truth?.version}`
  if (truth === undefined) return `it holds a ${kind} of which the log knows nothing`
  return record.version === truth.version
    ? `its ${kind} has another content than version ${truth.version} in the log`
    : `its ${kind} is version ${record.version}, in the log it is version ${truth.version}`
}

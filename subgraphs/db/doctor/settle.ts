import { type Clock, sleep } from '../../../kernel/clock.ts'
import type { StoredRecord } from '../record.ts'
import { type Doubt, isSame } from './compare-records.ts'
import type { ExaminedStore } from './examined-store.ts'

/** What each store holds of a record in doubt, when all were asked at about the same time. */
export interface Settled extends Doubt {
  /** Stores that cannot tell are left out. */
  readonly held: ReadonlyMap<ExaminedStore, StoredRecord | undefined>
}

/** A record in doubt is looked at so often, with pauses: it may have changed between one store's answer and another's. */
const looksMax = 4
const pauseMs = 250
const pageMax = 200

/** The doubts that remain when the records are looked at again. */
export async function settle(
  doubts: readonly Doubt[],
  stores: readonly ExaminedStore[],
  clock: Clock,
): Promise<readonly Settled[]> {
  let left = doubts
  let settled: readonly Settled[] = []
  for (let look = 1; look <= looksMax && left.length > 0; look++) {
    if (look > 1) await sleep(clock, pauseMs)
    const looked: Settled[] = []
    for (let from = 0; from < left.length; from += pageMax) {
      looked.push(...(await lookAgain(left.slice(from, from + pageMax), stores)))
    }
    settled = looked.filter(isDoubtful)
    left = settled
  }
  return settled
}

function isDoubtful({ looked, held }: Settled): boolean {
  const [first, ...others] = held.values()
  const faulty = [...looked.values()].some(({ faults }) => faults.length > 0)
  return faulty || others.some(other => !isSame(first, other))
}

async function lookAgain(
  doubts: readonly Doubt[],
  stores: readonly ExaminedStore[],
): Promise<readonly Settled[]> {
  const helds = doubts.map(() => new Map<ExaminedStore, StoredRecord | undefined>())
  for (const store of stores) {
    const found = await store.records(doubts.map(({ key }) => key))
    for (const [index, doubt] of doubts.entries()) {
      if (isUnreadable(doubt, store)) helds[index]?.set(store, undefined)
      else {
        // One of a page may be what the store cannot tell of.
        const one = found === 'unknown' ? await store.records([doubt.key]) : [found[index]]
        if (one !== 'unknown') helds[index]?.set(store, one[0])
      }
    }
  }
  return doubts.map((doubt, index) => ({ ...doubt, held: helds[index] ?? new Map() }))
}

/** Looking at the store showed something that is no record. */
function isUnreadable({ looked }: Doubt, store: ExaminedStore): boolean {
  const seen = looked.get(store)
  return seen !== undefined && seen.record === undefined
}

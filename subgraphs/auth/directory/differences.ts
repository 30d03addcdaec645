import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DirectoryRecord } from '../authority.ts'
import type { DirectoryStore, RecordPlace } from './directory-store.ts'
import { recordText } from './record-codec.ts'
import { mergeRecords } from './record-merge.ts'

/** Records of each store in memory at a time; between two pages other work gets its turn. */
const pageMax = 500

/** A record that two stores do not hold alike. */
export interface Difference {
  /** Undefined: the store has none. */
  readonly left: DirectoryRecord | undefined
  readonly right: DirectoryRecord | undefined
  /** What both should hold. */
  readonly merged: DirectoryRecord
}

/** Reads two stores from end to end, a page at a time, and answers what differs in each page. */
export async function* differencesOf(
  left: DirectoryStore,
  right: DirectoryStore,
  signal: AbortSignal,
): AsyncGenerator<readonly Difference[], void, undefined> {
  const lefts = new Scan(left)
  const rights = new Scan(right)
  while (eitherHas(lefts, rights)) {
    signal.throwIfAborted()
    const page: Difference[] = []
    for (let taken = 0; taken < pageMax && eitherHas(lefts, rights); taken++) {
      const difference = takeOne(lefts, rights)
      if (difference !== undefined) page.push(difference)
    }
    yield page
    await nextTurn()
  }
}

/** How two stores differ at one place; undefined: they do not. */
export function differenceOf(
  left: DirectoryRecord | undefined,
  right: DirectoryRecord | undefined,
): Difference | undefined {
  const merged = left !== undefined && right !== undefined ? mergeRecords(left, right) : (left ?? right)
  if (merged === undefined) return undefined
  return isSame(left, merged) && isSame(right, merged) ? undefined : { left, right, merged }
}

/** Does a store hold what it should? */
export function isSame(held: DirectoryRecord | undefined, merged: DirectoryRecord): boolean {
  return held !== undefined && recordText(held) === recordText(merged)
}

/** Both are asked: a side whose page is not read yet would look as if it had nothing. */
function eitherHas(lefts: Scan, rights: Scan): boolean {
  const [left, right] = [lefts.fill(), rights.fill()]
  return left || right
}

/** Takes the next record of one side, or of both when they are of one object. */
function takeOne(lefts: Scan, rights: Scan): Difference | undefined {
  const [left, right] = [lefts.head, rights.head]
  const order =
    left === undefined ? 1 : right === undefined ? -1 : compareText(placeText(left), placeText(right))
  if (order <= 0) lefts.take()
  if (order >= 0) rights.take()
  return differenceOf(order <= 0 ? left : undefined, order >= 0 ? right : undefined)
}

/** A store's records in order, a page at a time. */
class Scan {
  readonly #store: DirectoryStore
  #page: readonly DirectoryRecord[] = []
  #next = 0
  #after: RecordPlace | undefined
  #ended = false

  constructor(store: DirectoryStore) {
    this.#store = store
  }

  get head(): DirectoryRecord | undefined {
    return this.#page[this.#next]
  }

  /** Reads the next page when this one is used up; false at the end. */
  fill(): boolean {
    if (this.head !== undefined) return true
    if (this.#ended) return false
    this.#page = this.#store.scan(this.#after, pageMax)
    this.#next = 0
    this.#after = this.#page.at(-1)
    this.#ended = this.#page.length < pageMax
    return this.#page.length > 0
  }

  take(): void {
    this.#next++
  }
}

/** Kinds and ids are ASCII without blanks: as text they sort as their keys do. */
function placeText(place: RecordPlace): string {
  return `${place.kind} ${place.id}`
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

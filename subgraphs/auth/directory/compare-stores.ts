import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DirectoryRecord } from '../authority.ts'
import type { DirectoryStore, RecordPlace } from './directory-store.ts'
import { recordText } from './record-codec.ts'
import { mergeRecords } from './record-merge.ts'

/** Records of each store in memory at a time; between two pages other work gets its turn. */
const pageMax = 500

/**
 * Makes two stores hold the same records, each merged from both (record-merge.ts), by reading both from end to end.
 * Writes that come meanwhile go to both and are not undone, because merging never loses the newer record. Answers how
 * many records were written.
 */
export async function compareStores(
  left: DirectoryStore,
  right: DirectoryStore,
  signal: AbortSignal,
): Promise<number> {
  const lefts = new Scan(left)
  const rights = new Scan(right)
  let written = 0
  while (eitherHas(lefts, rights)) {
    signal.throwIfAborted()
    const forLeft: DirectoryRecord[] = []
    const forRight: DirectoryRecord[] = []
    for (let taken = 0; taken < pageMax && eitherHas(lefts, rights); taken++) {
      takeOne(lefts, rights, forLeft, forRight)
    }
    if (forLeft.length > 0) await left.merge(forLeft)
    if (forRight.length > 0) await right.merge(forRight)
    written += forLeft.length + forRight.length
    await nextTurn()
  }
  return written
}

/** Both are asked: a side whose page is not read yet would look as if it had nothing. */
function eitherHas(lefts: Scan, rights: Scan): boolean {
  const [left, right] = [lefts.fill(), rights.fill()]
  return left || right
}

/** Takes the next record of one side, or of both when they are of one object. */
function takeOne(lefts: Scan, rights: Scan, forLeft: DirectoryRecord[], forRight: DirectoryRecord[]): void {
  const [left, right] = [lefts.head, rights.head]
  const order =
    left === undefined ? 1 : right === undefined ? -1 : compareText(placeText(left), placeText(right))
  if (order <= 0) lefts.take()
  if (order >= 0) rights.take()
  if (left !== undefined && right !== undefined && order === 0) {
    const merged = mergeRecords(left, right)
    const text = recordText(merged)
    if (recordText(left) !== text) forLeft.push(merged)
    if (recordText(right) !== text) forRight.push(merged)
  } else if (left !== undefined && order < 0) forRight.push(left)
  else if (right !== undefined && order > 0) forLeft.push(right)
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

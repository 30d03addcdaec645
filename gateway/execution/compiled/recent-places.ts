import type { Place } from './place.ts'

/** Places looked through for one that came as the same bytes. */
const keptMax = 32
/** After this many looks, places that are seldom found are not looked for any more. */
const looksMin = 64

/**
 * The places of one layout that were seen last in a run. An object that stands in many places of a graph comes as the same
 * bytes again and again; comparing them takes less time than reading them.
 */
export class RecentPlaces {
  readonly #kept: Place[] = []
  #next = 0
  #looks = 0
  #found = 0

  /** The place whose bytes stand in `answer` at `at`. Bytes of an object end with it, so that no longer one begins with them. */
  at(answer: Buffer, at: number): Place | undefined {
    if (this.#looks > looksMin && this.#found * 4 < this.#looks) return undefined
    this.#looks++
    for (const place of this.#kept) {
      if (!isSame(place, answer, at)) continue
      this.#found++
      return place
    }
    return undefined
  }

  add(place: Place): void {
    this.#kept[this.#next] = place
    this.#next = (this.#next + 1) % keptMax
  }
}

/** Bytes of the first value that are compared here: most objects differ soon, and comparing natively begins slowly. */
const glanceBytes = 24

function isSame({ layout, source, from, end }: Place, answer: Buffer, at: number): boolean {
  // The name of their first field is the same to all.
  const skipped = layout.own[0]?.literal.length ?? 0
  const glanced = Math.min(end, from + skipped + glanceBytes)
  for (let here = from + skipped, there = at + skipped; here < glanced; here++, there++) {
    if (source[here] !== answer[there]) return false
  }
  return source.compare(answer, at, Math.min(answer.length, at + end - from), from, end) === 0
}

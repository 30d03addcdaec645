import type { SeatState } from '../task-store.ts'

/** A store's word, given from its seat. */
export interface Voice {
  readonly name: string
  readonly state: SeatState
}

/**
 * Of these voices those that decide together; undefined when no majority is among them. They are members by each
 * other's records, under the very incarnation each of them has: a store that lost its data has another one, and counts
 * only when all others have taken note of it (see admission in proposer.ts).
 */
export function quorumOf(voices: readonly Voice[]): readonly Voice[] | undefined {
  const voting = voices.filter(({ state }) => state.voting)
  // At most a handful of stores, so that all subsets are few.
  const subsets = Array.from({ length: 2 ** voting.length }, (_, mask) =>
    voting.filter((_voice, index) => (mask & (1 << index)) !== 0),
  )
  return subsets.filter(isMajority).sort((a, b) => b.length - a.length)[0]
}

function isMajority(voices: readonly Voice[]): boolean {
  return (
    voices.every(
      ({ state: { roster } }) =>
        voices.length * 2 > Object.keys(roster.members).length &&
        voices.every(({ name, state }) => roster.members[name] === state.incarnation),
    ) && voices.length > 0
  )
}

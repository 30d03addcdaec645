/** The right to propose what the log goes on with. A higher one ends a lower one; no two proposers have the same. */
export interface Ballot {
  readonly round: number
  /** The proposer, which is one run of one process. */
  readonly by: string
}

/** Lower than every ballot. */
export const noBallot: Ballot = { round: 0, by: '' }

/** Less than, equal to or greater than 0, as `one` is lower than, equal to or higher than `other`. */
export function compareBallots(one: Ballot, other: Ballot): number {
  if (one.round !== other.round) return one.round - other.round
  return one.by < other.by ? -1 : Number(one.by > other.by)
}

import type { SeatState } from '../task-store.ts'
import { compareBallots } from './ballot.ts'

/** What was accepted last by any of these, in the order of ballots and steps. */
export function newestAccepted(states: readonly SeatState[]): SeatState['accepted'] {
  return states
    .flatMap(({ accepted }) => (accepted === undefined ? [] : [accepted]))
    .reduce<SeatState['accepted']>((one, other) => {
      if (one === undefined) return other
      const order = compareBallots(other.ballot, one.ballot)
      return order > 0 || (order === 0 && other.step > one.step) ? other : one
    }, undefined)
}

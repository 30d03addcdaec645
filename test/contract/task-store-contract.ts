import { describe } from 'vitest'
import type { TaskStore } from '../../subgraphs/db/task-store.ts'
import type { StoreUnderTest } from './store-under-test.ts'
import { absorbPromises, logPromises } from './task-store-log.ts'
import { reachPromises } from './task-store-reach.ts'
import { seatPromises } from './task-store-seat.ts'
import { queryPromises } from './task-store-query.ts'
import { commitPromises, readPromises } from './task-store-records.ts'

/** Registers the promises of the TaskStore port as tests; those an engine does not make are left out. */
export function taskStoreContract(
  name: string,
  promises: ReadonlySet<keyof TaskStore>,
  make: () => Promise<StoreUnderTest>,
): void {
  const given = { name, make, promises }
  describe(`${name} as a TaskStore`, () => {
    describe('reads', () => {
      readPromises(given)
      reachPromises(given)
    })
    describe.runIf(promises.has('facts'))('commits', () => {
      commitPromises(given)
    })
    describe('log', () => {
      logPromises(given)
    })
    describe('absorbs', () => {
      absorbPromises(given)
    })
    describe.runIf(promises.has('vote'))('votes', () => {
      seatPromises(given)
    })
    describe.runIf(promises.has('query'))('queries', () => {
      queryPromises(given)
    })
  })
}

import type { Agent } from '../../dispatch/port.ts'
import type { ManualClock } from '../support/manual-clock.ts'
import type { TestPort } from './desk.ts'

/**
 * An agent with so many workers and an endless queue, which serves also what nobody waits for any more: the kind of
 * store that overload buries. Standing still, its workers take nothing new.
 */
export interface QueueingAgent extends Agent<TestPort> {
  stand(still: boolean): void
  readonly queued: () => number
}

export function queueingAgent(
  name: string,
  clock: ManualClock,
  workers: number,
  serviceMs: number,
): QueueingAgent {
  const queue: (() => void)[] = []
  const state = { idle: workers, still: false }
  const serve = (): void => {
    while (!state.still && state.idle > 0) {
      const answer = queue.shift()
      if (answer === undefined) return
      state.idle--
      clock.after(serviceMs, () => {
        state.idle++
        answer()
        serve()
      })
    }
  }
  const read = (): Promise<string> =>
    new Promise(resolve => {
      queue.push(() => resolve(name))
      serve()
    })
  return {
    name,
    detail: `${workers} workers`,
    operations: { read },
    queued: () => queue.length,
    stand(still) {
      state.still = still
      serve()
    },
  }
}

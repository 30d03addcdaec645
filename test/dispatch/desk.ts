import { createDispatcher } from '../../dispatch/dispatcher.ts'
import type { MeasuredDispatcher } from '../../dispatch/dispatcher.ts'
import type { DispatchEvent } from '../../dispatch/events.ts'
import type { DispatcherOptions } from '../../dispatch/options.ts'
import type { Agent, Attempt, Operation } from '../../dispatch/port.ts'
import { manualClock } from '../support/manual-clock.ts'
import type { ManualClock } from '../support/manual-clock.ts'

/** A port for tests. */
export interface TestPort {
  readonly read: Operation<string, string>
  readonly write: Operation<string, string>
}

/** One attempt that lies on an agent's desk until the test says how it ends. */
export interface Work {
  readonly operation: keyof TestPort
  readonly input: string
  readonly attempt: Attempt
  readonly answer: (value: string) => void
  readonly fail: (failure: unknown) => void
}

/** An agent that does nothing by itself. */
export interface Desk {
  readonly agent: Agent<TestPort>
  /** All it was ever asked. */
  readonly work: Work[]
  /** The newest work. */
  last(): Work
}

export function desk(name: string, serves: readonly (keyof TestPort)[] = ['read', 'write']): Desk {
  const work: Work[] = []
  const take =
    (operation: keyof TestPort): Operation<string, string> =>
    (input, attempt) =>
      new Promise((resolve, reject) => {
        work.push({ operation, input, attempt, answer: resolve, fail: reject })
      })
  const operations = Object.fromEntries(serves.map(operation => [operation, take(operation)]))
  return {
    agent: { name, detail: `engine of ${name}`, operations },
    work,
    last() {
      const newest = work.at(-1)
      if (newest === undefined) throw new Error(`agent ${name} was never asked`)
      return newest
    },
  }
}

/** An agent whose `read` does as told: it answers with its name, throws what it is given, or never ends (undefined). */
export function acting(
  name: string,
  act: (input: string, attempt: Attempt) => Promise<string>,
): Agent<TestPort> {
  return { name, detail: `engine of ${name}`, operations: { read: act, write: act } }
}

export interface Domain {
  readonly clock: ManualClock
  readonly events: DispatchEvent[]
  readonly dispatcher: MeasuredDispatcher<TestPort>
}

/** A dispatcher of agents in their given order, on a clock that stands still. */
export function domain(
  agents: DispatcherOptions<TestPort>['agents'],
  options: Partial<DispatcherOptions<TestPort>> = {},
): Domain {
  const clock = manualClock()
  const events: DispatchEvent[] = []
  const dispatcher = createDispatcher<TestPort>({
    domain: 'test',
    agents,
    clock,
    random: () => 0.5,
    observe: event => events.push(event),
    ...options,
  })
  return { clock, events, dispatcher }
}

/** What a promise came to, for comparing. */
export function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    answer => ({ answer }),
    (failure: unknown) => ({ failure }),
  )
}

export function eventsOf<I extends DispatchEvent['is']>(
  events: readonly DispatchEvent[],
  is: I,
): Extract<DispatchEvent, { is: I }>[] {
  // The filter keeps exactly the members of the union whose `is` is I.
  return events.filter(event => event.is === is) as Extract<DispatchEvent, { is: I }>[]
}

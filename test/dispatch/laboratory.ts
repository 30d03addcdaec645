import { createDispatcher } from '../../dispatch/dispatcher.ts'
import type { MeasuredDispatcher } from '../../dispatch/dispatcher.ts'
import type { DispatchEvent } from '../../dispatch/events.ts'
import type { DispatcherOptions } from '../../dispatch/options.ts'
import type { Agent, Attempt, CallOptions } from '../../dispatch/port.ts'
import type { Random } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { manualClock } from '../support/manual-clock.ts'
import type { ManualClock } from '../support/manual-clock.ts'
import type { TestPort } from './desk.ts'

/** Random numbers that are the same for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What is wrong with a simulated agent at the moment. Shares are of its attempts; the rest is well. */
export interface Trouble {
  readonly errors?: number
  readonly hangs?: number
  readonly overloads?: number
  /** Milliseconds added to every answer. */
  readonly slowerMs?: number
  /** Goes on working after it was told to stop. */
  readonly deaf?: boolean
}

export interface SimulatedAgent extends Agent<TestPort> {
  trouble: Trouble
  /** Listeners it has left on attempts' signals. */
  readonly waiting: () => number
}

/** Answers in 1 to 5 ms when it is well. */
export function simulatedAgent(name: string, clock: ManualClock, random: Random): SimulatedAgent {
  let waiting = 0
  const work = (_input: string, attempt: Attempt): Promise<string> => {
    const { errors = 0, hangs = 0, overloads = 0, slowerMs = 0, deaf = false } = agent.trouble
    const dice = random()
    const tookMs = 1 + random() * 4 + slowerMs
    return new Promise((resolve, reject) => {
      waiting++
      const finish = (): void => {
        waiting--
        timer?.cancel()
        if (!deaf) attempt.signal.removeEventListener('abort', stop)
      }
      const stop = (): void => {
        finish()
        reject(attempt.signal.reason instanceof Error ? attempt.signal.reason : new Error('stopped'))
      }
      const end = (): void => {
        finish()
        if (dice < errors) reject(new Error('injected'))
        else if (dice < errors + overloads) reject(new EnneadError('OVERLOADED', 'injected'))
        else resolve('ok')
      }
      const hanging = dice >= errors + overloads && dice < errors + overloads + hangs
      const timer = hanging && !deaf ? undefined : clock.after(hanging ? 3_000 : tookMs, end)
      if (!deaf) attempt.signal.addEventListener('abort', stop, { once: true })
    })
  }
  const agent: SimulatedAgent = {
    name,
    detail: 'simulated',
    operations: { read: work, write: work },
    trouble: {},
    waiting: () => waiting,
  }
  return agent
}

export interface Laboratory {
  readonly clock: ManualClock
  readonly random: Random
  readonly agents: readonly SimulatedAgent[]
  readonly dispatcher: MeasuredDispatcher<TestPort>
  /** One line for everything that happened; equal for equal seeds. */
  readonly story: () => number
  readonly count: (is: DispatchEvent['is']) => number
  readonly tally: Tally
  /** Makes calls at random times, `perSecond` on average, for `ms`, and lets time pass meanwhile. */
  load(perSecond: number, ms: number, call?: () => CallMade): Promise<void>
}

export interface CallMade {
  readonly operation: keyof TestPort
  readonly options?: CallOptions
  /** Milliseconds after which the caller leaves. */
  readonly leavesAfterMs?: number
}

export interface Tally {
  made: number
  settled: number
  good: number
  readonly tookMs: number[]
  readonly failures: Map<string, number>
}

export function laboratory(seed: number, options: Partial<DispatcherOptions<TestPort>> = {}): Laboratory {
  const clock = manualClock()
  const random = seeded(seed)
  const agents = ['a', 'b', 'c'].map(name => simulatedAgent(name, clock, random))
  const counts = new Map<string, number>()
  let story = 0
  const observe = (event: DispatchEvent): void => {
    counts.set(event.is, (counts.get(event.is) ?? 0) + 1)
    story = hash(story, `${clock.now()} ${JSON.stringify(event)}`)
  }
  const dispatcher = createDispatcher<TestPort>({ domain: 'lab', agents, clock, random, observe, ...options })
  const tally: Tally = { made: 0, settled: 0, good: 0, tookMs: [], failures: new Map() }

  const make = ({ operation, options = {}, leavesAfterMs }: CallMade): void => {
    const controller = leavesAfterMs === undefined ? undefined : new AbortController()
    const leaving =
      leavesAfterMs === undefined ? undefined : clock.after(leavesAfterMs, () => controller?.abort())
    const madeAt = clock.now()
    tally.made++
    const end = (): void => {
      tally.settled++
      leaving?.cancel()
      tally.tookMs.push(clock.now() - madeAt)
    }
    void dispatcher
      .call(operation, 'x', controller === undefined ? options : { ...options, signal: controller.signal })
      .then(
        () => {
          end()
          tally.good++
        },
        (failure: unknown) => {
          end()
          const code = failure instanceof EnneadError ? failure.code : 'not ours'
          tally.failures.set(code, (tally.failures.get(code) ?? 0) + 1)
        },
      )
  }

  return {
    clock,
    random,
    agents,
    dispatcher,
    story: () => story,
    count: is => counts.get(is) ?? 0,
    tally,
    async load(perSecond, ms, call = () => ({ operation: 'read' })) {
      const until = clock.now() + ms
      const next = (): void => {
        if (clock.now() > until) return
        make(call())
        clock.after((-Math.log(1 - random()) * 1_000) / perSecond, next)
      }
      next()
      await clock.run(ms)
    },
  }
}

/** The value below which `share` of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** FNV-1a. */
function hash(start: number, text: string): number {
  let value = start ^ 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return value >>> 0
}

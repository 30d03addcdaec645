import fc from 'fast-check'
import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { callsUnder } from '../../dispatch/caller.ts'
import { all, failover, hedge, once, quorum, race } from '../../dispatch/policy.ts'
import type { Policy } from '../../dispatch/policy.ts'
import type { Priority } from '../../dispatch/port.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { settled } from '../support/manual-clock.ts'
import { acting, domain, eventsOf } from './desk.ts'

type Ending =
  'answer' | 'other answer' | 'fault' | 'caller' | 'overload' | 'ambiguous' | 'abort' | 'never' | 'throw'

const endings: readonly Ending[] = [
  'answer',
  'answer',
  'other answer',
  'fault',
  'caller',
  'overload',
  'ambiguous',
  'abort',
  'never',
  'throw',
]

const policies: readonly Policy[] = [
  failover,
  { ...failover, preference: 'order' },
  hedge(7),
  race(2),
  race(3),
  quorum(2),
  { ...quorum(2), delay: 11 },
  all(3, 2),
  once(failover),
]

const failures: Record<'fault' | 'caller' | 'overload' | 'ambiguous' | 'abort' | 'throw', Error> = {
  fault: new Error('down'),
  caller: new EnneadError('NOT_FOUND', 'no such task'),
  overload: new EnneadError('OVERLOADED', 'full'),
  ambiguous: new EnneadError('UNKNOWN_COMMIT_OUTCOME', 'link broke'),
  abort: new DOMException('aborted', 'AbortError'),
  throw: new Error('thrown at once'),
}

const codes = new Set([
  'NOT_FOUND',
  'OVERLOADED',
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'UNAVAILABLE',
  'UNKNOWN_COMMIT_OUTCOME',
])

/** How an agent's attempt ends, when the scheduler lets it. */
function end(scheduler: fc.Scheduler, name: string, ending: Ending): Promise<string> {
  if (ending === 'never') return new Promise(() => undefined)
  if (ending === 'throw') throw failures.throw
  return scheduler.schedule(Promise.resolve(), `${name}: ${ending}`).then(() => {
    if (ending === 'answer') return 'same'
    if (ending === 'other answer') return name
    throw failures[ending]
  })
}

interface Caller {
  readonly leaves: boolean
  readonly remainingMs: number
  readonly priority: Priority
}

const caller: fc.Arbitrary<Caller> = fc.record({
  leaves: fc.boolean(),
  remainingMs: fc.constantFrom(0, 3, 40, 200, 1_000),
  priority: fc.constantFrom('sheddable', 'default', 'critical'),
})

const world = fc.record({
  policy: fc.constantFrom(...policies),
  callers: fc.array(caller, { minLength: 1, maxLength: 8 }),
  endings: fc.array(fc.constantFrom(...endings), { minLength: 4, maxLength: 24 }),
  ticks: fc.array(fc.constantFrom(0.4, 1, 5, 12, 50, 260), { maxLength: 12 }),
  limits: fc.record({
    agentTrip: fc.constantFrom(1, 8),
    domainTrip: fc.constantFrom(1, 16),
    agentRunningMax: fc.constantFrom(1, 2, 64),
    roundsMax: fc.constantFrom(1, 2),
    budgetMax: fc.constantFrom(0, 2, 100),
    overtakenMax: fc.constantFrom(1, 4),
  }),
  closes: fc.boolean(),
})

test('in whatever order agents answer, callers leave and time passes, every call settles once and nothing is kept', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), world, async (scheduler, { policy, callers, limits, ...rest }) => {
      let asked = 0
      const agents = ['a', 'b', 'c'].map(name =>
        acting(name, () => end(scheduler, name, rest.endings[asked++ % rest.endings.length] ?? 'answer')),
      )
      const { dispatcher, clock, events } = domain(agents, { policies: { read: policy }, ...limits })
      const signals: AbortSignal[] = []
      const endings: unknown[] = []
      for (const [index, { leaves, ...options }] of callers.entries()) {
        const controller = new AbortController()
        signals.push(controller.signal)
        void scheduler.schedule(Promise.resolve(), `call ${index}`).then(() =>
          dispatcher.call('read', `${index}`, { ...options, signal: controller.signal }).then(
            answer => endings.push(answer),
            (failure: unknown) => endings.push(failure),
          ),
        )
        if (leaves) {
          void scheduler.schedule(Promise.resolve(), `leave ${index}`).then(() => controller.abort())
        }
      }
      for (const ms of rest.ticks) {
        void scheduler.schedule(Promise.resolve(), `${ms} ms`).then(() => clock.advance(ms))
      }
      if (rest.closes) void scheduler.schedule(Promise.resolve(), 'close').then(() => dispatcher.close())
      await scheduler.waitIdle()
      // What is left now waits for its deadline only; failing over may schedule more.
      for (let round = 0; round < 40; round++) {
        await clock.run(60)
        await scheduler.waitIdle()
      }
      await settled()

      expect(endings).toHaveLength(callers.length)
      for (const ending of endings) {
        if (typeof ending === 'string') continue
        expect(ending).toBeInstanceOf(EnneadError)
        expect(codes).toContain(ending instanceof EnneadError ? ending.code : '')
      }
      const usage = dispatcher.usage()
      expect(usage).toMatchObject({ callsRunning: 0, deadlines: 0 })
      for (const agent of usage.agents) {
        expect(agent).toMatchObject({ running: 0 })
        expect(agent.phase).not.toBe('probing')
        // A closed dispatcher does not wait for those that lag.
        expect(rest.closes ? 0 : agent.lagging).toBe(0)
      }
      for (const signal of signals) {
        expect(callsUnder(signal)).toBe(0)
        expect(getEventListeners(signal, 'abort').length).toBeLessThanOrEqual(1)
      }
      expect(eventsOf(events, 'attemptEnded')).toHaveLength(eventsOf(events, 'attemptStarted').length)
      expect(eventsOf(events, 'callEnded').length).toBeLessThanOrEqual(callers.length)
      expect(usage.budget).toBeGreaterThanOrEqual(0)
      dispatcher.close()
      expect(clock.timers).toBe(0)
    }),
    { numRuns: 1_500 },
  )
})

test('whatever happens, a write that may not be repeated is done at most once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), world, async (scheduler, { callers, limits, ...rest }) => {
      const begun = new Map<string, number>()
      let asked = 0
      const agents = ['a', 'b', 'c'].map(name =>
        acting(name, input => {
          const ending = rest.endings[asked++ % rest.endings.length] ?? 'answer'
          // Overload says that no work was done; everything else may have.
          if (ending !== 'overload') begun.set(input, (begun.get(input) ?? 0) + 1)
          return end(scheduler, name, ending)
        }),
      )
      const { dispatcher, clock } = domain(agents, { policies: { write: once(hedge(7)) }, ...limits })
      const calls = callers.map((options, index) =>
        dispatcher.call('write', `${index}`, options).catch(() => undefined),
      )
      for (const ms of rest.ticks) {
        void scheduler.schedule(Promise.resolve(), `${ms} ms`).then(() => clock.advance(ms))
      }
      await scheduler.waitIdle()
      for (let round = 0; round < 20; round++) {
        await clock.run(60)
        await scheduler.waitIdle()
      }
      await Promise.all(calls)
      for (const times of begun.values()) expect(times).toBe(1)
      dispatcher.close()
    }),
    { numRuns: 500 },
  )
})

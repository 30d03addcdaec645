import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sleep } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { silentLog } from '../../../kernel/log.ts'
import { LeaseHolder } from '../../../subgraphs/db/leadership/lease-holder.ts'
import type { LeaseBook } from '../../../subgraphs/db/leadership/lease.ts'
import { manualClock, type ManualClock } from '../../support/manual-clock.ts'
import { MemoryLeases } from '../../support/memory-leases.ts'

const leaseMs = 900
const stepMs = 100
const fence = (term: number) => ({ name: 'work', term })

/** What happens to one process in one step of 100 ms. */
type Event =
  | { readonly is: 'goes on' }
  /** It stands still for so many steps, then what was due comes all at once. */
  | { readonly is: 'freezes'; readonly steps: number }
  /** Nobody answers it for so many steps. */
  | { readonly is: 'cut off'; readonly steps: number }
  | { readonly is: 'dies' }

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Event>({ is: 'goes on' }) },
  {
    weight: 1,
    arbitrary: fc.record({ is: fc.constant('freezes' as const), steps: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ is: fc.constant('cut off' as const), steps: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.constant<Event>({ is: 'dies' }) },
)

interface Faults {
  /** The mutants: what a wrong implementation would do. */
  readonly takesSilenceForYes?: boolean
  readonly unfenced?: boolean
}

interface Outcome {
  /** Terms of work that took effect, in order. */
  readonly done: readonly number[]
  /** Two processes that were awake believed in the lease at once. */
  readonly both: number
  readonly refused: number
}

/** One process with a clock of its own, which the simulation lets go on. */
interface Simulated {
  readonly clock: ManualClock
  holder: LeaseHolder
  believes: number
  frozenFor: number
  frozenMs: number
  cutFor: number
}

async function simulate(plan: readonly (readonly Event[])[], faults: Faults): Promise<Outcome> {
  let now = 0
  const book = new MemoryLeases(() => now)
  const done: number[] = []
  let refused = 0
  let both = 0
  const begin = (index: number, clock: ManualClock): Simulated => {
    const one: Simulated = {
      clock,
      holder: undefined as never,
      believes: 0,
      frozenFor: 0,
      frozenMs: 0,
      cutFor: 0,
    }
    one.holder = new LeaseHolder({
      name: 'work',
      holder: `process ${index} at ${now}`,
      leases: () => reached(book, one, faults),
      work: async ({ term, signal }) => {
        one.believes = term
        signal.addEventListener('abort', () => void (one.believes = 0), { once: true })
        while (!signal.aborted) {
          try {
            if (faults.unfenced !== true) book.require(fence(term))
            done.push(term)
          } catch (failure) {
            if (!(failure instanceof EnneadError) || failure.code !== 'LEASE_LOST') throw failure
            refused++
            return
          }
          await sleep(clock, 70, signal).catch(() => undefined)
        }
      },
      clock,
      log: silentLog,
      leaseMs,
    })
    return one
  }
  const processes = plan.map((_, index) => begin(index, manualClock()))
  const steps = plan[0]?.length ?? 0
  for (let step = 0; step < steps; step++) {
    for (const [index, one] of processes.entries()) {
      const what = plan[index]?.[step] ?? { is: 'goes on' }
      if (one.frozenFor > 0) continue
      if (what.is === 'freezes') one.frozenFor = what.steps
      if (what.is === 'cut off') one.cutFor = what.steps
      if (what.is === 'dies') processes[index] = begin(index, manualClock())
    }
    now += stepMs
    for (const one of processes) {
      if (one.cutFor > 0) one.cutFor--
      if (one.frozenFor === 0) await one.clock.run(stepMs)
      else {
        one.frozenMs += stepMs
        if (--one.frozenFor > 0) continue
        await one.clock.stall(one.frozenMs)
        one.frozenMs = 0
      }
    }
    if (processes.filter(one => one.believes > 0 && one.frozenFor === 0).length > 1) both++
  }
  return { done, both, refused }
}

/** The book as this process reaches it. */
function reached(book: MemoryLeases, one: Simulated, faults: Faults): LeaseBook {
  const guarded =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      one.cutFor > 0 ? new Promise<never>(() => undefined) : work(...args)
  const renew: LeaseBook['renew'] = guarded((...args) => book.renew(...args))
  return {
    acquire: guarded((...args) => book.acquire(...args)),
    // A holder that takes no answer for a yes never gives up by itself.
    renew: (...args) =>
      faults.takesSilenceForYes === true && one.cutFor > 0 ? Promise.resolve(true) : renew(...args),
    release: guarded((...args) => book.release(...args)),
    look: guarded((...args) => book.look(...args)),
  }
}

const plans = fc.integer({ min: 2, max: 3 }).chain(processes =>
  fc.array(fc.array(event, { minLength: 80, maxLength: 80 }), {
    minLength: processes,
    maxLength: processes,
  }),
)

/** Awake holders never overlap, and no work takes effect behind that of a later holder. */
const keepsItsPromise = (faults: Faults) =>
  fc.asyncProperty(plans, async plan => {
    const { done, both } = await simulate(plan, faults)
    expect(both).toBe(0)
    expect(done).toEqual([...done].sort((left, right) => left - right))
    expect(done.length).toBeGreaterThan(0)
  })

test('whoever freezes, is cut off or dies: one process works at a time, and work of a term that is over is refused', async () => {
  await fc.assert(keepsItsPromise({}), { numRuns: 40 })
})

test.each<[string, Faults]>([
  ['work that does not carry its term', { unfenced: true }],
  ['a holder that takes no answer for a yes', { takesSilenceForYes: true }],
])('the simulation catches %s', async (_name, faults) => {
  const { failed } = await fc.check(keepsItsPromise(faults), { seed: 1, numRuns: 100, endOnFailure: true })
  expect(failed).toBe(true)
})

test('a process that froze past its lease is refused when it goes on, and another has done the work meanwhile', async () => {
  const stays: readonly Event[] = Array.from({ length: 60 }, () => ({ is: 'goes on' }))
  const freezes = stays.with(10, { is: 'freezes', steps: 30 })
  const { done, refused } = await simulate([freezes, stays], {})
  expect(refused).toBe(1)
  expect(new Set(done).size).toBe(2)
})

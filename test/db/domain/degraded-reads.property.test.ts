import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sleep, systemClock } from '../../../kernel/clock.ts'
import { unreachable } from '../../../kernel/errors.ts'
import type { EngineName } from '../../../subgraphs/db/engine-slot.ts'
import { fail, heal, lag, marksOf, rename, titleQuery } from './ailing-stores.ts'
import { newProject, newTask, openTestDb } from './fixture.ts'

type Step =
  | { readonly is: 'write' }
  /** Two stores stop following, the third takes one more write and dies. */
  | { readonly is: 'crisis' }
  | { readonly is: 'recovery' }
  | { readonly is: 'read' }
  | { readonly is: 'wait'; readonly ms: number }
  | { readonly is: 'fail' | 'lag' | 'heal'; readonly store: EngineName }

const anyStore = fc.constantFrom<EngineName>('sql', 'nosql', 'cache')
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom({ is: 'crisis' } as const, { is: 'recovery' } as const) },
  { weight: 4, arbitrary: fc.constant({ is: 'write' } as const) },
  { weight: 5, arbitrary: fc.constant({ is: 'read' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({ is: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constantFrom('fail' as const, 'lag' as const, 'heal' as const),
      store: anyStore,
    }),
  },
)

const staleMsMax = 500

test('whatever fails or lags, an answer is current and unmarked, or of the past and marked with its age, or an error', async () => {
  let stale = 0
  let current = 0
  const property = fc.asyncProperty(fc.array(anyStep, { minLength: 10, maxLength: 40 }), async steps => {
    await using db = await openTestDb({ limits: { copyWaitMs: 5, commitMs: 300, staleMsMax } })
    const id = await newTask(db, await newProject(db), { title: '0' })
    /** What the title was, and until when it was the newest that had been acknowledged: the history. */
    const endedAt = new Map<string, number>()
    let newest = '0'
    /** Writes whose outcome nobody knows: each may still become the newest, as long as no other write has succeeded. */
    const perhaps = new Set<string>()
    const succeed = (title: string): void => {
      for (const old of [newest, ...perhaps]) if (old !== title) endedAt.set(old, performance.now())
      newest = title
    }
    let count = 0
    const write = async (): Promise<void> => {
      const title = String(++count)
      const { data } = await db.answer(rename, { id, title })
      const payload = data?.['updateTask'] as { readonly errors: readonly unknown[] } | null | undefined
      if (payload === null || payload === undefined) perhaps.add(title)
      if (payload?.errors.length !== 0) return
      succeed(title)
      perhaps.clear()
    }
    const read = async (): Promise<void> => {
      const askedAt = performance.now()
      const answer = await db.answer(titleQuery, { id })
      const [mark] = marksOf(answer)
      const title = (answer.data?.['task'] as { readonly title: string } | null)?.title
      if (answer.errors !== undefined) expect(title).toBeUndefined()
      else if (mark === undefined) {
        expect([newest, ...perhaps]).toContain(title)
        if (title !== undefined && perhaps.delete(title)) succeed(title)
        current++
      } else {
        expect(mark).toMatchObject({ path: ['task'], reason: 'stale' })
        expect(mark.ageMs).toBeLessThanOrEqual(staleMsMax)
        // It was the truth until its successor was acknowledged at the latest, at most as long ago as the mark says.
        const passedMs = performance.now() - (endedAt.get(title ?? '') ?? performance.now())
        expect(mark.ageMs + (performance.now() - askedAt) + 1).toBeGreaterThanOrEqual(passedMs)
        stale++
      }
    }
    const run = async (step: Step): Promise<void> => {
      switch (step.is) {
        case 'write':
          return write()
        case 'read':
          return read()
        case 'wait':
          return sleep(systemClock, step.ms)
        case 'crisis':
          lag(db.stores.nosql)
          lag(db.stores.cache)
          await write()
          fail(db.stores.sql)
          return read()
        case 'recovery':
          for (const store of Object.values(db.stores)) heal(store)
          return undefined
        case 'fail':
        case 'lag':
        case 'heal':
          return { fail, lag, heal }[step.is](db.stores[step.store])
        default:
          return unreachable(step)
      }
    }
    for (const step of steps) await run(step)
    for (const store of Object.values(db.stores)) heal(store)
  })
  // Histories wait more than they work, so that four are told at a time.
  await Promise.all([1, 2, 3, 4].map(() => fc.assert(property, { numRuns: 10 })))
  // The property says nothing unless both happen.
  expect(stale).toBeGreaterThan(5)
  expect(current).toBeGreaterThan(50)
}, 60_000)

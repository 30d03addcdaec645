import { expect, test } from 'vitest'
import { PlanCache } from '../../../gateway/planning/plan-cache.ts'
import type { PlanKey } from '../../../gateway/planning/plan-cache.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { ErrorCode } from '../../../kernel/errors.ts'
import { manualClock } from '../../support/manual-clock.ts'

const key = (text: string): PlanKey => ({ text, operationName: undefined })

function cacheOf(entriesMax: number, bytesMax = 1_000_000) {
  const clock = manualClock()
  return { clock, cache: new PlanCache<string>({ entriesMax, bytesMax, clock }) }
}

const made = (planned: string, bytes = 10) => Promise.resolve({ planned, bytes })

test('requests for an operation in planning share one run, also when its plan is not kept', async () => {
  const { cache } = cacheOf(10)
  let runs = 0
  let finish = (): void => undefined
  const gate = new Promise<void>(resolve => (finish = resolve))
  const make = async () => {
    runs++
    await gate
    return { planned: 'plan', bytes: 1 }
  }
  const all = Array.from({ length: 50 }, () => cache.planned(key('{ a }'), make, false))
  finish()
  expect(new Set(await Promise.all(all))).toEqual(new Set(['plan']))
  expect(runs).toBe(1)
  expect(cache.count).toBe(0)
})

test('another operation name or variant of one text is another plan', async () => {
  const { cache } = cacheOf(10)
  const plans = [
    await cache.planned({ text: 'q', operationName: 'A' }, () => made('A')),
    await cache.planned({ text: 'q', operationName: 'B' }, () => made('B')),
    await cache.planned({ text: 'q', operationName: 'B', variant: 'beta' }, () => made('beta')),
    await cache.planned({ text: 'q', operationName: 'B' }, () => made('again')),
  ]
  expect(plans).toEqual(['A', 'B', 'beta', 'B'])
})

test('entries and bytes stay within their bounds, and what was used last stays', async () => {
  const { cache } = cacheOf(100, 5_000)
  for (let n = 0; n < 1_000; n++) {
    await cache.planned(key(`{ q${n} }`), () => made(`${n}`, 100))
    await cache.planned(key('kept'), () => made('kept', 100))
    expect(cache.count).toBeLessThanOrEqual(100)
    expect(cache.bytes).toBeLessThanOrEqual(5_000)
  }
  expect(await cache.planned(key('kept'), () => made('lost'))).toBe('kept')
  expect(await cache.planned(key('{ q0 }'), () => made('made anew'))).toBe('made anew')
  await cache.planned(key('huge'), () => made('huge', 6_000))
  expect(await cache.planned(key('huge'), () => made('not kept'))).toBe('not kept')
})

test('a refusal is remembered, one for time or for want of a plan only for a minute, and another fault not at all', async () => {
  const { cache, clock } = cacheOf(10)
  const runs: string[] = []
  const failing = (code: ErrorCode) => async () => {
    runs.push(code)
    throw new EnneadError(code, code)
  }
  const codes = ['LIMIT_RECURSION', 'LIMIT_PLANNING', 'QUERY_PLAN_FAILED', 'UNAVAILABLE'] as const
  for (const minute of [0, 0, 1, 1]) {
    clock.advance(minute * 60_000)
    for (const code of codes) {
      await expect(cache.planned(key(code), failing(code))).rejects.toThrow(code)
    }
  }
  expect(codes.map(code => runs.filter(run => run === code).length)).toEqual([1, 3, 3, 4])
})

test('the hottest operations are those asked for most, without those that were refused', async () => {
  const { cache } = cacheOf(10)
  for (const [query, times] of [
    ['{ rare }', 1],
    ['{ hot }', 5],
    ['{ warm }', 3],
  ] as const) {
    for (let n = 0; n < times; n++) await cache.planned(key(query), () => made(query))
  }
  const refuse = () => Promise.reject(new EnneadError('LIMIT_FETCHES', 'too many'))
  for (let n = 0; n < 9; n++) await expect(cache.planned(key('{ bad }'), refuse)).rejects.toThrow('too many')
  expect(cache.hottest(2)).toEqual([
    { text: '{ hot }', operationName: undefined, uses: 5 },
    { text: '{ warm }', operationName: undefined, uses: 3 },
  ])
})

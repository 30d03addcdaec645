import fc from 'fast-check'
import { expect, test } from 'vitest'
import { admissionLimits } from '../../gateway/admission/admission-limits.ts'
import { ConcurrencyLimit } from '../../gateway/admission/concurrency-limit.ts'
import { between, mean, runLimited } from './limited-load.ts'
import { seededRandom } from '../support/seeded-random.ts'

const minute = 60_000

test.each([
  { servers: 24, workMs: 20, initial: 64 },
  { servers: 60, workMs: 40, initial: 64 },
  { servers: 100, workMs: 30, initial: 16 },
  { servers: 40, workMs: 100, initial: 1_000 },
])(
  'under all the load there can be, the limit settles where $servers servers are just busy ($workMs ms, from $initial)',
  ({ servers, workMs, initial }) => {
    const { readings } = runLimited({ concurrencyInitial: initial }, () => ({ servers, workMs }), minute)
    const settled = between(readings, minute / 2, minute)
    const limit = mean(settled.map(reading => reading.limit))
    expect(limit).toBeGreaterThan(servers)
    expect(limit).toBeLessThan(servers * 2.2)
    // All servers work nearly all of the time, and nobody waits long for it.
    expect(settled.length).toBeGreaterThan((minute / 2 / workMs) * servers * 0.97)
    expect(mean(settled.map(reading => reading.latencyMs))).toBeLessThan(workMs * 2.3)
  },
)

test('the limit does not creep up while an overload lasts', () => {
  const { readings } = runLimited({}, () => ({ servers: 30, workMs: 25 }), 10 * minute)
  const early = mean(between(readings, minute, 2 * minute).map(reading => reading.limit))
  const late = mean(between(readings, 9 * minute, 10 * minute).map(reading => reading.limit))
  expect(late / early).toBeGreaterThan(0.8)
  expect(late / early).toBeLessThan(1.2)
})

test('servers that become five times slower get less to do at once, and all of it again when they recover', () => {
  const slow = { from: 60_000, to: 62_000 }
  const weather = (at: number) => ({ servers: 60, workMs: at >= slow.from && at < slow.to ? 150 : 30 })
  const { readings } = runLimited({}, weather, 2 * minute)
  const limitAt = (from: number, to: number): number =>
    mean(between(readings, from, to).map(reading => reading.limit))
  const before = limitAt(50_000, 60_000)
  expect(limitAt(61_500, 62_200)).toBeLessThan(before * 0.6)
  expect(limitAt(70_000, 75_000)).toBeGreaterThan(before * 0.8)
  const recovered = between(readings, 66_000, 67_000).length
  expect(recovered).toBeGreaterThan((1_000 / 30) * 60 * 0.95)
})

test('work that stays slower without queueing is accepted as the new normal', () => {
  const weather = (at: number) => ({ servers: 60, workMs: at < 30_000 ? 10 : 100 })
  const { readings, limit } = runLimited({}, weather, 2 * minute)
  expect(mean(between(readings, 1.5 * minute, 2 * minute).map(reading => reading.limit))).toBeGreaterThan(60)
  expect(limit.baselineMs).toBeGreaterThan(80)
})

test('a gateway that uses less than half of its limit keeps the limit', () => {
  const weather = () => ({ servers: 5, workMs: 50, wanted: 20 })
  const { readings } = runLimited({ concurrencyInitial: 64, baselineEveryMs: minute }, weather, minute / 2)
  // Its baseline was taken under load, which a measurement corrects once.
  const held = readings.filter(reading => reading.limit !== 64)
  expect(held.every(reading => reading.limit === 16)).toBe(true)
  expect(readings.at(-1)?.limit).toBe(64)
})

test('a baseline measurement holds the limit down only as long as it may, also when nothing tells anything', () => {
  const limits = admissionLimits({ baselineEveryMs: 1_000, baselineMeasureMaxMs: 200 })
  const limit = new ConcurrencyLimit(limits, () => 0.5, 0)
  let now = 0
  while (limit.current === 64 && now < 5_000) limit.ended(now, (now += 5), 40)
  expect(limit.current).toBe(16)
  limit.passed(now + 199)
  expect(limit.current).toBe(16)
  limit.passed(now + 200)
  expect(limit.current).toBeGreaterThan(16)
})

test('work that began before a measurement does not count in it', () => {
  const limits = admissionLimits({ baselineEveryMs: 1_000 })
  const limit = new ConcurrencyLimit(limits, () => 0.5, 0)
  let now = 0
  while (limit.current === 64 && now < 5_000) limit.ended(now, (now += 5), 40)
  const slowStart = now
  limit.ended(slowStart, now + 1, 16)
  for (let index = 0; index < 30; index++) limit.ended(slowStart, now + 50, 16)
  for (let index = 0; index < 40; index++) limit.ended(now + 60, now + 70, 16)
  expect(limit.baselineMs).toBe(10)
})

test('whatever is measured, the limit stays between its bounds and moves again afterwards', () => {
  const sample = fc.record({
    latencyMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 100_000, noNaN: true })),
    afterMs: fc.integer({ min: 0, max: 5_000 }),
    share: fc.double({ min: 0, max: 2, noNaN: true }),
    telling: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 1, max: 30 }),
      fc.array(sample, { maxLength: 400 }),
      fc.integer(),
      (min, room, windowSamplesMin, samples, seed) => {
        const bounds = { concurrencyMin: min, concurrencyMax: min + room, concurrencyInitial: min }
        const limits = admissionLimits({ ...bounds, windowSamplesMin, baselineEveryMs: 2_000 })
        const limit = new ConcurrencyLimit(limits, seededRandom(seed), 0)
        let now = 0
        for (const { latencyMs, afterMs, share, telling } of samples) {
          now += afterMs
          const running = Math.max(1, Math.round(limit.current * share))
          if (telling) limit.ended(now - latencyMs, now, running)
          else limit.passed(now)
          expect(Number.isInteger(limit.current)).toBe(true)
          expect(limit.current).toBeGreaterThanOrEqual(min)
          expect(limit.current).toBeLessThanOrEqual(min + room)
        }
        // Steady, quick work at the limit lets it grow, whatever came before.
        for (let index = 0; index < 3_000; index++) {
          now += 10
          limit.ended(now - 1, now, limit.current)
        }
        expect(limit.settled).toBeGreaterThanOrEqual(Math.min(min + room, min * 1.5))
      },
    ),
    { numRuns: 150 },
  )
})

import { expect, test } from 'vitest'
import {
  expectedAttempts,
  standardScore,
  unitReliability,
  voteReliability,
  wilson,
} from '../../cli/reliability/model.ts'
import { seededRandom } from '../../cli/reliability/seeded-random.ts'
import {
  arithmeticRow,
  availabilityWithConsecutiveBreaker,
  callsUntilCusumOpens,
  callsUntilInARow,
} from '../../cli/reliability/simpler-arithmetic.ts'

const n = 200_000

/** What the formula says in one line, done call by call. */
function simulateUnit(attempts: number, e: number, beta: number, coverage: number, seed: number): number {
  const random = seededRandom(seed)
  const common = beta * e
  const own = (e - common) / (1 - common)
  let good = 0
  for (let call = 0; call < n; call++) {
    const together = random() < common
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (!together && random() >= own) {
        good++
        break
      }
      if (random() >= coverage) break
    }
  }
  return good
}

const cells = [0.05, 0.15, 0.25].flatMap(e =>
  [
    [1, 0, 1],
    [3, 0, 1],
    [6, 0, 1],
    [3, 0.1, 1],
    [3, 0, 0.9],
    [6, 0.02, 0.99],
  ].map(([attempts = 1, beta = 0, coverage = 1]) => [attempts, e, beta, coverage] as const),
)

test.each(cells)(
  '%i attempts, e %f, beta %f, coverage %f: the formula is what happens',
  (attempts, e, beta, coverage) => {
    const good = simulateUnit(attempts, e, beta, coverage, attempts * 1_000 + e * 100)
    const model = unitReliability({ attempts, e, beta, coverage })
    expect(Math.abs(standardScore(good, n, model))).toBeLessThan(4)
  },
)

test.each([0.05, 0.15, 0.25])(
  'a vote of two among three in two rounds, e %f: the formula is what happens',
  e => {
    const random = seededRandom(7)
    let good = 0
    for (let call = 0; call < n; call++) {
      let answers = 0
      for (let agent = 0; agent < 3; agent++) if (random() >= e || random() >= e) answers++
      if (answers >= 2) good++
    }
    expect(Math.abs(standardScore(good, n, voteReliability(3, 2, 2, e)))).toBeLessThan(4)
  },
)

test('known values', () => {
  expect(unitReliability({ attempts: 3, e: 0.15 })).toBeCloseTo(1 - 0.15 ** 3, 12)
  expect(unitReliability({ attempts: 3, e: 0.15, coverage: 0 })).toBeCloseTo(0.85, 12)
  expect(unitReliability({ attempts: 3, e: 0.15, beta: 1 })).toBeCloseTo(0.85, 12)
  expect(unitReliability({ attempts: 4, e: 1 })).toBe(0)
  expect(unitReliability({ attempts: 4, e: 0 })).toBe(1)
  expect(expectedAttempts(6, 0.15)).toBeCloseTo(1.17645, 4)
})

test('the interval of Wilson contains the truth about 95 times of 100, also near 100 %', () => {
  for (const [truth, size] of [
    [0.614, 400],
    [0.995, 2_000],
  ] as const) {
    const random = seededRandom(11)
    let contained = 0
    for (let trial = 0; trial < 2_000; trial++) {
      let good = 0
      for (let draw = 0; draw < size; draw++) if (random() < truth) good++
      const [low, high] = wilson(good, size)
      if (low <= truth && truth <= high) contained++
    }
    expect(contained / 2_000).toBeGreaterThan(0.93)
    expect(contained / 2_000).toBeLessThan(0.98)
  }
  expect(wilson(800, 800)[0]).toBeGreaterThan(0.995)
  expect(wilson(800, 800)[1]).toBe(1)
  expect(wilson(0, 800)[0]).toBe(0)
  expect(wilson(0, 0)).toEqual([0, 1])
})

test('counting orchestrators once flatters, and the fair baseline is that of the same request', () => {
  const row = arithmeticRow(0.15)
  expect(row.countedOnce).toBeCloseTo(0.8711, 3)
  expect(row.countedAsPassed).toBeCloseTo(0.7323, 3)
  expect(row.fairBaseline).toBeCloseTo(0.6141, 4)
  expect(arithmeticRow(0).countedAsPassed).toBeCloseTo(0.95 * 0.92 ** 3, 12)
})

test('a breaker that opens after three failures in a row opens by chance as often as computed', () => {
  const random = seededRandom(3)
  let calls = 0
  const openings = 3_000
  for (let opening = 0; opening < openings; opening++) {
    for (let inARow = 0; inARow < 3; calls++) inARow = random() < 0.15 ? inARow + 1 : 0
  }
  expect(calls / openings / callsUntilInARow(0.15, 3)).toBeGreaterThan(0.93)
  expect(calls / openings / callsUntilInARow(0.15, 3)).toBeLessThan(1.07)
})

test('a cumulative sum opens by chance as seldom as computed', () => {
  const random = seededRandom(5)
  let calls = 0
  const openings = 1_000
  for (let opening = 0; opening < openings; opening++) {
    for (let score = 0; score < 4; calls++) score = random() < 0.25 ? score + 1 : Math.max(0, score - 1)
  }
  expect(calls / openings / callsUntilCusumOpens(0.25, 4)).toBeGreaterThan(0.9)
  expect(calls / openings / callsUntilCusumOpens(0.25, 4)).toBeLessThan(1.1)
})

test('behind breakers that trip themselves hardly any call is answered', () => {
  const breaker = { failuresMax: 3, restMs: 30_000 }
  const kept = availabilityWithConsecutiveBreaker(breaker, 0.15, 1_000, 300_000, seededRandom(1))
  expect(kept).toBeLessThan(0.1)
  expect(availabilityWithConsecutiveBreaker(breaker, 0, 1_000, 1_000, seededRandom(1))).toBe(1)
})

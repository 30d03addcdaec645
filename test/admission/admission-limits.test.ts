import { expect, test } from 'vitest'
import { Admission } from '../../gateway/admission/admission.ts'
import { admissionDefaults, admissionLimits } from '../../gateway/admission/admission-limits.ts'
import { RequestPriority } from '../../gateway/admission/request-priority.ts'
import { silentLog } from '../../kernel/log.ts'
import { manualClock } from '../support/manual-clock.ts'

test('every number has a default that is allowed', () => {
  expect(admissionLimits()).toEqual(admissionDefaults)
})

test.each(Object.keys(admissionDefaults))(
  '%s is refused with its name and value when it makes no sense',
  name => {
    for (const value of [-1, Number.NaN, Infinity]) {
      expect(() => admissionLimits({ [name]: value })).toThrow(`admission.${name} must be`)
      expect(() => admissionLimits({ [name]: value })).toThrow(`got ${value}`)
    }
  },
)

test.each([
  [{ concurrencyMin: 20, concurrencyMax: 10 }, 'concurrencyMax'],
  [{ concurrencyInitial: 2_000 }, 'concurrencyInitial'],
  [{ concurrencyMin: 2.5 }, 'concurrencyMin'],
  [{ eventLoopShedMs: 300 }, 'eventLoopEssentialMs'],
  [{ heapShedShare: 0.99 }, 'heapEssentialShare'],
  [{ riskShed: 0.95 }, 'riskEssential'],
  [{ waitShareMax: 0 }, 'waitShareMax'],
  [{ latencyQuantile: 1 }, 'latencyQuantile'],
  [{ windowSamplesMin: 257 }, 'windowSamplesMin'],
])('%j is refused at %s', (given, name) => {
  expect(() => new Admission(given, { clock: manualClock(), log: silentLog })).toThrow(
    `admission.${name} must be`,
  )
})

test('essential operations must be names, and not too many', () => {
  expect(() => new RequestPriority(['a b'], 1)).toThrow('admission.essentialOperations must be names')
  expect(
    () =>
      new RequestPriority(
        Array.from({ length: 101 }, (_, index) => `a${index}`),
        1,
      ),
  ).toThrow('at most 100')
})

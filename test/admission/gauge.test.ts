import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Gauge } from '../../gateway/admission/gauge.ts'
import type { GaugeOptions } from '../../gateway/admission/gauge.ts'

const options: GaugeOptions = { highAt: 0.7, extremeAt: 0.9, weight: 1, releaseShare: 0.8, holdMs: 1_000 }

/** Levels after each value, one every 100 ms. */
function levels(values: readonly (number | undefined)[], given: Partial<GaugeOptions> = {}): string[] {
  const gauge = new Gauge({ ...options, ...given })
  return values.map((value, index) => {
    gauge.update(value, index * 100)
    return gauge.level
  })
}

test('it rises at once, by one level or two', () => {
  expect(levels([0.69, 0.7, 0.9])).toEqual(['calm', 'high', 'extreme'])
  expect(levels([0, 1])).toEqual(['calm', 'extreme'])
})

test('it falls only after a second well below the threshold, and the second begins anew when it was not', () => {
  const calm = Array.from({ length: 11 }, () => 0.5)
  expect(levels([0.7, ...calm]).indexOf('calm')).toBe(11)
  const between = levels([0.7, ...calm.slice(2), 0.6, ...calm])
  expect(between.lastIndexOf('high')).toBe(20)
  expect(levels([0.7, ...Array.from({ length: 50 }, () => 0.57)])).not.toContain('calm')
})

test('from extreme it goes down to high while the value is not below the release of that', () => {
  const values = [0.95, ...Array.from({ length: 30 }, () => 0.65)]
  const seen = levels(values)
  expect(seen[11]).toBe('high')
  expect(seen.at(-1)).toBe('high')
})

test('one outlier is never extreme, however large; two in a row are', () => {
  expect(levels([0, 1e9, 0, 0], { weight: 0.3 })).not.toContain('extreme')
  expect(levels([0, 1e9, 1e9, 0], { weight: 0.3 })).toContain('extreme')
})

test('a value that was not measured or is none changes nothing', () => {
  expect(levels([0.8, undefined, Number.NaN, Infinity])).toEqual(['high', 'high', 'high', 'high'])
})

test('whatever it reads, it ends calm when calm lasts, and never below its threshold is it higher than it was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { maxLength: 100 }),
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      (values, weight) => {
        const gauge = new Gauge({ ...options, weight })
        const order = ['calm', 'high', 'extreme']
        values.forEach((value, index) => {
          const before = order.indexOf(gauge.level)
          gauge.update(value, index * 100)
          const after = order.indexOf(gauge.level)
          if (gauge.value < options.highAt) expect(after).toBeLessThanOrEqual(before)
          if (gauge.value >= options.extremeAt) expect(gauge.level).toBe('extreme')
        })
        for (let index = 0; index < 200; index++) gauge.update(0, (values.length + index) * 100)
        expect(gauge.level).toBe('calm')
      },
    ),
  )
})

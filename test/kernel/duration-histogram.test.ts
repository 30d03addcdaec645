import fc from 'fast-check'
import { Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { DurationHistogram } from '../../kernel/duration-histogram.ts'

const buckets = [0.001, 0.01, 0.1, 1]
const labelNames = ['door', 'outcome'] as const
const options = { name: 'took_seconds', help: 'Time of "operations".', labelNames, buckets }

const seen = fc.record({
  door: fc.constantFrom('http', 'websocket', 'a "quoted"\nline\\'),
  outcome: fc.constantFrom('ok', ''),
  seconds: fc.oneof(
    fc.constantFrom(...buckets, 0, -1),
    fc.double({ min: 0, max: 2, noNaN: true, noDefaultInfinity: true }),
  ),
})

test('whatever was counted is scraped to the last byte as prom-client shows it, as text and as JSON', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(seen, { maxLength: 30 }), async all => {
      const [ours, theirs] = [new Registry(), new Registry()]
      const histogram = new DurationHistogram({ ...options, registry: ours })
      const oracle = new Histogram({ ...options, registers: [theirs] })
      for (const { door, outcome, seconds } of all) {
        histogram.cell(door, outcome).observe(seconds)
        oracle.observe({ door, outcome }, seconds)
      }
      expect(await ours.metrics()).toBe(await theirs.metrics())
      const withoutExemplars = (key: string, value: unknown): unknown =>
        key === 'exemplar' ? undefined : value
      const plain = async (registry: Registry): Promise<unknown> =>
        JSON.parse(JSON.stringify(await registry.getMetricsAsJSON(), withoutExemplars)) as unknown
      expect(await plain(ours)).toEqual(await plain(theirs))
    }),
    { numRuns: 100 },
  )
})

test('what is no number is not counted, and a name is taken once', async () => {
  const registry = new Registry()
  const histogram = new DurationHistogram({ ...options, registry })
  for (const seconds of [Number.NaN, Infinity, -Infinity]) histogram.cell('http', 'ok').observe(seconds)
  expect(await registry.metrics()).toContain('took_seconds_count{door="http",outcome="ok"} 0')
  expect(() => new DurationHistogram({ ...options, registry })).toThrow('took_seconds')
})

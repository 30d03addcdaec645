import { expect, test } from 'vitest'
import { admissionLimits } from '../../gateway/admission/admission-limits.ts'
import { ownSources } from '../../gateway/admission/load-sources.ts'
import { OverloadWatch } from '../../gateway/admission/overload-watch.ts'
import { jsonLog } from '../../kernel/log.ts'
import { manualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

function watched() {
  const load = { eventLoopMs: 0, heapShare: 0, risk: 0 }
  const clock = manualClock()
  const lines: string[] = []
  const modes: string[] = []
  const read = (name: keyof typeof load) => (): number => {
    if (load[name] < 0) throw new Error('the gauge is broken')
    return load[name]
  }
  const watch = new OverloadWatch(
    admissionLimits({ gaugeWeight: 1 }),
    { eventLoopMs: read('eventLoopMs'), heapShare: read('heapShare'), risk: read('risk') },
    { clock, log: jsonLog({ level: 'info', write: line => lines.push(line) }) },
    ({ mode }) => modes.push(mode),
  )
  return { load, clock, lines, modes, watch }
}

test('the worst gauge decides, and all that are as bad are named', () => {
  const { load, clock, watch } = watched()
  load.eventLoopMs = 120
  clock.advance(100)
  expect(watch.state).toMatchObject({ mode: 'shedding', because: ['eventLoop'] })
  load.heapShare = 0.96
  load.risk = 0.95
  clock.advance(100)
  expect(watch.state).toMatchObject({ mode: 'essential', because: ['heap', 'risk'] })
  expect(watch.values).toEqual({ eventLoop: 120, heap: 0.96, risk: 0.95 })
})

test('every change of mode is told and logged once, with the way back', () => {
  const { load, clock, lines, modes, watch } = watched()
  load.risk = 0.75
  clock.advance(3_000)
  load.risk = 0
  clock.advance(900)
  expect(watch.state.mode).toBe('shedding')
  clock.advance(300)
  expect(watch.state).toEqual({ mode: 'normal' })
  expect(modes).toEqual(['shedding', 'normal'])
  expect(lines.map(line => JSON.parse(line) as unknown)).toMatchObject([
    { level: 'warn', event: 'admission.mode', from: 'normal', to: 'shedding', because: ['risk'], risk: 0.75 },
    { level: 'info', event: 'admission.mode', from: 'shedding', to: 'normal' },
  ])
})

test('a gauge that fails is logged once, counts as calm and leaves the others alone', () => {
  const { load, clock, lines, watch } = watched()
  load.risk = 0.95
  clock.advance(100)
  load.risk = -1
  load.heapShare = 0.9
  clock.advance(2_000)
  expect(watch.state).toMatchObject({ mode: 'shedding', because: ['heap'] })
  expect(lines.filter(line => line.includes('admission.gauge-failed'))).toHaveLength(1)
})

test('a closed watch leaves no timer', () => {
  const { clock, watch } = watched()
  expect(clock.timers).toBe(1)
  watch.close()
  expect(clock.timers).toBe(0)
})

const standStill = (ms: number): void => {
  const end = performance.now() + ms
  while (performance.now() < end) continue
}

test('the lateness of the real event loop is seen, also when it stood still only once', () => {
  const sources = ownSources(100)
  try {
    standStill(200)
    // Asked for 100 ms later than it should have been.
    expect(sources.eventLoopMs()).toBeGreaterThan(50)
    expect(sources.heapShare()).toBeGreaterThan(0)
    expect(sources.heapShare()).toBeLessThan(1)
  } finally {
    sources.close()
  }
})

test('an event loop that is busy is looked at closely, also between two calls, until it is quiet', async () => {
  const sources = ownSources(60_000)
  try {
    standStill(20)
    // It is busy from here on: no call is late, so that what is seen was seen between them.
    expect(sources.eventLoopMs()).toBe(0)
    let lateMs: number | undefined
    await until('the stalls were seen', () => {
      standStill(60)
      lateMs = sources.eventLoopMs()
      return lateMs !== undefined && lateMs > 0
    })
    expect(lateMs).toBeGreaterThan(10)
    await until('it is quiet', () => sources.eventLoopMs() === 0)
  } finally {
    sources.close()
  }
})

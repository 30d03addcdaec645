import fc from 'fast-check'
import { expect, test } from 'vitest'
import { prioritiesInOrder } from '../../gateway/admission/waiting-line.ts'
import type { GraphQLAnswer } from '../../gateway/engine.ts'
import { settled } from '../support/manual-clock.ts'
import { lab } from './admission-fixture.ts'

/** One place, so that everybody else waits. */
const single = { concurrencyMin: 1, concurrencyMax: 1, concurrencyInitial: 1 }

test('as many run as may; the next waits for a place, the important ones first and in order of arrival', async () => {
  const { ask, begun } = lab(single)
  const first = ask('sheddable')
  const [late, middle, early] = [ask('sheddable'), ask('default'), ask('critical')]
  const second = ask('default')
  await settled()
  expect(begun).toEqual([first])
  for (let index = 0; index < 5; index++) {
    begun[index]?.finish()
    await settled()
  }
  expect(begun).toEqual([first, early, middle, second, late])
  expect(begun.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'done'))
})

test('the wait ends with the deadline, and the work is never begun', async () => {
  const { ask, begun, clock, admission } = lab(single)
  const first = ask('default')
  const second = ask('default')
  await clock.run(500)
  expect(second.state).toBe('DEADLINE_EXCEEDED')
  first.finish()
  await settled()
  expect(begun).toEqual([first])
  expect(admission.report()).toMatchObject({ running: 0, waiting: { default: 0 }, counts: { left: 1 } })
})

test('work whose time ran out while the process stood still is dropped when its turn comes', async () => {
  const { ask, begun, clock, admission } = lab(single)
  const first = ask('default', 10_000)
  const [expired, alive] = [ask('default'), ask('default', 10_000)]
  await settled()
  // Its timer has not run yet when the place becomes free.
  const late = clock.now() + 600
  clock.soon(() => first.finish())
  await clock.stall(600)
  expect(clock.now()).toBe(late)
  await settled()
  expect(expired.state).toBe('DEADLINE_EXCEEDED')
  expect(begun).toEqual([first, alive])
  expect(admission.report().counts).toMatchObject({ expired: 1, left: 0 })
})

test('a request that comes with no time left is never begun, also when there is room', async () => {
  const { ask, clock, begun } = lab({ startLeftMinMs: 5 })
  const asked = ask('default', 4)
  await settled()
  expect(asked.state).toBe('DEADLINE_EXCEEDED')
  expect(begun).toEqual([])
  clock.advance(10)
})

test('a caller who leaves the line frees the place in it', async () => {
  const { ask, admission, begun } = lab({ ...single, queueMax: 1 })
  const first = ask('default')
  const leaving = ask('default')
  expect(ask('default')).toBeDefined()
  await settled()
  leaving.budget.cancel()
  await settled()
  expect(leaving.state).toBe('CANCELLED')
  expect(admission.report().waiting.default).toBe(0)
  const next = ask('default')
  first.finish()
  await settled()
  expect(begun).toEqual([first, next])
})

test('a full line refuses its equals and below, and gives a place to what is more important', async () => {
  const { ask, admission, begun } = lab({ ...single, queueMax: 2 })
  const first = ask('critical')
  const [one, two, three] = [ask('sheddable'), ask('default'), ask('default')]
  await settled()
  // The third default displaced the sheddable one.
  expect([one.state, two.state, three.state]).toEqual(['OVERLOADED', 'waiting', 'waiting'])
  expect(one.facts).toMatchObject({ reason: 'displaced', priority: 'sheddable' })
  const four = ask('default')
  const five = ask('sheddable')
  const vip = ask('critical')
  await settled()
  expect([four.facts, five.facts]).toMatchObject([{ reason: 'full' }, { reason: 'full' }])
  expect(admission.report().waiting).toEqual({ critical: 1, default: 1, sheddable: 0 })
  first.finish()
  await settled()
  expect(begun).toEqual([first, vip])
})

test('who would wait too long for the time left is refused at once, with a time to come back', async () => {
  const { ask, clock, begun } = lab(single)
  for (let index = 0; index < 100; index++) {
    const done = ask('default')
    await settled()
    await clock.run(100)
    done.finish()
    await settled()
  }
  begun.length = 0
  // Each takes about 100 ms: two may wait within half of 500 ms, the third may not.
  const asked = Array.from({ length: 5 }, () => ask('default'))
  const patient = ask('critical', 5_000)
  await settled()
  expect(asked.map(({ state }) => state)).toEqual([
    'running',
    'waiting',
    'waiting',
    'OVERLOADED',
    'OVERLOADED',
  ])
  expect(asked[3]?.facts['reason']).toBe('wait')
  expect(patient.state).toBe('waiting')
})

test('under the first threshold what is sheddable is refused, under the second all that is not critical', async () => {
  for (const [load, shed, essential] of [
    ['eventLoopMs', 150, 300],
    ['heapShare', 0.9, 0.97],
    ['risk', 0.8, 0.95],
  ] as const) {
    const tried = lab()
    const states = async (value: number): Promise<string[]> => {
      tried.load[load] = value
      await tried.clock.run(100)
      const asked = (['sheddable', 'default', 'critical'] as const).map(priority => tried.ask(priority))
      await settled()
      return asked.map(({ state }) => state)
    }
    expect(await states(0)).toEqual(['running', 'running', 'running'])
    expect(await states(shed)).toEqual(['OVERLOADED', 'running', 'running'])
    expect(await states(essential)).toEqual(['OVERLOADED', 'OVERLOADED', 'running'])
    tried.load[load] = 0
    await tried.clock.run(900)
    expect(await states(0)).toEqual(['OVERLOADED', 'OVERLOADED', 'running'])
    await tried.clock.run(1_000)
    expect(await states(0)).toEqual(['running', 'running', 'running'])
  }
})

test('who waits when the mode changes is refused at once instead of waiting for nothing', async () => {
  const { ask, load, clock } = lab(single)
  ask('critical', 10_000)
  const waiting = (['sheddable', 'default', 'critical'] as const).map(priority => ask(priority, 10_000))
  load.risk = 0.8
  await clock.run(100)
  expect(waiting.map(({ state }) => state)).toEqual(['OVERLOADED', 'waiting', 'waiting'])
  load.risk = 1
  await clock.run(100)
  expect(waiting.map(({ state }) => state)).toEqual(['OVERLOADED', 'OVERLOADED', 'waiting'])
  expect(waiting[1]?.facts).toMatchObject({ reason: 'mode', priority: 'default' })
})

test('refused callers are told different times to come back, half to one and a half of the option', async () => {
  const { ask, load, clock } = lab({ retryAfterMs: 2_000 })
  load.risk = 1
  await clock.run(100)
  const refused = Array.from({ length: 200 }, () => ask('default'))
  await settled()
  const times = refused.map(({ facts }) => Number(facts['retryAfterMs']))
  expect(Math.min(...times)).toBeGreaterThanOrEqual(1_000)
  expect(Math.max(...times)).toBeLessThanOrEqual(3_000)
  expect(new Set(times).size).toBeGreaterThan(100)
})

test('refusals are counted in the log, not listed', async () => {
  const { ask, load, clock, admission, lines } = lab({ refusalLogEveryMs: 10_000 })
  const logged = (): unknown[] =>
    lines.filter(line => line.includes('admission.refused')).map(line => JSON.parse(line) as unknown)
  load.risk = 1
  await clock.run(100)
  for (let index = 0; index < 500; index++) ask('default')
  await settled()
  expect(admission.report().counts.refused).toEqual({ mode: 500, full: 0, wait: 0, displaced: 0 })
  expect(logged()).toMatchObject([{ refused: 1 }])
  await clock.run(10_000)
  ask('default')
  await settled()
  expect(logged()).toMatchObject([{ refused: 1 }, { refused: 500, total: { mode: 501 } }])
})

test('a glance at the text refuses what would be refused anyway, and nothing else', async () => {
  const { admission, load, clock } = lab({ essentialOperations: ['Board'] })
  const glance =
    (text: string, sheddable = false) =>
    () =>
      admission.glance(text, sheddable, 500)
  expect(glance('{ tasks }', true)).not.toThrow()
  load.risk = 1
  await clock.run(100)
  expect(glance('{ tasks }')).toThrow(/takes only what is more important/)
  expect(glance('mutation { add }', true)).toThrow(/takes only/)
  expect(glance('mutation { add }')).not.toThrow()
  expect(glance('query Board { tasks }')).not.toThrow()
})

test('answers that a deadline or a failure cut short never make work look quick, but can show that it is slow', async () => {
  const { ask, clock, admission } = lab({ concurrencyMin: 4, concurrencyInitial: 4, windowSamplesMin: 4 })
  const errors = [{ message: 'late', extensions: { code: 'DEADLINE_EXCEEDED' } }]
  const turn = async (ms: number, answer: GraphQLAnswer): Promise<void> => {
    const asked = [ask('default'), ask('default'), ask('default'), ask('default')]
    await settled()
    await clock.run(ms)
    for (const one of asked) one.finish(answer)
    await settled()
  }
  for (let index = 0; index < 20; index++) await turn(100, { data: {} })
  expect(admission.report().baselineMs).toBe(100)
  for (let index = 0; index < 100; index++) await turn(1, { data: {}, errors })
  for (let index = 0; index < 100; index++) await turn(1, { data: null, errors })
  expect(admission.report().baselineMs).toBe(100)
  for (let index = 0; index < 20; index++) await turn(400, { data: {}, errors })
  expect(admission.report().baselineMs).toBeGreaterThan(200)
})

test('whatever happens in whatever order, places are neither lost nor given twice and nobody is forgotten', async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('ask'),
      priority: fc.constantFrom(...prioritiesInOrder),
      ms: fc.integer({ min: 1, max: 400 }),
    }),
    fc.record({ kind: fc.constant('finish'), index: fc.nat(30), data: fc.constantFrom({}, null) }),
    fc.record({ kind: fc.constant('cancel'), index: fc.nat(30) }),
    fc.record({ kind: fc.constant('pass'), ms: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ kind: fc.constant('risk'), risk: fc.constantFrom(0, 0.8, 1) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const tried = lab({
        concurrencyMin: 1,
        concurrencyMax: 4,
        concurrencyInitial: 2,
        queueMax: 4,
        windowSamplesMin: 1,
        windowMs: 10,
      })
      const { admission, clock } = tried
      const asked: ReturnType<typeof tried.ask>[] = []
      for (const each of steps) {
        if ('priority' in each) asked.push(tried.ask(each.priority, each.ms))
        else if ('data' in each) tried.begun[each.index]?.finish({ data: each.data })
        else if ('index' in each) asked[each.index]?.budget.cancel()
        else if ('risk' in each) tried.load.risk = each.risk
        else await clock.run(each.ms)
        await settled()
        const report = admission.report()
        const waiting = asked.filter(({ state }) => state === 'waiting').length
        expect(report.running).toBe(asked.filter(({ state }) => state === 'running').length)
        expect(report.waiting.critical + report.waiting.default + report.waiting.sheddable).toBe(waiting)
        expect(waiting).toBeLessThanOrEqual(4)
        expect(report.running).toBeLessThanOrEqual(4)
        // Nobody waits while there is room.
        if (waiting > 0) expect(report.running).toBeGreaterThanOrEqual(report.limit)
      }
      tried.load.risk = 0
      for (const one of asked) one.finish()
      await clock.run(5_000)
      expect(asked.filter(({ state }) => state === 'waiting' || state === 'running')).toEqual([])
      expect(admission.report()).toMatchObject({ running: 0, state: { mode: 'normal' } })
      admission.close()
    }),
    { numRuns: 150 },
  )
})

import { expect, test } from 'vitest'
import type { Priority } from '../../dispatch/port.ts'
import { sleep } from '../../kernel/clock.ts'
import { lab } from './admission-fixture.ts'
import type { Asked, Lab } from './admission-fixture.ts'
import { seededRandom } from '../support/seeded-random.ts'

const servers = 20
const workMs = 20
/** What the servers can do. */
const perSecond = (servers / workMs) * 1_000

interface Told {
  readonly priority: Priority
  readonly asked: Asked
  readonly at: number
}

/** Lets `rate` operations a second come for `ms`, at random times; a fifth of them critical, a fifth sheddable. */
async function arrivals(tried: Lab, rate: number, ms: number, seed: number, told: Told[]): Promise<void> {
  const random = seededRandom(seed)
  const end = tried.clock.now() + ms
  const next = (): void => {
    const at = tried.clock.now()
    if (at >= end) return
    const kind = random()
    const priority = kind < 0.2 ? 'critical' : kind < 0.4 ? 'sheddable' : 'default'
    told.push({ priority, asked: tried.ask(priority), at })
    tried.clock.after((-Math.log(1 - random()) * 1_000) / rate, next)
  }
  next()
  await tried.clock.run(ms)
}

/** Servers with one line behind the gateway: they take what was begun, in order. */
function serve(tried: Lab, pace: { workMs: number }): { late: number } {
  const random = seededRandom(99)
  const seen = { late: 0 }
  let busy = 0
  let taken = 0
  const take = (): void => {
    while (busy < servers && taken < tried.begun.length) {
      const asked = tried.begun[taken++]
      busy++
      void sleep(tried.clock, pace.workMs * (0.5 + random())).then(() => {
        busy--
        if (asked !== undefined && asked.budget.remainingMs <= 0) seen.late++
        asked?.finish()
        take()
      })
    }
  }
  const watch = (): void => {
    take()
    tried.clock.after(1, watch)
  }
  watch()
  return seen
}

function share(told: readonly Told[], priority: Priority, from: number, to: number): number {
  const those = told.filter(each => each.priority === priority && each.at >= from && each.at < to)
  return those.filter(({ asked }) => asked.state === 'done').length / those.length
}

test('with four times what the servers can do, they do all they can, critical work first, and recover at once', async () => {
  const tried = lab({ concurrencyMin: 8, queueMax: 400 })
  const { clock, admission } = tried
  const seen = serve(tried, { workMs })
  const told: Told[] = []
  const start = clock.now()
  await arrivals(tried, perSecond * 0.5, 2_000, 1, told)
  expect(told.every(({ asked }) => asked.state !== 'OVERLOADED')).toBe(true)

  const overload = clock.now()
  await arrivals(tried, perSecond * 4, 6_000, 2, told)
  const calm = clock.now()
  await arrivals(tried, perSecond * 0.5, 4_000, 3, told)
  await clock.run(1_000)

  expect(share(told, 'critical', overload, calm)).toBeGreaterThan(0.99)
  expect(share(told, 'sheddable', overload + 1_000, calm)).toBeLessThan(0.05)
  const done = told.filter(({ asked, at }) => at >= overload && at < calm && asked.state === 'done').length
  expect(done).toBeGreaterThan(perSecond * 6 * 0.9)
  // Nearly nothing was worked on for nobody.
  expect(seen.late).toBeLessThan(done * 0.03)
  for (const priority of ['critical', 'default', 'sheddable'] as const) {
    expect(share(told, priority, start, overload)).toBe(1)
    expect(share(told, priority, calm + 1_000, Infinity)).toBe(1)
  }
  expect(admission.report()).toMatchObject({ running: 0, waiting: { critical: 0, default: 0, sheddable: 0 } })
}, 60_000)

test('servers that stand nearly still for two seconds leave no backlog behind', async () => {
  const tried = lab({ concurrencyMin: 8 })
  const { clock } = tried
  const pace = { workMs }
  serve(tried, pace)
  const told: Told[] = []
  await arrivals(tried, perSecond * 0.8, 2_000, 1, told)
  pace.workMs = 2_000
  await arrivals(tried, perSecond * 0.8, 2_000, 2, told)
  pace.workMs = workMs
  const well = clock.now()
  await arrivals(tried, perSecond * 0.8, 8_000, 3, told)
  await clock.run(1_000)
  expect(share(told, 'critical', well + 3_000, Infinity)).toBe(1)
  expect(share(told, 'default', well + 5_000, Infinity)).toBeGreaterThan(0.99)
}, 60_000)

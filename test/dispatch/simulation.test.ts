import { expect, test } from 'vitest'
import { failover, hedge, once, quorum } from '../../dispatch/policy.ts'
import type { Policy } from '../../dispatch/policy.ts'
import type { Random } from '../../kernel/clock.ts'
import { laboratory, quantile } from './laboratory.ts'
import type { CallMade, Laboratory, Trouble } from './laboratory.ts'

const hourMs = 3_600_000

const troubles: readonly Trouble[] = [
  {},
  {},
  { errors: 0.15 },
  { errors: 1 },
  { hangs: 0.1 },
  { hangs: 1 },
  { hangs: 1, deaf: true },
  { slowerMs: 20 },
  { slowerMs: 80, deaf: true },
  { overloads: 1 },
  { errors: 0.3, hangs: 0.3, overloads: 0.3 },
]

const policies: readonly Policy[] = [failover, { ...failover, preference: 'order' }, hedge(), quorum()]

function anyCall(random: Random): CallMade {
  const dice = random()
  const operation = dice < 0.2 ? 'write' : 'read'
  if (dice > 0.9) return { operation, leavesAfterMs: random() * 60 }
  if (dice > 0.8) return { operation, options: { remainingMs: random() * 200 } }
  if (dice > 0.75) return { operation, options: { priority: dice > 0.77 ? 'critical' : 'sheddable' } }
  return { operation }
}

/** Changes what is wrong with an agent every few seconds, for `ms`. */
async function troubledTimes(lab: Laboratory, perSecond: number, ms: number): Promise<void> {
  const until = lab.clock.now() + ms
  const change = (): void => {
    const ended = lab.clock.now() >= until
    const agent = lab.agents[Math.floor(lab.random() * lab.agents.length)]
    const trouble = troubles[Math.floor(lab.random() * troubles.length)]
    if (agent !== undefined && trouble !== undefined && !ended) agent.trouble = trouble
    if (!ended) lab.clock.after(1_000 + lab.random() * 20_000, change)
  }
  change()
  await lab.load(perSecond, ms, () => anyCall(lab.random))
}

async function wellTimes(lab: Laboratory, perSecond: number, ms: number): Promise<void> {
  for (const agent of lab.agents) agent.trouble = {}
  await lab.load(perSecond, ms)
}

function expectNothingKept(lab: Laboratory): void {
  expect(lab.tally.settled).toBe(lab.tally.made)
  const usage = lab.dispatcher.usage()
  expect(usage).toMatchObject({ callsRunning: 0, deadlines: 0 })
  for (const agent of usage.agents) expect(agent).toMatchObject({ running: 0, lagging: 0 })
  for (const agent of lab.agents) expect(agent.waiting()).toBe(0)
  expect(lab.count('attemptEnded')).toBe(lab.count('attemptStarted'))
  expect(lab.clock.timers).toBe(0)
}

test.each(policies.map((policy, index) => [index + 1, policy] as const))(
  'after an hour of random trouble (seed %i) nothing is kept, and when the trouble ends all is well within seconds',
  async (seed, policy) => {
    const lab = laboratory(seed, { policies: { read: policy, write: once(failover) } })
    await troubledTimes(lab, 10, hourMs)
    expect(lab.count('opened')).toBeGreaterThan(20)
    expect(lab.tally.good).toBeGreaterThan(0.5 * lab.tally.made)

    // Rests are at most 5 s, and a call comes every 100 ms to probe.
    await wellTimes(lab, 10, 8_000)
    expect(lab.dispatcher.usage().agents.map(({ phase }) => phase)).toEqual(['closed', 'closed', 'closed'])
    const [made, good] = [lab.tally.made, lab.tally.good]
    await wellTimes(lab, 50, 10_000)
    await lab.clock.run(60_000)
    expect(lab.tally.good - good).toBe(lab.tally.made - made)
    expectNothingKept(lab)
  },
)

test('the same seed tells the same story, to the last event; another seed another one', async () => {
  const tell = async (seed: number): Promise<number> => {
    const lab = laboratory(seed, { policies: { read: hedge(), write: once(failover) } })
    await troubledTimes(lab, 50, 120_000)
    await lab.clock.run(10_000)
    return lab.story()
  }
  const [first, again, other] = [await tell(7), await tell(7), await tell(8)]
  expect(again).toBe(first)
  expect(other).not.toBe(first)
})

test.each([
  ['failover', failover],
  ['hedge', hedge()],
])(
  'with random errors in 15 of 100 attempts of each agent, %s answers at least 995 of 1,000 calls with fewer than 1.5 attempts a call',
  async (_name, policy) => {
    const lab = laboratory(15, { policies: { read: policy } })
    for (const agent of lab.agents) agent.trouble = { errors: 0.15 }
    await lab.load(200, 200_000)
    await lab.clock.run(1_000)
    expect(lab.tally.made).toBeGreaterThan(39_000)
    expect(lab.tally.good / lab.tally.made).toBeGreaterThanOrEqual(0.995)
    expect(lab.count('attemptStarted') / lab.tally.made).toBeLessThan(1.5)
    expect(lab.count('opened')).toBe(0)
  },
)

test('with 15 % of mixed faults, hedging keeps the 99th percentile under 60 ms where failover alone has over 60', async () => {
  const tail = async (policy: Policy): Promise<number> => {
    const lab = laboratory(3, { policies: { read: policy } })
    for (const agent of lab.agents) agent.trouble = { errors: 0.05, hangs: 0.1 }
    await lab.load(100, 100_000)
    await lab.clock.run(1_000)
    expect(lab.tally.good / lab.tally.made).toBeGreaterThanOrEqual(0.995)
    return quantile(lab.tally.tookMs, 0.99)
  }
  expect(await tail(hedge())).toBeLessThan(60)
  expect(await tail(failover)).toBeGreaterThan(60)
})

test('after a total outage of two seconds calls succeed again within two more', async () => {
  const lab = laboratory(4)
  await wellTimes(lab, 200, 2_000)
  for (const agent of lab.agents) agent.trouble = { errors: 1 }
  await lab.load(200, 2_000)
  const [made, good] = [lab.tally.made, lab.tally.good]
  expect(lab.count('attemptStarted') / made).toBeLessThan(1.5)
  await wellTimes(lab, 200, 2_000)
  expect(lab.tally.good).toBeGreaterThan(good)
  const [madeLater, goodLater] = [lab.tally.made, lab.tally.good]
  await wellTimes(lab, 200, 2_000)
  await lab.clock.run(1_000)
  expect((lab.tally.good - goodLater) / (lab.tally.made - madeLater)).toBeGreaterThan(0.99)
})

import { expect, test } from 'vitest'
import { createDispatcher } from '../../dispatch/dispatcher.ts'
import type { DispatchLimits } from '../../dispatch/options.ts'
import { manualClock } from '../support/manual-clock.ts'
import type { TestPort } from './desk.ts'
import { seeded } from './laboratory.ts'
import { queueingAgent } from './queueing-agent.ts'

/** Three agents that can do 1,600 calls a second each get 85 % of that; one of them stands still from 1 to 3 s. */
async function oneAgentHangs(limits: Partial<DispatchLimits>): Promise<number[]> {
  const clock = manualClock()
  const random = seeded(11)
  const agents = ['a', 'b', 'c'].map(name => queueingAgent(name, clock, 16, 10))
  const dispatcher = createDispatcher<TestPort>({ domain: 'lab', agents, clock, random, ...limits })
  const goodInSecond = [0, 0, 0, 0, 0, 0, 0]
  const start = clock.now()
  const perSecond = 0.85 * 3 * 1_600
  const next = (): void => {
    if (clock.now() - start >= goodInSecond.length * 1_000) return
    void dispatcher.call('read', 'x').then(
      () => {
        const second = Math.floor((clock.now() - start) / 1_000)
        goodInSecond[second] = (goodInSecond[second] ?? 0) + 1
      },
      () => undefined,
    )
    clock.after((-Math.log(1 - random()) * 1_000) / perSecond, next)
  }
  next()
  clock.after(1_000, () => agents[0]?.stand(true))
  clock.after(3_000, () => agents[0]?.stand(false))
  await clock.run(10_000)
  for (const agent of agents) expect(agent.queued()).toBe(0)
  expect(dispatcher.usage()).toMatchObject({ callsRunning: 0, deadlines: 0 })
  return goodInSecond
}

test('when one of three agents hangs under 85 % load, the others keep giving what they can, and all is well afterwards', async () => {
  const good = await oneAgentHangs({})
  const offered = 0.85 * 3 * 1_600
  expect(good[0]).toBeGreaterThan(0.98 * offered)
  // Two agents can do 3,200 a second.
  expect(good[1]).toBeGreaterThan(0.8 * 3_200)
  expect(good[2]).toBeGreaterThan(0.8 * 3_200)
  expect(good[4]).toBeGreaterThan(0.98 * offered)
  expect(good[5]).toBeGreaterThan(0.98 * offered)
})

test('without the bulkhead, work that nobody waits for any more takes half of what the others could give', async () => {
  const good = await oneAgentHangs({ agentRunningMax: 1_000_000, domainRunningMax: 1_000_000 })
  expect(good[0]).toBeGreaterThan(0.98 * 0.85 * 3 * 1_600)
  expect(good[1]).toBeLessThan(0.6 * 3_200)
  expect(good[2]).toBeLessThan(0.6 * 3_200)
})

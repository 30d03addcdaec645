import { expect, test } from 'vitest'
import { failover } from '../../dispatch/policy.ts'
import type { Priority } from '../../dispatch/port.ts'
import { settled } from '../support/manual-clock.ts'
import { desk, domain, eventsOf } from './desk.ts'

const patient = { read: { ...failover, attemptMs: 10_000, timeoutMs: 10_000 } }

test('sheddable calls may fill half of the domain, default ones 90 %, critical ones all of it', async () => {
  const a = desk('a')
  const { dispatcher, events } = domain([a.agent], { policies: patient, domainRunningMax: 10 })
  const calls: Promise<unknown>[] = []
  const enter = (priority: Priority): void => void calls.push(dispatcher.call('read', 'x', { priority }))
  const refused = (priority: Priority): Promise<void> =>
    expect(dispatcher.call('read', 'x', { priority })).rejects.toMatchObject({
      code: 'OVERLOADED',
      facts: { retryAfterMs: 10_000 },
    })
  for (let call = 0; call < 5; call++) enter('sheddable')
  await refused('sheddable')
  for (let call = 5; call < 9; call++) enter('default')
  await refused('default')
  enter('critical')
  await refused('critical')
  expect(dispatcher.usage().callsRunning).toBe(10)
  expect(eventsOf(events, 'shed').map(event => [event.why, event.priority])).toEqual([
    ['full', 'sheddable'],
    ['full', 'default'],
    ['full', 'critical'],
  ])
  for (const { answer } of a.work) answer('ok')
  await Promise.all(calls)
  expect(dispatcher.usage().callsRunning).toBe(0)
})

test('an agent gets no more than its share, and the rest goes to others', async () => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher } = domain([a.agent, b.agent], {
    policies: { read: { ...patient.read, preference: 'order' } },
    agentRunningMax: 3,
  })
  const calls = [1, 2, 3, 4].map(number => dispatcher.call('read', `${number}`))
  expect([a.work.length, b.work.length]).toEqual([3, 1])
  for (const { answer } of [...a.work, ...b.work]) answer('ok')
  await Promise.all(calls)
})

test('when every agent is full the call is OVERLOADED and no agent is blamed', async () => {
  const a = desk('a')
  const { dispatcher, events } = domain([a.agent], {
    policies: patient,
    agentRunningMax: 1,
    domainRunningMax: 100,
  })
  const running = dispatcher.call('read', 'x')
  for (let call = 0; call < 50; call++) {
    await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'OVERLOADED' })
  }
  a.last().answer('ok')
  expect(await running).toBe('ok')
  expect(eventsOf(events, 'opened')).toEqual([])
})

test('work that was given up keeps its place until it ends, so that a slow store is not buried', async () => {
  const a = desk('a')
  const { dispatcher, clock } = domain([a.agent], { agentRunningMax: 2, timeoutMs: 50, agentTrip: 1_000 })
  const given = [1, 2].map(number => dispatcher.call('read', `${number}`).catch(() => undefined))
  await clock.run(50)
  await Promise.all(given)
  expect(dispatcher.usage().agents).toMatchObject([{ running: 0, lagging: 2 }])
  await expect(dispatcher.call('read', '3')).rejects.toMatchObject({ code: 'OVERLOADED' })
  a.work[0]?.answer('at last')
  await settled()
  const call = dispatcher.call('read', '4')
  a.last().answer('ok')
  expect(await call).toBe('ok')
})

test('work that never ends gives its place back after a second', async () => {
  const a = desk('a')
  const { dispatcher, clock } = domain([a.agent], { agentRunningMax: 1, timeoutMs: 50 })
  const given = dispatcher.call('read', 'x').catch(() => undefined)
  await clock.run(50)
  await given
  await clock.run(999)
  expect(dispatcher.usage().agents).toMatchObject([{ lagging: 1 }])
  await clock.run(1)
  expect(dispatcher.usage().agents).toMatchObject([{ lagging: 0 }])
  a.work[0]?.answer('even later')
  await settled()
  expect(dispatcher.usage().agents).toMatchObject([{ running: 0, lagging: 0 }])
})

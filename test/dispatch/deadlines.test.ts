import { expect, test } from 'vitest'
import { failover } from '../../dispatch/policy.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { settled } from '../support/manual-clock.ts'
import { desk, domain, eventsOf } from './desk.ts'

const inOrder = { read: { ...failover, preference: 'order' } } as const

test('an attempt gets 50 ms, then the next agent is asked and the first one is told to stop', async () => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher, clock } = domain([a.agent, b.agent], { policies: inOrder })
  const call = dispatcher.call('read', 'x')
  const { signal } = a.last().attempt
  await clock.run(49)
  expect(b.work).toHaveLength(0)
  await clock.run(1)
  expect(signal.reason).toMatchObject({
    code: 'AGENT_TIMEOUT',
    message: 'agent "a" did not answer read within 50 ms',
  })
  b.last().answer('from b')
  expect(await call).toBe('from b')
})

test('a call gets 200 ms in all, shared by its attempts', async () => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher, clock } = domain([a.agent, b.agent])
  const call = dispatcher.call('read', 'x')
  const rejected = expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', kind: 'expired' })
  await clock.run(199)
  expect(dispatcher.usage().callsRunning).toBe(1)
  await clock.run(1)
  await rejected
  expect(a.work.length + b.work.length).toBe(4)
})

test('a call never gets more than its caller has left', async () => {
  const a = desk('a')
  const { dispatcher, clock } = domain([a.agent])
  const rejected = expect(dispatcher.call('read', 'x', { remainingMs: 20 })).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
  })
  expect(a.last().attempt.remainingMs).toBe(20)
  await clock.run(5)
  expect(a.last().attempt.remainingMs).toBe(15)
  await clock.run(15)
  await rejected
})

test.each([0, -1, Number.NaN])('with %d ms left no agent is asked', async remainingMs => {
  const a = desk('a')
  const { dispatcher } = domain([a.agent])
  await expect(dispatcher.call('read', 'x', { remainingMs })).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
  })
  expect(a.work).toHaveLength(0)
})

test('with less than a millisecond left no further attempt begins', async () => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher, clock } = domain([a.agent, b.agent], { policies: inOrder })
  const rejected = expect(dispatcher.call('read', 'x', { remainingMs: 20 })).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    cause: { errors: [new Error('down')] },
  })
  await clock.run(19.2)
  a.last().fail(new Error('down'))
  await rejected
  expect(b.work).toHaveLength(0)
})

test('an operation that waits on purpose can have its own times, by policy and by call', async () => {
  const a = desk('a')
  const policies = { read: { ...failover, attemptMs: 25_000, timeoutMs: 26_000 } }
  const { dispatcher, clock } = domain([a.agent], { policies })
  const byPolicy = dispatcher.call('read', 'x')
  expect(a.last().attempt.remainingMs).toBe(25_000)
  const byCall = dispatcher.call('read', 'x', { attemptMs: 1_000, timeoutMs: 1_000 })
  const rejected = expect(byCall).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  expect(a.last().attempt.remainingMs).toBe(1_000)
  await clock.run(24_000)
  await rejected
  a.work[0]?.answer('waited')
  expect(await byPolicy).toBe('waited')
})

test('a wrong time for one call is refused by name', async () => {
  const { dispatcher } = domain([desk('a').agent])
  await expect(dispatcher.call('read', 'x', { attemptMs: 0 })).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: 'attemptMs must be more than 0 and at most 2147483647 ms, got 0',
  })
})

test('a caller in a hurry blames nobody: 1,000 calls with 5 ms left open nothing', async () => {
  const agents = [desk('a'), desk('b')]
  const { dispatcher, clock, events } = domain(agents.map(({ agent }) => agent))
  for (let round = 0; round < 1_000; round++) {
    const call = dispatcher.call('read', 'x', { remainingMs: 5 })
    const rejected = expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
    await clock.run(5)
    await rejected
    for (const { work } of agents) for (const { answer } of work.splice(0)) answer('late')
  }
  expect(eventsOf(events, 'opened')).toEqual([])
})

test('an agent that never answers opens, also when each call has only 30 ms', async () => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher, clock, events } = domain([a.agent, b.agent], {
    policies: inOrder,
    budgetMax: 0,
    budgetPerCall: 0,
  })
  for (let round = 0; round < 8; round++) {
    const rejected = expect(dispatcher.call('read', 'x', { remainingMs: 30 })).rejects.toBeInstanceOf(
      EnneadError,
    )
    await clock.run(30)
    await rejected
  }
  expect(eventsOf(events, 'opened')).toMatchObject([{ of: { is: 'agent', name: 'a' } }])
})

test('a late answer is ignored, reported as late, and a late failure is nobody’s unhandled rejection', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): number => unhandled.push(reason)
  process.on('unhandledRejection', note)
  try {
    const [a, b] = [desk('a'), desk('b')]
    const { dispatcher, clock, events } = domain([a.agent, b.agent], { policies: inOrder })
    const call = dispatcher.call('read', 'x')
    await clock.run(100)
    a.work[0]?.answer('too late')
    b.work[0]?.fail(new Error('too late as well'))
    await settled()
    expect(eventsOf(events, 'late').map(event => event.agent)).toEqual(['a', 'b'])
    a.last().answer('in time')
    expect(await call).toBe('in time')
    await settled()
    expect(unhandled).toEqual([])
  } finally {
    process.off('unhandledRejection', note)
  }
})

test('after the event loop stood still, answers that had arrived are taken before anybody is judged', async () => {
  const a = desk('a')
  const { dispatcher, clock, events } = domain([a.agent])
  const calls = Array.from({ length: 50 }, () => dispatcher.call('read', 'x'))
  // The timer of the deadlines fires late; the answers are read in the same turn of the loop.
  const arrive = clock.after(60, () => {
    for (const { answer } of a.work) answer('arrived meanwhile')
  })
  await clock.stall(500)
  arrive.cancel()
  expect(await Promise.all(calls)).toEqual(calls.map(() => 'arrived meanwhile'))
  expect(eventsOf(events, 'stalled')).toMatchObject([{ lateMs: 450 }])
  expect(eventsOf(events, 'attemptEnded').filter(event => event.outcome !== 'ok')).toEqual([])
})

test('an agent that needed the process itself gets the time back that a stall took', async () => {
  const a = desk('a')
  const { dispatcher, clock, events } = domain([a.agent])
  const call = dispatcher.call('read', 'x')
  await clock.stall(80)
  // Its round trip goes on only now: a request is read, then answered, then the answer is read.
  await clock.run(25)
  a.last().answer('after all')
  expect(await call).toBe('after all')
  expect(eventsOf(events, 'attemptEnded')).toMatchObject([{ outcome: 'ok' }])
})

test('without answers a stall saves nobody: the deadline is judged once the grace is over', async () => {
  const a = desk('a')
  const { dispatcher, clock } = domain([a.agent], { timeoutMs: 50, stallGraceMs: 20 })
  const rejected = expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  await clock.stall(500)
  clock.advance(20)
  await rejected
})

test('all deadlines wait behind one timer', () => {
  const a = desk('a')
  const { dispatcher, clock } = domain([a.agent])
  const calls = Array.from({ length: 50 }, () => dispatcher.call('read', 'x').catch(() => undefined))
  expect(clock.timers).toBe(1)
  dispatcher.close()
  expect(clock.timers).toBe(0)
  return Promise.all(calls)
})

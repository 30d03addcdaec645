import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { callsUnder } from '../../dispatch/caller.ts'
import { failover, once, quorum } from '../../dispatch/policy.ts'
import type { Attempt } from '../../dispatch/port.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { settled } from '../support/manual-clock.ts'
import { acting, desk, domain, eventsOf } from './desk.ts'

test('a caller that leaves is rejected at once, its agents are told to stop, and nobody is blamed', async () => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher, events } = domain([a.agent, b.agent], { policies: { read: quorum() } })
  const controller = new AbortController()
  const call = dispatcher.call('read', 'x', { signal: controller.signal })
  const signals = [a, b].map(agent => agent.last().attempt.signal)
  controller.abort(new Error('tab closed'))
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED', cause: new Error('tab closed') })
  expect(signals.map(signal => signal.aborted)).toEqual([true, true])
  expect(eventsOf(events, 'attemptEnded').map(event => event.outcome)).toEqual(['stopped', 'stopped'])
  expect(dispatcher.health().agents.map(agent => agent.state)).toEqual(['ok', 'ok'])
  expect(dispatcher.usage()).toMatchObject({ callsRunning: 0, deadlines: 0 })
})

test('an attempt tells why it is stopped without a signal, once, and at once when it had been before', async () => {
  const a = desk('a')
  const { dispatcher, clock } = domain([a.agent], { attemptMs: 50 })
  const controller = new AbortController()
  const left = dispatcher.call('read', 'x', { signal: controller.signal })
  const { attempt } = a.last()
  const told: unknown[] = []
  attempt.stopping?.onStopped(() => told.push('nobody: another took its place'))
  attempt.stopping?.onStopped(reason => told.push(reason))
  expect(attempt.stopping?.stopped).toBe(false)
  controller.abort()
  await expect(left).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(told).toMatchObject([{ code: 'CANCELLED' }])
  expect(attempt.stopping?.stopped).toBe(true)
  attempt.stopping?.onStopped(reason => told.push(reason))
  expect(told).toMatchObject([{ code: 'CANCELLED' }, { code: 'CANCELLED' }])

  const late = dispatcher.call('read', 'y')
  a.last().attempt.stopping?.onStopped(reason => told.push(reason))
  clock.advance(60)
  a.last().attempt.stopping?.onStopped(() => undefined)
  expect(told[2]).toMatchObject({ code: 'AGENT_TIMEOUT' })
  dispatcher.close()
  await expect(late).rejects.toBeInstanceOf(EnneadError)
})

test('1,000 callers that leave open nothing', async () => {
  const a = desk('a')
  const { dispatcher, events } = domain([a.agent])
  for (let call = 0; call < 1_000; call++) {
    const controller = new AbortController()
    const left = dispatcher.call('read', 'x', { signal: controller.signal }).catch(() => undefined)
    controller.abort()
    await left
    a.last().fail(new DOMException('aborted', 'AbortError'))
    await settled()
  }
  expect(eventsOf(events, 'opened')).toEqual([])
})

test('a caller that had left before is rejected without any agent being asked', async () => {
  const a = desk('a')
  const { dispatcher } = domain([a.agent])
  await expect(dispatcher.call('read', 'x', { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'CANCELLED',
  })
  expect(a.work).toHaveLength(0)
})

test('a caller whose time was up is told so, not that it left', async () => {
  const { dispatcher } = domain([desk('a').agent])
  const late = new EnneadError('DEADLINE_EXCEEDED', 'the request had 500 ms')
  await expect(dispatcher.call('read', 'x', { signal: AbortSignal.abort(late) })).rejects.toBe(late)
  const controller = new AbortController()
  const call = dispatcher.call('read', 'x', { signal: controller.signal })
  controller.abort(new DOMException('timed out', 'TimeoutError'))
  await expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
})

test('a cancelled write is CANCELLED also when it may not be repeated', async () => {
  const { dispatcher } = domain([desk('a').agent], { policies: { write: once(failover) } })
  const controller = new AbortController()
  const call = dispatcher.call('write', 'x', { signal: controller.signal })
  controller.abort()
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('a caller’s signal has one listener for any number of calls, and remembers none that has ended', async () => {
  const warnings: Error[] = []
  const note = (warning: Error): number => warnings.push(warning)
  process.on('warning', note)
  try {
    const a = desk('a')
    const { dispatcher } = domain([a.agent])
    const { signal } = new AbortController()
    const calls = Array.from({ length: 50 }, () => dispatcher.call('read', 'x', { signal }))
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    expect(callsUnder(signal)).toBe(50)
    for (const { answer } of a.work) answer('ok')
    await Promise.all(calls)
    expect(callsUnder(signal)).toBe(0)
    await settled()
    expect(warnings).toEqual([])
  } finally {
    process.off('warning', note)
  }
})

test('a signal that is first read after the end is aborted', async () => {
  let kept: Attempt | undefined
  const agent = acting('a', (_input, attempt) => {
    kept = attempt
    return Promise.resolve('ok')
  })
  const { dispatcher } = domain([agent])
  await dispatcher.call('read', 'x')
  expect(kept?.signal.aborted).toBe(true)
  expect(kept?.remainingMs).toBe(0)
})

test('close rejects what runs and what comes, stops the agents and lets go of its timers', async () => {
  const a = desk('a')
  const { dispatcher, clock } = domain([a.agent], { policies: { write: once(failover) } })
  const read = expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  const write = expect(dispatcher.call('write', 'x')).rejects.toMatchObject({
    code: 'UNKNOWN_COMMIT_OUTCOME',
  })
  const { signal } = a.last().attempt
  dispatcher.close()
  dispatcher.close()
  await Promise.all([read, write])
  expect(signal.aborted).toBe(true)
  expect(clock.timers).toBe(0)
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'the test domain is closed',
  })
  a.last().answer('late')
  await settled()
  expect(dispatcher.usage()).toMatchObject({ callsRunning: 0, deadlines: 0, agents: [{ running: 0 }] })
})

test('an observer that throws changes nothing for callers and is reported once', async () => {
  const warnings: Error[] = []
  const note = (warning: Error): number => warnings.push(warning)
  process.on('warning', note)
  try {
    const { dispatcher } = domain([acting('a', () => Promise.resolve('ok'))], {
      observe: () => {
        throw new Error('metrics are broken')
      },
    })
    for (let call = 0; call < 10; call++) expect(await dispatcher.call('read', 'x')).toBe('ok')
    await settled()
    expect(warnings.map(warning => warning.message)).toEqual(['metrics are broken'])
  } finally {
    process.off('warning', note)
  }
})

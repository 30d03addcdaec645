import { expect, test } from 'vitest'
import { logEvents } from '../../dispatch/log-events.ts'
import { failover } from '../../dispatch/policy.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { jsonLog } from '../../kernel/log.ts'
import { acting, desk, domain, eventsOf } from './desk.ts'

const inOrder = {
  read: { ...failover, preference: 'order' },
  write: { ...failover, preference: 'order' },
} as const

test('health names every agent with what it stands on, also those that are absent', () => {
  const { dispatcher } = domain([desk('sql').agent, { name: 'cache', absent: 'switched off by --disable' }])
  expect(dispatcher.health()).toEqual({
    domain: 'test',
    ready: true,
    agents: [
      { name: 'sql', state: 'ok', detail: 'engine of sql' },
      { name: 'cache', state: 'absent', detail: 'switched off by --disable' },
    ],
  })
})

test('an agent whose last 3 calls failed is failing, and ok again after one good answer', async () => {
  let well = false
  const flaky = acting('flaky', () =>
    well ? Promise.resolve('ok') : Promise.reject(new EnneadError('AGENT_FAULT', 'the pool is closed')),
  )
  const { dispatcher } = domain([flaky, acting('b', () => Promise.resolve('ok'))], { policies: inOrder })
  const state = (): string => dispatcher.health().agents[0]?.state ?? ''
  for (const expected of ['ok', 'ok', 'failing']) {
    await dispatcher.call('read', 'x')
    expect(state()).toBe(expected)
  }
  expect(dispatcher.health().agents[0]?.detail).toBe('engine of flaky; failing, last: the pool is closed')
  well = true
  await dispatcher.call('read', 'x')
  expect(state()).toBe('ok')
})

test('an open agent says when it is tried again and why it is open, without secrets of foreign errors', async () => {
  const dead = acting('dead', () => Promise.reject(new Error('password "hunter2" refused')))
  const { dispatcher, clock } = domain([dead, acting('b', () => Promise.resolve('ok'))], {
    policies: inOrder,
  })
  for (let call = 0; call < 8; call++) await dispatcher.call('read', 'x')
  const detail = (): unknown => dispatcher.health().agents[0]
  // A rest of 250 ms, of which random() = 0.5 takes three quarters.
  expect(detail()).toEqual({
    name: 'dead',
    state: 'open',
    detail: 'engine of dead; open, retry in 188 ms, last: fault',
  })
  await clock.run(188)
  expect(detail()).toMatchObject({
    state: 'open',
    detail: 'engine of dead; open, the next call tries it, last: fault',
  })
})

test('a domain is ready while each operation has an agent that is not open', async () => {
  const a = { name: 'a', detail: '', operations: { write: () => Promise.reject(new Error('down')) } }
  const b = { name: 'b', detail: '', operations: { read: () => Promise.resolve('ok') } }
  const { dispatcher, clock } = domain([a, b])
  expect(dispatcher.health().ready).toBe(true)
  for (let call = 0; call < 8; call++) await dispatcher.call('write', 'x').catch(() => undefined)
  expect(dispatcher.health().ready).toBe(false)
  // Rested, it may be tried: if it still counted as missing, no call might ever come to try it.
  await clock.run(250)
  expect(dispatcher.health().ready).toBe(true)
})

test('events tell the whole story of a call: attempts, outcome, time', async () => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher, clock, events } = domain([a.agent, b.agent], { policies: inOrder })
  const call = dispatcher.call('read', 'x')
  await clock.run(50)
  b.last().answer('ok')
  await call
  const where = { domain: 'test', operation: 'read' }
  expect(events).toEqual([
    { is: 'attemptStarted', ...where, agent: 'a', number: 1, reason: 'first' },
    { is: 'attemptEnded', ...where, agent: 'a', number: 1, outcome: 'timeout', tookMs: 50 },
    { is: 'attemptStarted', ...where, agent: 'b', number: 2, reason: 'failover' },
    { is: 'attemptEnded', ...where, agent: 'b', number: 2, outcome: 'ok', tookMs: 0 },
    { is: 'callEnded', ...where, outcome: 'ok', tookMs: 50, attempts: 2 },
  ])
})

test('the log has a warning when an agent opens, a line when it is well again, and nothing else above debug', async () => {
  let well = false
  const lines: unknown[] = []
  const log = jsonLog({ level: 'info', write: line => lines.push(JSON.parse(line)) })
  const a = acting('a', () => (well ? Promise.resolve('ok') : Promise.reject(new Error('down'))))
  const { dispatcher, clock } = domain([a, acting('b', () => Promise.resolve('ok'))], {
    policies: inOrder,
    observe: logEvents(log),
  })
  for (let call = 0; call < 20; call++) await dispatcher.call('read', 'x')
  well = true
  await clock.run(250)
  for (let call = 0; call < 20; call++) await dispatcher.call('read', 'x')
  expect(lines).toMatchObject([
    { level: 'warn', event: 'dispatch.opened', domain: 'test', of: { name: 'a' }, restMs: 187.5 },
    { level: 'info', event: 'dispatch.closed', domain: 'test', of: { name: 'a' } },
  ])
})

test('each opening and closing is one event', async () => {
  let well = false
  const a = acting('a', () => (well ? Promise.resolve('ok') : Promise.reject(new Error('down'))))
  const { dispatcher, clock, events } = domain([a, acting('b', () => Promise.resolve('ok'))], {
    policies: inOrder,
  })
  for (let call = 0; call < 20; call++) await dispatcher.call('read', 'x')
  well = true
  await clock.run(250)
  for (let call = 0; call < 20; call++) await dispatcher.call('read', 'x')
  expect(eventsOf(events, 'opened')).toEqual([
    { is: 'opened', domain: 'test', of: { is: 'agent', name: 'a' }, restMs: 187.5 },
  ])
  expect(eventsOf(events, 'closed')).toEqual([
    { is: 'closed', domain: 'test', of: { is: 'agent', name: 'a' } },
  ])
})

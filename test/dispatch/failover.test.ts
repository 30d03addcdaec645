import { expect, test } from 'vitest'
import { failover } from '../../dispatch/policy.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { settled } from '../support/manual-clock.ts'
import { acting, desk, domain, eventsOf } from './desk.ts'

const inOrder = {
  read: { ...failover, preference: 'order' },
  write: { ...failover, preference: 'order' },
} as const

test('the first agent in order answers, and no other is asked', async () => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher } = domain([a.agent, b.agent], { policies: inOrder })
  const call = dispatcher.call('read', 'x')
  a.last().answer('from a')
  expect(await call).toBe('from a')
  expect(b.work).toHaveLength(0)
})

test('a failure asks the next agent at once, without time passing', async () => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher } = domain([a.agent, b.agent], { policies: inOrder })
  const call = dispatcher.call('read', 'x')
  a.last().fail(new Error('connection lost'))
  await settled()
  b.last().answer('from b')
  expect(await call).toBe('from b')
  expect(b.last().attempt.number).toBe(2)
  expect(b.last().input).toBe('x')
})

test('an agent that throws before its first await, or answers without a promise, is like any other', async () => {
  const throwing = acting('throwing', () => {
    throw new Error('at once')
  })
  // An agent written in JavaScript may do this.
  const plain = acting('plain', (() => 'no promise') as never)
  const { dispatcher } = domain([throwing, plain], { policies: inOrder })
  expect(await dispatcher.call('read', 'x')).toBe('no promise')
})

test('every agent is asked twice before the call fails, and its cause is what each of them said', async () => {
  const { dispatcher } = domain(
    ['a', 'b', 'c'].map(name => acting(name, () => Promise.reject(new Error(`secret of ${name}`)))),
    { policies: inOrder },
  )
  const failure: unknown = await dispatcher.call('read', 'x').catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'UNAVAILABLE', kind: 'fault' })
  expect(failure).toHaveProperty('message', 'the test domain could not do read: none of 3 agents answered')
  expect(failure).toHaveProperty(
    'cause.errors',
    ['a', 'b', 'c', 'a', 'b', 'c'].map(name => new Error(`secret of ${name}`)),
  )
})

test('a single agent gets a second chance', async () => {
  let asked = 0
  const flaky = acting('flaky', () =>
    ++asked === 1 ? Promise.reject(new Error('once')) : Promise.resolve('ok'),
  )
  const { dispatcher } = domain([flaky])
  expect(await dispatcher.call('read', 'x')).toBe('ok')
})

test('an agent that lacks an operation is no candidate for it', async () => {
  const [a, b] = [desk('a', ['write']), desk('b', ['read'])]
  const { dispatcher } = domain([a.agent, b.agent], { policies: inOrder })
  const call = dispatcher.call('read', 'x')
  b.last().answer('from b')
  expect(await call).toBe('from b')
  expect(a.work).toHaveLength(0)
})

test('an operation that no agent has is UNAVAILABLE by name', async () => {
  const { dispatcher } = domain([desk('a', ['read']).agent, { name: 'b', absent: 'switched off' }])
  await expect(dispatcher.call('write', 'x')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'the test domain has no agent for write',
  })
})

test('operations of a class keep their this', async () => {
  class Store {
    readonly #name = 'a class'
    read(): Promise<string> {
      return Promise.resolve(this.#name)
    }
  }
  const { dispatcher } = domain([{ name: 'a', detail: '', operations: new Store() }])
  expect(await dispatcher.call('read', 'x')).toBe('a class')
})

test('a caller error is rejected as it is, asks nobody else, and 1,000 of them open nothing', async () => {
  const refusal = new EnneadError('NOT_FOUND', 'no such task')
  const agents = ['a', 'b', 'c'].map(name => acting(name, () => Promise.reject(refusal)))
  const { dispatcher, events } = domain(agents)
  for (let call = 0; call < 1_000; call++) {
    await expect(dispatcher.call('read', 'x')).rejects.toBe(refusal)
  }
  expect(eventsOf(events, 'opened')).toEqual([])
  expect(eventsOf(events, 'attemptStarted')).toHaveLength(1_000)
  expect(dispatcher.health().agents.map(agent => agent.state)).toEqual(['ok', 'ok', 'ok'])
})

test('an overloaded agent is passed over once and never counts as failing', async () => {
  const busy = acting('busy', () => Promise.reject(new EnneadError('OVERLOADED', 'pool is full')))
  const { dispatcher, events } = domain([busy, acting('idle', () => Promise.resolve('ok'))], {
    policies: inOrder,
  })
  for (let call = 0; call < 100; call++) expect(await dispatcher.call('read', 'x')).toBe('ok')
  expect(eventsOf(events, 'opened')).toEqual([])
})

test('when every agent is overloaded the call is OVERLOADED, says when to come back, and asks each only once', async () => {
  const busy = (name: string, retryAfterMs: number): ReturnType<typeof acting> =>
    acting(name, () => Promise.reject(new EnneadError('OVERLOADED', 'full', { facts: { retryAfterMs } })))
  const { dispatcher, events } = domain([busy('a', 100), busy('b', 900)])
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({
    code: 'OVERLOADED',
    facts: { retryAfterMs: 900 },
  })
  expect(eventsOf(events, 'attemptStarted')).toHaveLength(2)
})

test('an agent that says it was aborted although nobody left has failed', async () => {
  const aborted = acting('a', () =>
    Promise.reject(new DOMException('This operation was aborted', 'AbortError')),
  )
  const { dispatcher } = domain([aborted, acting('b', () => Promise.resolve('ok'))], { policies: inOrder })
  for (let call = 0; call < 8; call++) expect(await dispatcher.call('read', 'x')).toBe('ok')
  expect(dispatcher.health().agents[0]).toMatchObject({ state: 'open' })
})

test('an answer that its check refuses is a fault, and the next agent is asked', async () => {
  const policies = {
    read: { ...inOrder.read, accept: (answer: unknown) => typeof answer === 'string' },
  }
  // An agent can answer anything, whatever its type says.
  const odd = acting('odd', () => Promise.resolve(undefined as never))
  const { dispatcher, events } = domain([odd, acting('b', () => Promise.resolve('ok'))], { policies })
  expect(await dispatcher.call('read', 'x')).toBe('ok')
  expect(eventsOf(events, 'attemptEnded').map(event => event.outcome)).toEqual(['fault', 'ok'])
})

test('the retry budget is never more than its maximum, however long nothing happened', async () => {
  const { dispatcher, clock } = domain([acting('a', () => Promise.resolve('ok'))], { budgetMax: 5 })
  await clock.run(1_000_000)
  await dispatcher.call('read', 'x')
  expect(dispatcher.usage().budget).toBe(5)
})

test('without budget a failure is final, so that retries cannot multiply an outage', async () => {
  const { dispatcher, events } = domain(
    ['a', 'b', 'c'].map(name => acting(name, () => Promise.reject(new Error('down')))),
    { budgetMax: 1, budgetPerSecond: 0, domainTrip: 1_000 },
  )
  for (let call = 0; call < 100; call++) {
    await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  }
  const attempts = eventsOf(events, 'attemptStarted').length
  expect(attempts).toBeGreaterThan(100)
  expect(attempts).toBeLessThanOrEqual(100 + 1 + 0.35 * 100)
})

test('an agent that refuses before any work costs no budget: others answer however often it does', async () => {
  const refusing = acting('behind', () => Promise.reject(new EnneadError('OVERLOADED', 'takes no part now')))
  const { dispatcher } = domain([refusing, acting('b', () => Promise.resolve('ok'))], {
    policies: inOrder,
    budgetMax: 1,
    budgetPerSecond: 0,
    budgetPerCall: 0,
  })
  for (let call = 0; call < 10; call++) expect(await dispatcher.call('read', 'x')).toBe('ok')
  expect(dispatcher.usage().budget).toBe(1)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Breaker } from '../../dispatch/health/breaker.ts'
import type { Entry } from '../../dispatch/health/breaker.ts'
import { failover } from '../../dispatch/policy.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { settled } from '../support/manual-clock.ts'
import { acting, desk, domain, eventsOf } from './desk.ts'

const limits = { trip: 8, restMinMs: 250, restMaxMs: 5_000 }
const inOrder = { read: { ...failover, preference: 'order' } } as const

function breaker(random = 0): { breaker: Breaker; rests: number[]; closings: () => number } {
  const rests: number[] = []
  let closings = 0
  const listener = { opened: (restMs: number) => void rests.push(restMs), closed: () => void closings++ }
  return { breaker: new Breaker(limits, () => random, listener), rests, closings: () => closings }
}

test('8 failures more than successes open it; successes between count against them', () => {
  const { breaker: circuit } = breaker()
  const usual = circuit.enter(0)
  for (let round = 0; round < 100; round++) {
    circuit.failed(usual, 0)
    circuit.succeeded(usual)
  }
  for (let failure = 0; failure < 7; failure++) circuit.failed(usual, 0)
  expect(circuit.phase).toBe('closed')
  circuit.failed(usual, 0)
  expect(circuit.phase).toBe('open')
})

test('15 % random failures do not open it in 100,000 attempts; 60 % do in fewer than 200', () => {
  const open = (share: number, attempts: number): number => {
    const { breaker: circuit } = breaker()
    let seed = 1
    for (let attempt = 1; attempt <= attempts; attempt++) {
      seed = (seed * 48_271) % 2_147_483_647
      if (seed / 2_147_483_647 < share) circuit.failed(circuit.enter(0), 0)
      else circuit.succeeded(circuit.enter(0))
      if (!circuit.closed) return attempt
    }
    return Infinity
  }
  expect(open(0.15, 100_000)).toBe(Infinity)
  expect(open(0.6, 1_000)).toBeLessThan(200)
})

test('it rests from 250 ms, doubling with every failed probe, up to 5 s, of which a random half is left out', () => {
  for (const [random, share] of [
    [0, 0.5],
    [0.999_999, 1],
  ] as const) {
    const { breaker: circuit, rests } = breaker(random)
    for (let failure = 0; failure < 8; failure++) circuit.failed(circuit.enter(0), 0)
    for (let probe = 0; probe < 6; probe++)
      circuit.failed(circuit.enter(circuit.restsUntil), circuit.restsUntil)
    const expected = [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000].map(rest => rest * share)
    for (const [index, rest] of rests.entries()) expect(rest).toBeCloseTo(expected[index] ?? 0, 1)
    expect(rests).toHaveLength(7)
  }
})

test('a good probe closes it half way, and the next rest is short again', () => {
  const { breaker: circuit, rests } = breaker()
  for (let failure = 0; failure < 8; failure++) circuit.failed(circuit.enter(0), 0)
  circuit.failed(circuit.enter(125), 125)
  circuit.succeeded(circuit.enter(1_000))
  expect([circuit.phase, circuit.score]).toEqual(['closed', 4])
  for (let failure = 0; failure < 4; failure++) circuit.failed(circuit.enter(1_000), 1_000)
  expect(rests).toEqual([125, 250, 125])
})

test('an answer to what was asked before it opened says nothing', () => {
  const { breaker: circuit } = breaker()
  const before = circuit.enter(0)
  for (let failure = 0; failure < 8; failure++) circuit.failed(before, 0)
  circuit.succeeded(before)
  expect(circuit.phase).toBe('open')
})

test('whatever happens, there is at most one probe, it is never lost, and the score stays in its bounds', () => {
  const step = fc.record({ wait: fc.nat(400), does: fc.constantFrom('enter', 'succeed', 'fail', 'leave') })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), steps => {
      const { breaker: circuit } = breaker()
      const inside: Entry[] = []
      let now = 0
      for (const { wait, does } of steps) {
        now += wait
        const entry = does === 'enter' ? undefined : inside.splice(wait % Math.max(1, inside.length), 1)[0]
        if (entry === undefined) inside.push(circuit.enter(now))
        else if (does === 'succeed') circuit.succeeded(entry)
        else if (does === 'fail') circuit.failed(entry, now)
        else circuit.endedNeutrally(entry)
        expect(circuit.score).toBeGreaterThanOrEqual(0)
        expect(circuit.score).toBeLessThanOrEqual(8)
      }
      for (const entry of inside) circuit.endedNeutrally(entry)
      expect(circuit.phase).not.toBe('probing')
      // Liveness: whatever came before, a good probe after the rest closes it.
      if (!circuit.closed) circuit.succeeded(circuit.enter(now + 5_000))
      expect(circuit.closed).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('an agent that fails is left alone after 8 calls, and nobody waits for it any more', async () => {
  let asked = 0
  const dead = acting('dead', () => {
    asked++
    return Promise.reject(new Error('down'))
  })
  const { dispatcher } = domain([dead, acting('b', () => Promise.resolve('ok'))], { policies: inOrder })
  for (let call = 0; call < 100; call++) expect(await dispatcher.call('read', 'x')).toBe('ok')
  expect(asked).toBe(8)
})

test('after its rest one call alone probes it, beside the agent that answers', async () => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher, clock, events } = domain([a.agent, b.agent], { policies: inOrder, agentTrip: 1 })
  const first = dispatcher.call('read', 'x')
  a.last().fail(new Error('down'))
  await settled()
  b.last().answer('ok')
  await first
  await clock.run(250)
  const calls = [1, 2, 3].map(number => dispatcher.call('read', `${number}`))
  expect(a.work).toHaveLength(2)
  expect(b.work).toHaveLength(4)
  for (const { answer } of b.work) answer('from b')
  expect(await Promise.all(calls)).toEqual(['from b', 'from b', 'from b'])
  expect(a.last().attempt.signal.aborted).toBe(false)
  a.last().answer('well again')
  await settled()
  expect(eventsOf(events, 'probed')).toHaveLength(1)
  expect(eventsOf(events, 'closed')).toMatchObject([{ of: { is: 'agent', name: 'a' } }])
})

test('with preference order a probe’s answer stands in only when the agent in turn fails', async () => {
  const [a, b, c] = [desk('a'), desk('b'), desk('c')]
  const { dispatcher, clock } = domain([a.agent, b.agent, c.agent], { policies: inOrder, agentTrip: 1 })
  const opened = dispatcher.call('read', 'x')
  a.last().fail(new Error('down'))
  await settled()
  b.last().fail(new Error('down'))
  await settled()
  c.last().answer('from c')
  await opened
  await clock.run(250)
  const call = dispatcher.call('read', 'y')
  expect([a.work.length, b.work.length, c.work.length]).toEqual([2, 1, 2])
  a.last().answer('probe')
  await settled()
  expect(dispatcher.usage().callsRunning).toBe(1)
  c.last().fail(new Error('hiccup'))
  expect(await call).toBe('probe')
})

test('a probe that hangs costs no caller anything', async () => {
  const hang = acting('hang', () => new Promise(() => undefined))
  const { dispatcher, clock, events } = domain([hang, acting('b', () => Promise.resolve('ok'))], {
    policies: inOrder,
  })
  const started = clock.now()
  let waitedMs = 0
  for (let call = 0; call < 2_000; call++) {
    const from = clock.now()
    const answer = dispatcher.call('read', 'x')
    await settled()
    if (dispatcher.usage().callsRunning > 0) await clock.run(50)
    expect(await answer).toBe('ok')
    waitedMs += clock.now() - from
    await clock.run(10)
  }
  expect(eventsOf(events, 'probed').length).toBeGreaterThan(3)
  // Only the calls that opened it waited; over 20 s of probing added nothing.
  expect(waitedMs).toBeLessThanOrEqual(8 * 50)
  expect(clock.now() - started).toBeGreaterThan(20_000)
})

test('when every agent is open they are asked all the same, and the first good answer closes its agent', async () => {
  let well = false
  const agents = ['a', 'b'].map(name =>
    acting(name, () => (well ? Promise.resolve(name) : Promise.reject(new Error('down')))),
  )
  const { dispatcher } = domain(agents, { domainTrip: 1_000 })
  for (let call = 0; call < 10; call++) await dispatcher.call('read', 'x').catch(() => undefined)
  expect(dispatcher.health().agents.map(agent => agent.state)).toEqual(['open', 'open'])
  well = true
  const name = await dispatcher.call('read', 'x')
  expect(dispatcher.health().agents.find(agent => agent.name === name)).not.toMatchObject({ state: 'open' })
})

test('an operation nobody can do is refused for 250 ms after 16 calls, and other operations go on', async () => {
  const agent = {
    name: 'a',
    detail: '',
    operations: {
      read: () => Promise.resolve('ok'),
      write: () => Promise.reject(new Error('disk full')),
    },
  }
  const { dispatcher, clock, events } = domain([agent], { random: () => 0.999_999 })
  for (let call = 0; call < 16; call++) {
    await expect(dispatcher.call('write', 'x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  }
  expect(eventsOf(events, 'opened')).toContainEqual(
    expect.objectContaining({ of: { is: 'operation', name: 'write' } }),
  )
  const attempts = eventsOf(events, 'attemptStarted').length
  await clock.run(49)
  await expect(dispatcher.call('write', 'x')).rejects.toMatchObject({
    code: 'OVERLOADED',
    message: 'the test domain rests from write, retry in 201 ms',
    facts: { retryAfterMs: 201 },
  })
  expect(eventsOf(events, 'shed')).toMatchObject([{ why: 'open', operation: 'write', retryAfterMs: 201 }])
  expect(eventsOf(events, 'attemptStarted')).toHaveLength(attempts)
  expect(await dispatcher.call('read', 'x')).toBe('ok')
  await expect(dispatcher.call('write', 'x', { priority: 'critical' })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  })
})

test('a resting operation lets one call probe it, and is well again when that succeeds', async () => {
  const a = desk('a')
  const { dispatcher, clock } = domain([a.agent], { domainTrip: 1, roundsMax: 1 })
  const failed = dispatcher.call('read', 'x').catch(() => undefined)
  a.last().fail(new Error('down'))
  await failed
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'OVERLOADED' })
  await clock.run(250)
  const probe = dispatcher.call('read', 'x')
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'OVERLOADED' })
  a.last().answer('ok')
  expect(await probe).toBe('ok')
  const usual = dispatcher.call('read', 'x')
  a.last().answer('ok')
  expect(await usual).toBe('ok')
})

test('a caller error shows that a resting operation is well again', async () => {
  const a = desk('a')
  const { dispatcher, clock } = domain([a.agent], { domainTrip: 1, roundsMax: 1 })
  const failed = dispatcher.call('read', 'x').catch(() => undefined)
  a.last().fail(new Error('down'))
  await failed
  await clock.run(250)
  const refusal = new EnneadError('NOT_FOUND', 'no such task')
  const probe = expect(dispatcher.call('read', 'x')).rejects.toBe(refusal)
  a.last().fail(refusal)
  await probe
  const usual = dispatcher.call('read', 'x')
  a.last().answer('ok')
  expect(await usual).toBe('ok')
})

test('a probe whose caller leaves is given back, and the next call probes', async () => {
  const a = desk('a')
  const { dispatcher, clock } = domain([a.agent], { domainTrip: 1, agentTrip: 1, roundsMax: 1 })
  const failed = dispatcher.call('read', 'x').catch(() => undefined)
  a.last().fail(new Error('down'))
  await failed
  await clock.run(500)
  const controller = new AbortController()
  const probe = expect(dispatcher.call('read', 'x', { signal: controller.signal })).rejects.toMatchObject({
    code: 'CANCELLED',
  })
  controller.abort()
  await probe
  const next = dispatcher.call('read', 'x')
  a.last().answer('ok')
  expect(await next).toBe('ok')
  expect(dispatcher.usage().agents).toMatchObject([{ phase: 'closed' }])
})

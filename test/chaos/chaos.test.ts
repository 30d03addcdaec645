import { expect, test } from 'vitest'
import { Chaos } from '../../dispatch/chaos/chaos.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { parseRule } from '../../dispatch/chaos/fault.ts'
import type { DispatcherOptions } from '../../dispatch/options.ts'
import { failover, once } from '../../dispatch/policy.ts'
import type { MeasuredDispatcher } from '../../dispatch/dispatcher.ts'
import { acting, type TestPort } from '../dispatch/desk.ts'

/** Two agents that answer with their names, in reach of faults; `ran` counts the work they really did. */
function disturbed(options: Partial<DispatcherOptions<TestPort>> = {}): {
  readonly chaos: Chaos
  readonly ran: Map<string, number>
  readonly dispatcher: MeasuredDispatcher<TestPort>
} {
  const chaos = new Chaos()
  const ran = new Map<string, number>()
  const agent = (name: string) =>
    acting(name, async () => {
      ran.set(name, (ran.get(name) ?? 0) + 1)
      return name
    })
  const inOrder = { ...failover, preference: 'order' } as const
  const dispatcher = chaos.createDispatcher<TestPort>({
    domain: 'test',
    agents: [agent('first'), agent('second')],
    policies: { read: inOrder, write: once(inOrder) },
    attemptMs: 40,
    ...options,
  })
  return { chaos, ran, dispatcher }
}

function setFaults(chaos: Chaos, ...faults: readonly string[]): void {
  chaos.set({ rules: faults.map(parseRule) })
}

test('without rules nothing changes', async () => {
  const { dispatcher, chaos } = disturbed()
  expect(await dispatcher.call('read', 'x')).toBe('first')
  expect(chaos.takeTally()).toMatchObject({
    calls: { 'test.read': { calls: 1, good: 1, attempts: 1 } },
    faults: {},
  })
})

test.each([
  ['error', 0],
  ['crash', 1],
  ['corrupt', 1],
  ['hang', 0],
] as const)('an agent with %s is failed over, after %i times of work', async (kind, worked) => {
  const { dispatcher, chaos, ran } = disturbed()
  setFaults(chaos, `test.first=${kind}:1`)
  expect(await dispatcher.call('read', 'x')).toBe('second')
  expect(ran.get('first') ?? 0).toBe(worked)
  expect(chaos.takeTally()).toMatchObject({
    calls: { 'test.read': { calls: 1, good: 1, attempts: 2 } },
    faults: { 'test.read': { [kind]: 1 } },
  })
})

test('latency delays the answer and changes nothing else', async () => {
  const { dispatcher, chaos } = disturbed()
  setFaults(chaos, 'test.first=latency:1:20')
  const startedAt = performance.now()
  expect(await dispatcher.call('read', 'x')).toBe('first')
  expect(performance.now() - startedAt).toBeGreaterThan(18)
})

test('a write whose connection is lost at work is of unknown outcome, and is not repeated', async () => {
  const { dispatcher, chaos, ran } = disturbed()
  setFaults(chaos, 'test.*/write=crash:1')
  await expect(dispatcher.call('write', 'x')).rejects.toMatchObject({ code: 'UNKNOWN_COMMIT_OUTCOME' })
  expect([...ran]).toEqual([['first', 1]])
})

test('a hanging agent keeps its place until it is forgotten, and nothing is left when it is', async () => {
  const { dispatcher, chaos } = disturbed({ laggardMs: 30 })
  setFaults(chaos, 'test.first=hang:1')
  await dispatcher.call('read', 'x')
  expect(dispatcher.usage().agents[0]).toMatchObject({ running: 0, lagging: 1 })
  await expect.poll(() => dispatcher.usage().agents[0]?.lagging).toBe(0)
})

test('a rule that fits no agent is refused, and the rules before it stay', () => {
  const { chaos } = disturbed()
  setFaults(chaos, 'test.first=error:0.5')
  for (const wrong of ['test.third=error:1', 'other.*=error:1', 'test.first/explode=error:1']) {
    expect(() => setFaults(chaos, wrong)).toThrow(/no agent here is/)
  }
  expect(chaos.rules).toMatchObject([{ agent: 'first', rate: 0.5 }])
})

test('a policy is for the calls from now on, keeps what may not be repeated, and can be taken back', async () => {
  const { dispatcher, chaos, ran } = disturbed()
  setFaults(chaos, 'test.first=error:1')
  chaos.setPolicy('test', 'read', { ...failover, preference: 'order', attemptsMax: 1 })
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(ran.size).toBe(0)
  chaos.setPolicy('test', 'read', undefined)
  expect(await dispatcher.call('read', 'x')).toBe('second')
  chaos.setPolicy('test', 'write', { ...failover, preference: 'order' })
  await expect(dispatcher.call('write', 'x')).rejects.toMatchObject({ code: 'UNKNOWN_COMMIT_OUTCOME' })
  expect(() => chaos.setPolicy('test', 'explode', failover)).toThrow(/serves explode/)
})

test('a thousand errors of callers open nothing, a few faults open an agent, and the tally tells both', async () => {
  const chaos = new Chaos()
  const failing = { with: new EnneadError('BAD_USER_INPUT', 'no such thing') }
  const dispatcher = chaos.createDispatcher<TestPort>({
    domain: 'test',
    agents: [acting('only', () => Promise.reject(failing.with))],
  })
  for (let call = 0; call < 1_000; call++) {
    await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  }
  expect(chaos.takeTally()).toMatchObject({ calls: { 'test.read': { calls: 1_000, good: 0 } }, opened: {} })
  failing.with = new EnneadError('AGENT_FAULT', 'broken')
  await Promise.allSettled(Array.from({ length: 8 }, () => dispatcher.call('read', 'x')))
  expect(chaos.takeTally().opened).toMatchObject({ 'test.only': 1 })
})

import { expect, test } from 'vitest'
import type { DispatcherOptions, DispatchLimits } from '../../dispatch/options.ts'
import { defaultLimits } from '../../dispatch/options.ts'
import { all, failover, hedge, once, quorum, race } from '../../dispatch/policy.ts'
import type { Policy } from '../../dispatch/policy.ts'
import { desk, domain } from './desk.ts'
import type { TestPort } from './desk.ts'

test.each<[Partial<DispatchLimits>, string]>([
  [{ timeoutMs: 0 }, 'timeoutMs must be more than 0 and at most 2147483647 ms, got 0'],
  [{ attemptMs: Number.NaN }, 'attemptMs must be more than 0 and at most 2147483647 ms, got NaN'],
  [{ attemptMs: 1e12 }, 'attemptMs'],
  [{ roundsMax: 0 }, 'roundsMax must be an integer from 1 to 8, got 0'],
  [{ agentRunningMax: 1.5 }, 'agentRunningMax must be an integer from 1 to 1000000, got 1.5'],
  [{ domainRunningMax: 0 }, 'domainRunningMax'],
  [{ sheddableShare: 1.1 }, 'sheddableShare must be a number from 0 to 1, got 1.1'],
  [{ agentRestMinMs: 9_000 }, 'agentRestMaxMs must be a number from 9000 to 2147483647, got 5000'],
  [{ budgetPerCall: -1 }, 'budgetPerCall'],
  [{ agentTrip: 0 }, 'agentTrip'],
])('%j is refused by name and value', (limits, message) => {
  expect(() => domain([desk('a').agent], limits)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(message) }),
  )
})

test('every limit refuses what is not a number', () => {
  for (const name of Object.keys(defaultLimits)) {
    expect(() => domain([desk('a').agent], { [name]: Number.NaN }), name).toThrow(`${name} must be`)
    // A caller without types may pass this.
    expect(() => domain([desk('a').agent], { [name]: '7' as never }), name).toThrow(name)
  }
})

test.each<[DispatcherOptions<TestPort>['agents'], string]>([
  [[], 'agents must be 1 to 31, got 0'],
  [Array.from({ length: 32 }, (_, index) => desk(`${index}`).agent), 'agents must be 1 to 31, got 32'],
  [[desk('a').agent, { name: 'a', absent: 'twice' }], 'agents must have different names, got "a"'],
])('wrong agents are refused', (agents, message) => {
  expect(() => domain(agents)).toThrow(message)
})

test('31 agents work, down to the last one', async () => {
  const agents = Array.from({ length: 31 }, (_, index) => ({
    name: `${index}`,
    detail: '',
    operations: {
      read: () => (index === 30 ? Promise.resolve('the last') : Promise.reject(new Error('down'))),
    },
  }))
  const { dispatcher } = domain(agents, { policies: { read: { ...failover, preference: 'order' } } })
  expect(await dispatcher.call('read', 'x')).toBe('the last')
})

test.each<[() => Policy, string]>([
  [() => race(0), 'race.fan must be an integer from 1 to 31, got 0'],
  [() => quorum(1.5), 'quorum.fan must be an integer'],
  [() => all(2, 3), 'all.need must be an integer from 1 to 2, got 3'],
  [() => hedge(-1), 'hedge.delay must be more than 0'],
])('a wrong policy is refused where it is made', (make, message) => {
  expect(make).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(message) }),
  )
})

test('a policy written by hand is refused by the dispatcher, by its operation', () => {
  // A caller without types may pass this.
  const policy = { ...failover, preference: 'best' as never }
  expect(() => domain([desk('a').agent], { policies: { read: policy } })).toThrow(
    'policies.read.preference must be order or load, got best',
  )
  expect(() => domain([desk('a').agent], { policies: { read: { ...failover, attemptMs: 0 } } })).toThrow(
    'policies.read.attemptMs',
  )
})

test('once changes nothing but that the operation is not repeated', () => {
  expect(once(failover)).toEqual({ ...failover, idempotent: false })
})

test('a limit given as undefined is its default', () => {
  // exactOptionalPropertyTypes forbids it in TypeScript; JavaScript callers do it.
  const limits = { timeoutMs: undefined } as unknown as Partial<DispatchLimits>
  expect(() => domain([desk('a').agent], limits)).not.toThrow()
})

import { expect, test } from 'vitest'
import { failover, hedge, once, race } from '../../dispatch/policy.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { settled } from '../support/manual-clock.ts'
import { acting, desk, domain } from './desk.ts'

const writesOnce = { write: once({ ...failover, preference: 'order' }) } as const

test.each([
  ['fails', new Error('connection lost'), undefined],
  [
    'says it cannot know',
    new EnneadError('UNKNOWN_COMMIT_OUTCOME', 'link broke after the commit'),
    undefined,
  ],
  ['says nothing in time', undefined, 50],
])('a write without an idempotency key whose agent %s is never repeated', async (_what, failure, waitMs) => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher, clock } = domain([a.agent, b.agent], { policies: writesOnce })
  const call = dispatcher.call('write', 'x')
  const rejected = expect(call).rejects.toMatchObject({
    code: 'UNKNOWN_COMMIT_OUTCOME',
    kind: 'ambiguous',
    ...(failure === undefined ? {} : { cause: failure }),
  })
  if (failure !== undefined) a.last().fail(failure)
  if (waitMs !== undefined) await clock.run(waitMs)
  await rejected
  expect(a.work).toHaveLength(1)
  expect(b.work).toHaveLength(0)
})

test('a write that was refused before any work goes to the next agent', async () => {
  const busy = acting('busy', () => Promise.reject(new EnneadError('OVERLOADED', 'pool is full')))
  const late = acting('late', () => Promise.reject(new EnneadError('DEADLINE_EXCEEDED', 'came too late')))
  const { dispatcher } = domain([busy, late, acting('c', () => Promise.resolve('written'))], {
    policies: writesOnce,
  })
  expect(await dispatcher.call('write', 'x')).toBe('written')
})

test('a write that every agent refused before any work is OVERLOADED, not unknown', async () => {
  const busy = (name: string): ReturnType<typeof acting> =>
    acting(name, () => Promise.reject(new EnneadError('OVERLOADED', 'full')))
  const { dispatcher } = domain([busy('a'), busy('b')], { policies: writesOnce })
  await expect(dispatcher.call('write', 'x')).rejects.toMatchObject({ code: 'OVERLOADED', kind: 'overload' })
})

test('a caller can say of one call that it may, or may not, be repeated', async () => {
  let asked = 0
  const failing = acting('a', () => Promise.reject(new Error(`failed ${++asked}`)))
  const { dispatcher } = domain([failing], { policies: writesOnce })
  await expect(dispatcher.call('write', 'x', { idempotent: true })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  })
  expect(asked).toBe(2)
  await expect(dispatcher.call('read', 'x', { idempotent: false })).rejects.toMatchObject({
    code: 'UNKNOWN_COMMIT_OUTCOME',
  })
  expect(asked).toBe(3)
})

test.each([
  ['hedged', once(hedge(5))],
  ['raced', once(race(2))],
])('a write that may not be repeated is not %s', async (_how, policy) => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher, clock } = domain([a.agent, b.agent], { policies: { write: policy } })
  const call = dispatcher.call('write', 'x')
  await clock.run(40)
  expect(a.work.length + b.work.length).toBe(1)
  for (const work of [...a.work, ...b.work]) work.answer('written')
  expect(await call).toBe('written')
})

test('a repeatable write that cannot know its outcome is repeated', async () => {
  const unsure = acting('a', () => Promise.reject(new EnneadError('UNKNOWN_COMMIT_OUTCOME', 'link broke')))
  const { dispatcher } = domain([unsure, acting('b', () => Promise.resolve('written'))], {
    policies: { write: { ...failover, preference: 'order' } },
  })
  expect(await dispatcher.call('write', 'x')).toBe('written')
})

test('an open agent is not tried out with a write that may not be repeated', async () => {
  const [a, b] = [desk('a'), desk('b')]
  const { dispatcher, clock } = domain([a.agent, b.agent], {
    policies: { ...writesOnce, read: { ...failover, preference: 'order' } },
    agentTrip: 1,
  })
  const read = dispatcher.call('read', 'x')
  a.last().fail(new Error('down'))
  await settled()
  b.last().answer('ok')
  await read
  await clock.run(300)
  const write = dispatcher.call('write', 'x')
  expect(a.work).toHaveLength(1)
  b.last().answer('written')
  expect(await write).toBe('written')
})

import { expect, test } from 'vitest'
import { checkPolicy, failover, quorum } from '../../dispatch/policy.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { acting, domain } from './desk.ts'

const broken = acting('broken', () => Promise.reject(new EnneadError('AGENT_FAULT', 'broken')))
const well = acting('well', async () => 'well')

test('a policy may bound the attempts of a call', async () => {
  const policies = { read: { ...failover, preference: 'order', attemptsMax: 1 } } as const
  const { dispatcher, events } = domain([broken, well], { policies })
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(events.filter(({ is }) => is === 'attemptStarted')).toHaveLength(1)
})

test('fewer attempts than answers needed are refused', () => {
  expect(() => checkPolicy('p', { ...quorum(2), attemptsMax: 1 })).toThrow(
    /p\.attemptsMax must be an integer from 2/,
  )
  expect(() => checkPolicy('p', { ...failover, attemptsMax: 0 })).toThrow(/p\.attemptsMax/)
})

test('another policy is for calls from now on; undefined brings back the first', async () => {
  const { dispatcher } = domain([broken, well], {
    policies: { read: { ...failover, preference: 'order', attemptsMax: 1 } },
  })
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  dispatcher.setPolicy('read', { ...failover, preference: 'order' })
  expect(await dispatcher.call('read', 'x')).toBe('well')
  dispatcher.setPolicy('read', undefined)
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(() => dispatcher.setPolicy('read', { ...failover, fan: 0 })).toThrow(/policies\.read\.fan/)
})

test('a call that needs two answers earns twice what repeating them may cost', async () => {
  const earned = async (need: number): Promise<number> => {
    const agents = ['a', 'b', 'c'].map(name => ({ ...broken, name }))
    const { dispatcher } = domain(agents, { budgetMax: 100, budgetPerSecond: 0, budgetPerCall: 0.25 })
    // Spends some, so that there is something to earn.
    await dispatcher.call('read', 'x').catch(() => undefined)
    const { budget } = dispatcher.usage()
    dispatcher.setPolicy('read', { ...quorum(need), attemptsMax: need })
    await dispatcher.call('read', 'x').catch(() => undefined)
    return dispatcher.usage().budget - budget
  }
  expect(await earned(1)).toBe(0.25)
  expect(await earned(2)).toBe(0.5)
})

test('agents and events learn the request of a call, when its caller says it', async () => {
  const seen: (string | undefined)[] = []
  const agent = acting('a', async (_, { requestId }) => {
    seen.push(requestId)
    return 'a'
  })
  const { dispatcher, events } = domain([agent])
  await dispatcher.call('read', 'x', { requestId: 'r-1' })
  await dispatcher.call('read', 'x')
  expect(seen).toEqual(['r-1', undefined])
  expect(events.flatMap(event => (event.is === 'callEnded' ? [event.requestId] : []))).toEqual([
    'r-1',
    undefined,
  ])
})

import { expect, test } from 'vitest'
import { failover } from '../../dispatch/policy.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { acting, domain } from './desk.ts'

const orderly = { ...failover, preference: 'order' } as const
const refusing = (name: string) =>
  acting(name, () => Promise.reject(new EnneadError('OVERLOADED', `${name} takes no part`)))

test('an agent that says it is not able is passed over without cost, for any number of calls', async () => {
  const away = { ...refusing('a'), able: () => false }
  const { dispatcher } = domain([away, acting('b', () => Promise.resolve('b'))], {
    budgetPerCall: 0,
    budgetPerSecond: 0,
    budgetMax: 10,
    policies: { read: orderly },
  })
  const before = dispatcher.usage().budget
  for (let call = 0; call < 100; call++) expect(await dispatcher.call('read', 'x')).toBe('b')
  expect(dispatcher.usage().budget).toBe(before)
})

test('ability is a matter of the input', async () => {
  const a = { ...acting('a', () => Promise.resolve('a')), able: (input: unknown) => input === 'easy' }
  const { dispatcher } = domain([a, acting('b', () => Promise.resolve('b'))], {
    policies: { read: orderly },
  })
  expect(await dispatcher.call('read', 'easy')).toBe('a')
  expect(await dispatcher.call('read', 'hard')).toBe('b')
})

test('when none is able they are asked, so that each can say why', async () => {
  const { dispatcher } = domain(['a', 'b'].map(name => ({ ...refusing(name), able: () => false })))
  const failure: unknown = await dispatcher.call('read', 'x').catch((thrown: unknown) => thrown)
  expect(failure).toMatchObject({ code: 'OVERLOADED' })
  expect(
    String(failure instanceof Error && failure.cause instanceof AggregateError && failure.cause.errors),
  ).toBe('EnneadError: a takes no part,EnneadError: b takes no part')
})

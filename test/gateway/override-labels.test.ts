import { expect, test } from 'vitest'
import { decideOverrides, isOverridden, overridesKey } from '../../gateway/planning/overrides.ts'
import type { Principal } from '../../kernel/principal.ts'
import { federated } from '../support/federated.ts'
import type { OverrideOptions } from '../../gateway/planning/overrides.ts'

function token(subject: string): Principal {
  return { kind: 'token', subject, scopes: [], policies: [], expiresAt: 4_000_000_000 }
}

function graph(label: string, overrides: OverrideOptions = {}) {
  const user = { User: { name: () => 'old' } }
  return federated(
    {
      old: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! name: String }`,
        resolvers: { Query: { user: () => ({ id: '1' }) }, ...user },
      },
      fresh: {
        sdl: `type User @key(fields: "id") { id: ID! name: String @override(from: "old", label: "${label}") }`,
        resolvers: { User: { name: () => 'new' } },
      },
    },
    { overrides },
  )
}

const query = '{ user { name } }'

test('a label is active for everyone whom it names, and plans are not mixed up', async () => {
  const { ask, subgraph } = graph('beta', {
    isActive: (label, principal) =>
      label === 'beta' && principal?.kind === 'token' && principal.subject === 'ada',
  })
  for (const _ of [1, 2]) {
    expect(await ask(query)).toEqual({ data: { user: { name: 'old' } } })
    expect(await ask(query, { principal: token('ada') })).toEqual({ data: { user: { name: 'new' } } })
    expect(await ask(query, { principal: token('bo') })).toEqual({ data: { user: { name: 'old' } } })
  }
  expect(subgraph('fresh').requests).toHaveLength(2)
})

test('labels of the settings are active for everyone, and others for nobody', async () => {
  expect(await graph('beta', { active: ['beta'] }).ask(query)).toEqual({ data: { user: { name: 'new' } } })
  expect(await graph('beta', { active: ['other'] }).ask(query)).toEqual({ data: { user: { name: 'old' } } })
})

test('percent(n) places callers without a credential by chance, each time', async () => {
  let next = 0.1
  const { ask } = graph('percent(25)', { random: () => next })
  expect(await ask(query)).toEqual({ data: { user: { name: 'new' } } })
  next = 0.25
  expect(await ask(query)).toEqual({ data: { user: { name: 'old' } } })
})

test('percent(n) takes about n of 100 callers, always the same, and more percent take those as well', () => {
  const taken = (percent: number) =>
    new Set(
      Array.from({ length: 5_000 }, (_, n) => `user ${n}`).filter(subject => {
        const overrides = decideOverrides([`percent(${percent})`], token(subject), {})
        return overrides !== undefined && isOverridden(`percent(${percent})`, overrides)
      }),
    )
  const [few, many] = [taken(5), taken(20.5)]
  expect(few.size / 50).toBeCloseTo(5, -0.5)
  expect(many.size / 50).toBeCloseTo(20.5, -0.5)
  expect(few.isSubsetOf(many)).toBe(true)
  expect(taken(0).size).toBe(0)
  expect(taken(100).size).toBe(5_000)
})

test('requests share plans when the same labels are active', () => {
  const labels = ['beta', 'percent(10)', 'percent(50)']
  const key = (percentile: number, active: readonly string[] = []) =>
    overridesKey(labels, { active, percentile })
  expect(key(5)).toBe(key(9.9))
  expect(key(5)).not.toBe(key(10))
  expect(key(60)).toBe(key(99))
  expect(key(60, ['beta'])).not.toBe(key(60))
  expect(overridesKey(labels, undefined)).toBe('')
})

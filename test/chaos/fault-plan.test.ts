import { expect, test } from 'vitest'
import { parseRule } from '../../dispatch/chaos/fault.ts'
import { FaultPlan } from '../../dispatch/chaos/fault-plan.ts'

const target = { domain: 'db', agent: 'sql', operation: 'read' }

function planOf(faults: readonly string[], seed = 1, requests = ''): FaultPlan {
  const plan = new FaultPlan()
  plan.set({ rules: faults.map(parseRule), seed, requests })
  return plan
}

function decided(plan: FaultPlan, agent: string, requests: number, attempt = 1): readonly boolean[] {
  return Array.from({ length: requests }, (_, n) => {
    const fault = plan.decide({ ...target, agent }, { requestId: `r${n}`, number: attempt })
    return fault !== undefined
  })
}

test('attempts fail as often as the rate says, and each kind as often as its own', () => {
  const plan = planOf(['db.*=error:0.1', 'db.*=hang:0.05'])
  const n = 40_000
  const failed = decided(plan, 'sql', n).filter(Boolean).length
  const deviation = Math.sqrt(n * 0.15 * 0.85)
  expect(Math.abs(failed - n * 0.15)).toBeLessThan(4 * deviation)
  const { error = 0, hang = 0 } = plan.injected()['db.read'] ?? {}
  expect(error + hang).toBe(failed)
  expect(error / hang).toBeGreaterThan(1.7)
  expect(error / hang).toBeLessThan(2.3)
})

test('the same seed, request and attempt meet the same fault, in whatever order they come', () => {
  const forwards = decided(planOf(['*=error:0.3']), 'sql', 500)
  const plan = planOf(['*=error:0.3'])
  const backwards = Array.from({ length: 500 }, (_, index) => 499 - index)
    .map(n => plan.decide(target, { requestId: `r${n}`, number: 1 }) !== undefined)
    .reverse()
  expect(backwards).toEqual(forwards)
})

test.each([
  ['another seed', () => decided(planOf(['*=error:0.3'], 2), 'sql', 20_000)],
  ['another agent', () => decided(planOf(['*=error:0.3']), 'nosql', 20_000)],
  ['another attempt', () => decided(planOf(['*=error:0.3']), 'sql', 20_000, 2)],
])('%s meets faults that are independent of the first', (_, others) => {
  const first = decided(planOf(['*=error:0.3']), 'sql', 20_000)
  const second = others()
  const both = first.filter((failed, n) => failed && second[n] === true).length
  expect(Math.abs(both - 20_000 * 0.09)).toBeLessThan(4 * Math.sqrt(20_000 * 0.09 * 0.91))
})

test('only requests that are named are touched, and attempts of no request are touched when none is named', () => {
  const named = planOf(['*=error:1'], 1, 'lab-')
  expect(named.decide(target, { requestId: 'lab-7', number: 1 })?.kind).toBe('error')
  expect(named.decide(target, { requestId: 'other', number: 1 })).toBeUndefined()
  expect(named.decide(target, { number: 1 })).toBeUndefined()
  const all = planOf(['*=error:0.5'])
  const some = Array.from({ length: 200 }, () => all.decide(target, { number: 1 }) !== undefined)
  expect(new Set(some)).toEqual(new Set([true, false]))
})

test('a rule is for its domain, agent and operation only', () => {
  const plan = planOf(['db.sql/read=error:1'])
  const attempt = { requestId: 'r', number: 1 }
  expect(plan.decide(target, attempt)).toBeDefined()
  expect(plan.decide({ ...target, agent: 'nosql' }, attempt)).toBeUndefined()
  expect(plan.decide({ ...target, operation: 'query' }, attempt)).toBeUndefined()
  expect(plan.decide({ ...target, domain: 'api' }, attempt)).toBeUndefined()
})

test('rules are read as they are written', () => {
  expect(parseRule('db.sql/read=error:0.15')).toEqual({
    domain: 'db',
    agent: 'sql',
    operation: 'read',
    kind: 'error',
    rate: 0.15,
  })
  expect(parseRule('api.*=latency:0.1:200')).toMatchObject({
    agent: '*',
    operation: '*',
    kind: 'latency',
    ms: 200,
  })
  expect(parseRule('*=hang:1')).toMatchObject({ domain: '*', agent: '*', rate: 1 })
})

test.each([
  '',
  'db',
  'db.sql=error',
  'db.sql=explode:1',
  'db.sql/read=error:x',
  'db sql=error:1',
  '=error:1',
])('the rule %j is refused', text => {
  expect(() => parseRule(text)).toThrow(/is not of the form/)
})

test.each(['*=error:1.5', '*=latency:1:0', '*=latency:1:60001', '*=error:1.2.3'])(
  '%j is refused for its number',
  text => {
    expect(() => planOf([text])).toThrow(/must be a number/)
  },
)

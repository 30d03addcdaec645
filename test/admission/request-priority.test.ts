import { parse, print, visit } from 'graphql'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Priority } from '../../dispatch/port.ts'
import { asksSheddable, RequestPriority } from '../../gateway/admission/request-priority.ts'
import { prioritiesInOrder } from '../../gateway/admission/waiting-line.ts'

const priorities = new RequestPriority(['Board'], 0.95)

function priorityOf(query: string, operationName?: string, sheddable = false): Priority {
  let chosen: { kind: 'query' | 'mutation' | 'subscription'; name: string | undefined } | undefined
  visit(parse(query), {
    OperationDefinition(node) {
      if (operationName !== undefined && node.name?.value !== operationName) return
      chosen ??= { kind: node.operation, name: node.name?.value }
    },
  })
  if (chosen === undefined) throw new Error('there is no such operation')
  return priorities.of({ operation: chosen, query, sheddable })
}

test.each([
  ['mutation { add }', 'critical'],
  ['query Board { tasks }', 'critical'],
  ['query Other { tasks }', 'default'],
  ['{ tasks }', 'default'],
  ['subscription { events }', 'default'],
  ['{ __schema { types { name } } }', 'sheddable'],
  ['{ __typename }', 'default'],
] as const)('%s is %s', (query, priority) => {
  expect(priorityOf(query)).toBe(priority)
})

test('a client can ask to be refused first, and for nothing else', () => {
  expect(priorityOf('mutation { add }', undefined, true)).toBe('sheddable')
  expect(asksSheddable({ 'x-priority': 'sheddable' })).toBe(true)
  for (const value of ['critical', 'default', '', undefined, ['sheddable']]) {
    expect(asksSheddable({ 'x-priority': value })).toBe(false)
  }
})

test('a query near the limit of its cost is refused first, a mutation is not', () => {
  const cost = { estimated: 1, explain: () => ({ estimated: 1, limit: 1, fields: [] }) }
  const of = (kind: 'query' | 'mutation', complexity: number): Priority =>
    priorities.of({
      operation: { kind, name: 'A', cost: { ...cost, complexity } },
      query: '',
      sheddable: false,
    })
  expect([of('query', 0.94), of('query', 0.95), of('mutation', 1)]).toEqual([
    'default',
    'sheddable',
    'critical',
  ])
})

test('what the unparsed text allows is never less than what the operation turns out to be', () => {
  const operation = fc.record({
    kind: fc.constantFrom('query', 'mutation', 'subscription'),
    name: fc.constantFrom('Board', 'Other', 'mutationLike', 'A'),
    field: fc.constantFrom('a', '__schema', 'mutation', 'Board'),
  })
  fc.assert(
    fc.property(
      fc.uniqueArray(operation, { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
      fc.nat(3),
      fc.boolean(),
      fc.boolean(),
      (operations, pick, sheddable, compact) => {
        const text = operations.map(({ kind, name, field }) => `${kind} ${name} { ${field} }`).join(' ')
        const query = compact ? text : print(parse(text))
        const name = operations[pick % operations.length]?.name ?? ''
        const body = JSON.stringify({ query, operationName: name })
        const highest = prioritiesInOrder.indexOf(priorities.highest(body, sheddable))
        expect(highest).toBeLessThanOrEqual(prioritiesInOrder.indexOf(priorityOf(query, name, sheddable)))
      },
    ),
  )
})

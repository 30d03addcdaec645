import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareRecords, compareText, fieldOf, isBehind, matches } from '../../subgraphs/db/evaluate.ts'
import type { OrderKey } from '../../subgraphs/db/task-store.ts'
import { condition, recordOrder, task, taskChanges } from '../contract/sample-records.ts'

const records = fc
  .array(taskChanges, { minLength: 1, maxLength: 12 })
  .map(list => list.map((changes, index) => task(`task_${index}`, changes)))

test('texts compare as their UTF-8 bytes do', () => {
  const text = fc.string({ unit: 'binary' }).filter(value => value.isWellFormed())
  fc.assert(
    fc.property(text, text, (left, right) => {
      const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right))
      expect(Math.sign(compareText(left, right))).toBe(bytes)
    }),
  )
  // The UTF-16 units of the first are less than those of the second.
  expect(compareText('\u{1F600}', '\uFFFD')).toBeGreaterThan(0)
})

test('exactly the records that sort after one are behind its place', () => {
  fc.assert(
    fc.property(records, recordOrder, fc.nat(), (list, order, at) => {
      const sorted = list.sort(compareRecords(order))
      const place = sorted[at % sorted.length]
      if (place === undefined) return
      // The orders of these samples name no list fields.
      const key = { value: fieldOf(place, order.field) as OrderKey['value'], id: place.id }
      expect(sorted.filter(record => isBehind(record, order, key))).toEqual(
        sorted.slice(sorted.indexOf(place) + 1),
      )
    }),
  )
})

test('null sorts behind every value, and first when descending', () => {
  const list = [
    task('a', { dueAt: null }),
    task('b', { dueAt: '2026-01-01' }),
    task('c', { dueAt: '2025-01-01' }),
  ]
  const ids = (direction: 'ascending' | 'descending'): string[] =>
    list.toSorted(compareRecords({ field: 'dueAt', direction })).map(record => record.id)
  expect(ids('ascending')).toEqual(['c', 'b', 'a'])
  expect(ids('descending')).toEqual(['a', 'b', 'c'])
})

test('a condition or its opposite holds, never both', () => {
  fc.assert(
    fc.property(records, condition, (list, where) => {
      for (const record of list) {
        expect(matches(record, { is: 'not', of: where })).toBe(!matches(record, where))
      }
    }),
  )
})

test('conditions mean what condition.ts says', () => {
  const record = task('a', { title: 'ÄPFEL 50% off', assigneeIds: ['u1', 'u2'], dueAt: null, number: 10 })
  const holds = (where: Parameters<typeof matches>[1]): boolean => matches(record, where)
  expect(holds({ is: 'contains', field: 'title', text: 'äpfel 50%' })).toBe(true)
  expect(holds({ is: 'contains', field: 'title', text: '5_%' })).toBe(false)
  expect(holds({ is: 'in', field: 'assigneeIds', values: ['u2', 'u9'] })).toBe(true)
  expect(holds({ is: 'in', field: 'assigneeIds', values: [null] })).toBe(false)
  expect(holds({ is: 'in', field: 'dueAt', values: [null] })).toBe(true)
  expect(holds({ is: 'in', field: 'title', values: [] })).toBe(false)
  expect(holds({ is: 'before', field: 'dueAt', value: '9999', orEqual: true })).toBe(false)
  expect(holds({ is: 'after', field: 'number', value: 9, orEqual: false })).toBe(true)
  expect(holds({ is: 'after', field: 'number', value: 10, orEqual: false })).toBe(false)
  expect(holds({ is: 'all', of: [] })).toBe(true)
  expect(holds({ is: 'any', of: [] })).toBe(false)
})

import { expect, test } from 'vitest'
import { ListStatements } from '../../../subgraphs/db/agents/sql/read-records.ts'
import type { Condition } from '../../../subgraphs/db/condition.ts'
import type { RecordQuery } from '../../../subgraphs/db/task-store.ts'

const [early, late] = ['2026-01-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z']

function sqlOf(where: Condition, more: Partial<RecordQuery>): string {
  const order = { field: 'updatedAt', direction: 'ascending' } as const
  return new ListStatements().list({ kind: 'task', workspaceId: 'w', where, order, limit: 51, ...more }).text
}

// PostgreSQL begins a walk at the first of two beginnings and passes over everything up to the other.
test('a walk is told one beginning only: the place where it goes on, or the bound, whichever is further', () => {
  const since: Condition = { is: 'after', field: 'updatedAt', value: early, orEqual: false }
  const beyond = sqlOf(since, { behind: { value: late, id: 'task_1' } })
  expect(beyond).toMatch(/\(updated_at, id\) > /)
  expect(beyond).not.toMatch(/updated_at > /)
  const before = sqlOf({ ...since, value: late }, { behind: { value: early, id: 'task_1' } })
  expect(before).toMatch(/updated_at > /)
  expect(before).not.toMatch(/\(updated_at, id\) > /)
  // At the same instant only both together say it.
  const same = sqlOf(since, { behind: { value: early, id: 'task_1' } })
  expect(same).toMatch(/\(updated_at, id\) > /)
  expect(same).toMatch(/updated_at > /)
})

test('bounds of a field that may be null begin and end a walk as the index is made', () => {
  const order = { field: 'dueAt', direction: 'descending' } as const
  const between: Condition = {
    is: 'all',
    of: [
      { is: 'after', field: 'dueAt', value: early, orEqual: true },
      { is: 'before', field: 'dueAt', value: late, orEqual: false },
    ],
  }
  const sql = sqlOf(between, { order })
  expect(sql).toMatch(/\(\(due_at is null\), due_at\) >= \(false, /)
  expect(sql).toMatch(/\(\(due_at is null\), due_at\) < \(false, /)
  // The end of the descending walk is a bound as well where its beginning is not.
  expect(sqlOf({ ...between, of: between.of.slice(0, 1) }, { order })).toMatch(/\(due_at is null\) < true/)
  // In another order they are no bounds of the walk, and within "not" they are none at all.
  expect(sqlOf(between, {})).not.toMatch(/due_at is null/)
  expect(sqlOf({ is: 'not', of: between }, { order })).not.toMatch(/\(\(due_at is null\), due_at\)/)
})

test('a walk that only meets tasks without a date, or only those with one, begins there', () => {
  const none: Condition = { is: 'in', field: 'dueAt', values: [null] }
  const some: Condition = { is: 'not', of: none }
  const ascending = { field: 'dueAt', direction: 'ascending' } as const
  const descending = { field: 'dueAt', direction: 'descending' } as const
  const dated = { value: early, id: 'task_1' }
  const undated = { value: null, id: 'task_1' }
  // Every task without a date is behind one with a date, or none is.
  expect(sqlOf(none, { order: ascending, behind: dated })).not.toContain('task_1')
  expect(sqlOf(none, { order: ascending, behind: dated })).not.toMatch(/due_at\) >/)
  expect(sqlOf(none, { order: descending, behind: dated })).toMatch(/ and false /)
  expect(sqlOf(none, { order: ascending, behind: undated })).toMatch(/\(due_at is null\) and id > /)
  expect(sqlOf(some, { order: descending })).toMatch(/\(due_at is null\) < true/)
  expect(sqlOf(some, { order: descending, behind: undated })).toMatch(/\(due_at is null\) < true/)
  expect(sqlOf(some, { order: descending, behind: dated })).toMatch(/\(\(due_at is null\), due_at, id\) < /)
  expect(sqlOf(some, { order: ascending })).not.toMatch(/ < true/)
})

test('bounds of a list of places are told of the places, and of them alone', () => {
  const sql = sqlOf(
    {
      is: 'all',
      of: [
        { is: 'in', field: 'assigneeIds', values: ['user_1'] },
        { is: 'after', field: 'updatedAt', value: early, orEqual: false },
        { is: 'before', field: 'updatedAt', value: late, orEqual: true },
      ],
    },
    {},
  )
  expect(sql).toMatch(/place_updated_at > /)
  expect(sql).toMatch(/place_updated_at <= /)
  expect(sql).not.toMatch(/[^_]updated_at [<>]/)
  // A walk that begins at a date goes on to tasks that have none.
  const due = sqlOf(
    {
      is: 'all',
      of: [
        { is: 'in', field: 'labelIds', values: ['label_1'] },
        { is: 'after', field: 'dueAt', value: early, orEqual: false },
      ],
    },
    { order: { field: 'dueAt', direction: 'ascending' } },
  )
  expect(due).toMatch(/\(\(place_due_at is null\), place_due_at\) > \(false, /)
  expect(due).toMatch(/[^_]due_at > /)
})

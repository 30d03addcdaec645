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
  expect(sql).toMatch(/due_at >= .*due_at < .*\(\(due_at is null\)::int\) = 0/)
  // The end of the descending walk is a bound as well where its beginning is not.
  expect(sqlOf({ ...between, of: between.of.slice(0, 1) }, { order })).toMatch(
    /\(\(due_at is null\)::int\) = 0/,
  )
  // In another order they are no bounds of the walk, but of what is found by them; within "not" they are none at all.
  expect(sqlOf(between, {})).toMatch(/ and \(\(due_at is null\)::int\) = 0/)
  expect(sqlOf(between, {})).not.toMatch(/due_at is null\)::int\) (asc|desc)/)
  expect(sqlOf({ is: 'not', of: between }, { order })).not.toMatch(/::int\) =/)
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
  expect(sqlOf(none, { order: ascending, behind: undated })).toMatch(/due_at is null.*::int\) = 1 and id > /)
  expect(sqlOf(some, { order: descending })).toMatch(/\(\(due_at is null\)::int\) = 0/)
  expect(sqlOf(some, { order: descending, behind: undated })).toMatch(/\(\(due_at is null\)::int\) = 0/)
  expect(sqlOf(some, { order: descending, behind: dated })).toMatch(/::int\) = 0 and \(due_at, id\) < /)
  expect(sqlOf(some, { order: ascending })).toMatch(/::int\) = 0/)
})

test('a page that goes on among tasks without a date, and then to those with one, begins in two places', () => {
  const descending = { field: 'dueAt', direction: 'descending' } as const
  const undated = { value: null, id: 'task_1' }
  const all: Condition = { is: 'all', of: [] }
  const sql = sqlOf(all, { order: descending, behind: undated })
  expect(sql).toMatch(/::int\) = 1 and id < .* union .*::int\) = 0/s)
  const open: Condition = { is: 'in', field: 'assigneeIds', values: ['user_1'] }
  expect(sqlOf(open, { order: descending, behind: undated })).toMatch(
    /place_id < .* union .*\(\(place_due_at is null\)::int\) = 0/s,
  )
  const ascending = { field: 'dueAt', direction: 'ascending' } as const
  expect(sqlOf(all, { order: ascending, behind: undated })).not.toMatch(/union/)
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
  // Those without a date are left out where the others are.
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
  expect(due).toMatch(/\(\(place_due_at is null\)::int\) = 0 and place_due_at > /)
  expect(due).not.toMatch(/[^_]due_at > /)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newGlobalId } from '../../../kernel/global-id.ts'
import type { PageArguments } from '../../../subgraphs/service/page.ts'
import { type Connection, connection } from '../../../subgraphs/db/connection.ts'
import { compareRecords } from '../../../subgraphs/db/evaluate.ts'
import type { PriorityRank, TaskRecord } from '../../../subgraphs/db/record.ts'
import { currentOnly } from '../../../subgraphs/db/reads.ts'
import { type RecordReader, recordReader } from '../../../subgraphs/db/record-reader.ts'
import type { InputOf, OutputOf } from '../../../dispatch/port.ts'
import type { RecordOrder, TaskStore } from '../../../subgraphs/db/task-store.ts'
import { Viewer } from '../../../subgraphs/db/viewer.ts'
import { until } from '../../support/until.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { newProject, newTask, openTestDb, principalOf } from './fixture.ts'

const workspaceId = newGlobalId('Workspace')
const ids = Array.from({ length: 40 }, () => newGlobalId('Task'))

function taskOf(id: string, priority: PriorityRank, dueAt: string | null, createdAt: string): TaskRecord {
  return {
    kind: 'task',
    id,
    workspaceId,
    version: 1,
    createdAt,
    updatedAt: createdAt,
    number: 1,
    projectId: newGlobalId('Project'),
    title: 't',
    description: null,
    status: 'TODO',
    priority,
    startAt: null,
    dueAt,
    completedAt: null,
    estimateMinutes: null,
    creatorId: 'user',
    assigneeIds: [],
    labelIds: [],
    parentId: null,
    blockedByIds: [],
    deletedAt: null,
    searchText: 't',
  }
}

const day = fc.constantFrom(
  '2026-01-01T00:00:00.000Z',
  '2026-01-02T00:00:00.000Z',
  '2026-01-03T00:00:00.000Z',
)
const someTasks = fc
  .array(fc.tuple(fc.constantFrom<PriorityRank>(0, 1, 2, 4), fc.option(day), day), { maxLength: 30 })
  .map(rows =>
    rows.map(([rank, dueAt, createdAt], index) => taskOf(ids[index] ?? '', rank, dueAt, createdAt)),
  )
const anyOrder = fc.record<RecordOrder>({
  field: fc.constantFrom('createdAt', 'dueAt', 'priority'),
  direction: fc.constantFrom('ascending', 'descending'),
})

function readerOf(tasks: readonly TaskRecord[]): RecordReader {
  const store = new MemoryTaskStore()
  for (const task of tasks) store.records.set(`task ${task.id}`, task)
  const attempt = { signal: new AbortController().signal, remainingMs: 1_000, number: 1 }
  const direct = {
    // The memory store's operations are those of the port.
    call: <O extends keyof TaskStore>(operation: O, input: InputOf<TaskStore, O>) =>
      (
        store.operations[operation] as (
          input: unknown,
          given: typeof attempt,
        ) => Promise<OutputOf<TaskStore, O>>
      )(input, attempt),
  }
  return recordReader(currentOnly(direct), new Viewer(principalOf(workspaceId)), {}, () => undefined)
}

const all = { is: 'all', of: [] } as const

describe('paging through a list', () => {
  test.each(['first', 'last'] as const)(
    'with %s visits every record once, in order, and knows where the list ends',
    async argument => {
      await fc.assert(
        fc.asyncProperty(someTasks, anyOrder, fc.integer({ min: 1, max: 12 }), async (tasks, order, size) => {
          const reader = readerOf(tasks)
          const seen: TaskRecord[] = []
          let cursor: string | null = null
          for (let page = 0; page <= tasks.length; page++) {
            const given: PageArguments =
              argument === 'first' ? { first: size, after: cursor } : { last: size, before: cursor }
            const { nodes, pageInfo }: Connection<TaskRecord> = await connection(
              reader,
              { kind: 'task', where: all, order },
              given,
            )
            if (argument === 'first') seen.push(...nodes)
            else seen.unshift(...nodes)
            const [towards, from] =
              argument === 'first'
                ? [pageInfo.hasNextPage, pageInfo.hasPreviousPage]
                : [pageInfo.hasPreviousPage, pageInfo.hasNextPage]
            expect(await from()).toBe(page > 0)
            expect(await towards()).toBe(seen.length < tasks.length)
            if (!(await towards())) break
            cursor = argument === 'first' ? pageInfo.endCursor : pageInfo.startCursor
          }
          expect(seen.map(({ id }) => id)).toEqual(tasks.toSorted(compareRecords(order)).map(({ id }) => id))
        }),
      )
    },
  )

  test('every edge is a place to go on from, in both directions', async () => {
    await fc.assert(
      fc.asyncProperty(someTasks, anyOrder, async (tasks, order) => {
        const reader = readerOf(tasks)
        const query = { kind: 'task', where: all, order } as const
        const { edges, nodes } = await connection(reader, query, { first: 100 })
        for (const [index, { cursor }] of edges.entries()) {
          const behind = await connection(reader, query, { first: 100, after: cursor })
          expect(behind.nodes).toEqual(nodes.slice(index + 1))
          expect(await behind.pageInfo.hasPreviousPage()).toBe(true)
          const before = await connection(reader, query, { last: 100, before: cursor })
          expect(before.nodes).toEqual(nodes.slice(0, index))
          expect(await before.pageInfo.hasNextPage()).toBe(true)
        }
      }),
      { numRuns: 30 },
    )
  })
})

test('a record created or deleted between two pages is neither repeated nor does it hide another', async () => {
  await using db = await openTestDb()
  const project = await newProject(db)
  for (let index = 0; index < 6; index++) await newTask(db, project)
  const { tasks } = await db.run('{ tasks { nodes { id createdAt } } }')
  const made: string[] = tasks.nodes.map((node: { id: string }) => node.id)
  const page = `query($after: String) { tasks(first: 3, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }`
  const { tasks: first } = await db.run(page)
  await db.run(`mutation($id: ID!) { deleteTask(id: $id) { deletedId } }`, { id: made[2] })
  // A task created within the same millisecond as another may stand before it.
  await until('the next millisecond', () => Date.now() > Date.parse(tasks.nodes.at(-1).createdAt))
  const late = await newTask(db, project)
  const { tasks: second } = await db.run(page, { after: first.pageInfo.endCursor })
  const { tasks: third } = await db.run(page, { after: second.pageInfo.endCursor })
  const seen = [first, second, third].flatMap(({ nodes }) => nodes.map((node: { id: string }) => node.id))
  expect(seen).toEqual([...made, late])
  expect(third.pageInfo.hasNextPage).toBe(false)
})

test('the total is only counted when it is asked for', async () => {
  await using db = await openTestDb()
  await newTask(db, await newProject(db))
  await db.run('{ tasks { nodes { id } } }')
  expect(db.stores.sql.calls).not.toContain('count')
  expect(await db.run('{ tasks(first: 1) { totalCount } }')).toEqual({ tasks: { totalCount: 1 } })
})

test.each([
  ['tasks(first: 0)', 'BAD_USER_INPUT'],
  ['tasks(first: -1)', 'BAD_USER_INPUT'],
  ['tasks(first: 101)', 'BAD_USER_INPUT'],
  ['tasks(last: 101)', 'BAD_USER_INPUT'],
  ['tasks(first: 1, last: 1)', 'BAD_USER_INPUT'],
  ['tasks(first: 1, after: "nonsense")', 'CURSOR_INVALID'],
  ['tasks(first: 1, after: "")', 'CURSOR_INVALID'],
  ['tasks(first: 1, after: "W10")', 'CURSOR_INVALID'],
  ['tasks(first: 1, after: "e30=")', 'CURSOR_INVALID'],
  [
    'tasks(filter: {not: {not: {not: {not: {not: {not: {not: {not: {status: [DONE]}}}}}}}}})',
    'BAD_USER_INPUT',
  ],
])('%s is refused with %s', async (field, code) => {
  await using db = await openTestDb()
  const { errors } = await db.answer(`{ ${field} { nodes { id } } }`)
  expect(errors).toMatchObject([{ extensions: { code } }])
})

test('a cursor of one order is refused by another', async () => {
  await using db = await openTestDb()
  const project = await newProject(db)
  await newTask(db, project)
  const { tasks } = await db.run('{ tasks(orderBy: {field: PRIORITY}) { pageInfo { endCursor } } }')
  const after = tasks.pageInfo.endCursor
  const { errors } = await db.answer(
    'query($after: String) { tasks(orderBy: {field: DUE_AT}, after: $after) { nodes { id } } }',
    { after },
  )
  expect(errors).toMatchObject([{ extensions: { code: 'CURSOR_INVALID' } }])
})

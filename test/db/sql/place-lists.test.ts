import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Condition } from '../../../subgraphs/db/condition.ts'
import { compareRecords, fieldOf, isBehind, matches } from '../../../subgraphs/db/evaluate.ts'
import type { TaskRecord } from '../../../subgraphs/db/record.ts'
import type { OrderKey, RecordOrder } from '../../../subgraphs/db/task-store.ts'
import { commitOf, condition, entryOf, task, taskChanges } from '../../contract/sample-records.ts'
import { attempt, rawClient, testPostgres } from './postgres-for-tests.ts'
import type { OpenStore, TestPostgres } from './postgres-for-tests.ts'

let postgres: TestPostgres
let open: OpenStore

beforeAll(async () => {
  postgres = await testPostgres()
  open = await postgres.open()
})

afterAll(async () => {
  await open.engine.close()
  await postgres[Symbol.asyncDispose]()
})

/** Tasks as they were stored one after the other; the same id again is a change of that task. */
const changes = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), taskChanges), {
  minLength: 1,
  maxLength: 24,
})
const id = fc.constantFrom('u1', 'u2', 'u3', 'ü', 'nobody', 'u1 u2', '')
const ofLists: fc.Arbitrary<Condition> = fc.record({
  is: fc.constant('in' as const),
  field: fc.constantFrom('assigneeIds' as const, 'labelIds' as const),
  values: fc.array(id, { maxLength: 3 }),
})
/** What leads to places: one list, several, one side of `or`, and what does not: two kinds, `not`, more beside it. */
const where: fc.Arbitrary<Condition> = fc.oneof(
  ofLists,
  fc.tuple(ofLists, condition).map((of): Condition => ({ is: 'all', of })),
  fc
    .tuple(fc.array(fc.oneof(ofLists, condition), { maxLength: 3 }), condition)
    .map(([of, beside]): Condition => ({ is: 'all', of: [{ is: 'any', of }, beside] })),
  fc.tuple(ofLists, ofLists).map((of): Condition => ({ is: 'all', of })),
  ofLists.map((of): Condition => ({ is: 'not', of })),
)
const order: fc.Arbitrary<RecordOrder> = fc.record({
  field: fc.constantFrom('createdAt', 'updatedAt', 'dueAt', 'priority'),
  direction: fc.constantFrom('ascending', 'descending'),
})
const questions = fc.array(
  fc.record({ where, order, limit: fc.integer({ min: 1, max: 9 }), from: fc.nat({ max: 12 }) }),
  { minLength: 8, maxLength: 12 },
)

test('lists of people and labels are what their conditions mean, whatever was changed, added and taken away', async () => {
  let run = 0
  const property = fc.asyncProperty(changes, questions, async (made, asked) => {
    const workspaceId = `workspace ${++run}`
    const now = new Map<string, TaskRecord>()
    for (const [at, [number, change]] of made.entries()) {
      const key = `${workspaceId}_${number}`
      const version = (now.get(key)?.version ?? 0) + 1
      const updatedAt = `2026-01-0${1 + (at % 3)}T00:00:00.000Z`
      const record = task(key, { ...change, workspaceId, version, updatedAt })
      now.set(key, record)
      const { epoch, seq } = await open.store.head(undefined, attempt())
      const commit = commitOf(`run${run} ${at}`, record)
      await open.store.absorb([entryOf(seq + 1, commit, epoch === '' ? undefined : epoch)], attempt())
    }
    const records = [...now.values()]
    for (const question of asked) {
      const from = records[question.from]
      const behind = from === undefined ? undefined : placeOf(from, question.order)
      const wanted = records
        .filter(record => matches(record, question.where))
        .filter(record => behind === undefined || isBehind(record, question.order, behind))
        .sort(compareRecords(question.order))
      const { from: _from, ...query } = question
      const page = {
        kind: 'task',
        workspaceId,
        ...query,
        ...(behind === undefined ? {} : { behind }),
      } as const
      expect(await open.store.query(page, attempt())).toEqual(wanted.slice(0, query.limit))
    }
  })
  await fc.assert(property, { numRuns: 40 })
  await expectSound()
}, 60_000)

test('a task that is taken away, by whatever hand, is in no list any more', async () => {
  const workspaceId = 'workspace gone'
  const records = ['a', 'b'].map(key =>
    task(`gone_${key}`, { workspaceId, assigneeIds: ['u1'], labelIds: ['u1'] }),
  )
  const { epoch, seq } = await open.store.head(undefined, attempt())
  const commit = commitOf('gone', task('gone_a'), { puts: records })
  await open.store.absorb([entryOf(seq + 1, commit, epoch === '' ? undefined : epoch)], attempt())
  await using raw = rawClient(postgres.connection)
  await raw.unsafe(`delete from ${open.schema}.records where id = 'gone_a'`)
  const left = await raw.unsafe(`select place_id from ${open.schema}.task_places where place_id like 'gone%'`)
  expect(left.map(row => String(row['place_id']))).toEqual(['gone_b', 'gone_b'])
  await expectSound()
})

async function expectSound(): Promise<void> {
  const looked = await open.engine.inspection?.look('', 10_000, new AbortController().signal)
  expect(looked?.found.length).toBeGreaterThan(0)
  expect(looked?.found.flatMap(({ faults }) => faults)).toEqual([])
}

function placeOf(record: TaskRecord, { field }: RecordOrder): OrderKey {
  const value = fieldOf(record, field)
  // The fields lists are ordered by hold a text, a number or nothing.
  return { value: typeof value === 'object' ? null : value, id: record.id }
}

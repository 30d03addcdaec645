import { packRules } from '@casl/ability/extra'
import fc from 'fast-check'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../../kernel/log.ts'
import { openLmdbStore } from '../../subgraphs/db/agents/nosql/lmdb-store.ts'
import { openMongoStore } from '../../subgraphs/db/agents/nosql/mongo-store.ts'
import { compareRecords } from '../../subgraphs/db/evaluate.ts'
import { priorityNames, rankOf } from '../../subgraphs/db/priority.ts'
import type { TaskRecord } from '../../subgraphs/db/record.ts'
import { type DateTimeFilter, type TaskFilter, filterCondition } from '../../subgraphs/db/task-filter.ts'
import type { TaskStore } from '../../subgraphs/db/task-store.ts'
import { Viewer } from '../../subgraphs/db/viewer.ts'
import { commitOf, entryOf, task, taskChanges } from '../contract/sample-records.ts'
import { attempt } from '../contract/store-under-test.ts'
import { describeWithService } from '../services/availability.ts'
import { findMongo, startMongo } from '../services/mongo.ts'
import { principalOf } from './domain/fixture.ts'
import { testFolder, testPostgres } from './sql/postgres-for-tests.ts'

/** Each fills the stores and asks several questions. */
const runs = 8
const texts = fc.constantFrom('a', 'B', 'ä', 'É', 'ΑΣ', '%', '_', 'b', '', 'zz')
const people = fc.constantFrom('u1', 'u2', 'u3', 'nobody')
const instants = fc.constantFrom(
  '2025-12-31T23:59:59.999Z',
  '2026-01-01T00:00:00.000Z',
  '2026-01-02T00:00:00.000Z',
)
const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(undefined, null) }, { weight: 1, arbitrary: one })
const some = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[] | null | undefined> =>
  maybe(fc.array(one, { maxLength: 3 }))
const ofInstant = maybe(
  fc.record({
    gt: maybe(instants),
    gte: maybe(instants),
    lt: maybe(instants),
    lte: maybe(instants),
    isNull: maybe(fc.boolean()),
  }),
)

/** Any filter a client can send, so many levels deep. */
function filtersOf(levels: number): fc.Arbitrary<TaskFilter> {
  const within = levels === 0 ? fc.constant(undefined) : filtersOf(levels - 1)
  // Without a level below there is none within.
  const inner = within as fc.Arbitrary<TaskFilter>
  const nested = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
    levels === 0 ? fc.constant(undefined) : maybe(one)
  return fc.record({
    and: nested(fc.array(inner, { maxLength: 2 })),
    or: nested(fc.array(inner, { maxLength: 2 })),
    not: nested(inner),
    status: some(fc.constantFrom('TODO' as const, 'DONE' as const, 'BLOCKED' as const)),
    priority: some(fc.constantFrom(...priorityNames)),
    assigneeId: some(people),
    labelId: some(people),
    projectId: some(people),
    creatorId: some(people),
    title: maybe(fc.record({ eq: maybe(texts), in: some(texts), contains: maybe(texts) })),
    dueAt: ofInstant,
    updatedAt: ofInstant,
    includeDeleted: maybe(fc.boolean()),
  })
}

/** What a filter means, said once more and without conditions: the oracle. */
function fulfils(one: TaskRecord, filter: TaskFilter): boolean {
  const is = <T>(wanted: T | null | undefined, holds: (wanted: T) => boolean): boolean =>
    wanted === undefined || wanted === null || holds(wanted)
  const inTime = (value: string | null, given: DateTimeFilter): boolean =>
    is(given.gt, at => value !== null && value > at) &&
    is(given.gte, at => value !== null && value >= at) &&
    is(given.lt, at => value !== null && value < at) &&
    is(given.lte, at => value !== null && value <= at) &&
    is(given.isNull, isNull => (value === null) === isNull)
  return (
    is(filter.and, all => all.every(part => fulfils(one, part))) &&
    is(filter.or, any => any.some(part => fulfils(one, part))) &&
    is(filter.not, not => !fulfils(one, not)) &&
    is(filter.status, list => list.includes(one.status)) &&
    is(filter.priority, list => list.map(rankOf).includes(one.priority)) &&
    is(filter.assigneeId, list => list.some(id => one.assigneeIds.includes(id))) &&
    is(filter.labelId, list => list.some(id => one.labelIds.includes(id))) &&
    is(filter.projectId, list => list.includes(one.projectId)) &&
    is(filter.creatorId, list => list.includes(one.creatorId)) &&
    is(
      filter.title,
      title =>
        is(title.eq, text => one.title === text) &&
        is(title.in, list => list.includes(one.title)) &&
        is(title.contains, text => one.title.toLowerCase().includes(text.toLowerCase())),
    ) &&
    is(filter.dueAt, given => inTime(one.dueAt, given)) &&
    is(filter.updatedAt, given => inTime(one.updatedAt, given))
  )
}

const rule = fc.record({
  action: fc.constantFrom('read', 'manage', 'update'),
  subject: fc.constantFrom('Task', 'all', 'Project'),
  inverted: fc.boolean(),
  conditions: fc.option(
    fc.oneof(
      people.map(creatorId => ({ creatorId })),
      fc.array(people, { maxLength: 2 }).map($in => ({ projectId: { $in } })),
    ),
    { nil: undefined },
  ),
})
/** Mostly exceptions from what may be read otherwise, so that there is something to be found. */
const rules = fc.oneof(
  { weight: 1, arbitrary: fc.array(rule, { maxLength: 4 }) },
  {
    weight: 3,
    arbitrary: fc
      .array(
        rule.filter(({ conditions }) => conditions !== undefined),
        { maxLength: 3 },
      )
      .map(exceptions => [{ action: 'read', subject: 'Task' }, ...exceptions]),
  },
)
const changes = fc.record({
  deletedAt: fc.constantFrom(null, null, null, '2026-01-02T00:00:00.000Z'),
  updatedAt: instants,
  creatorId: people,
})
const orders = fc.record({
  field: fc.constantFrom('createdAt' as const, 'updatedAt' as const, 'dueAt' as const, 'priority' as const),
  direction: fc.constantFrom('ascending' as const, 'descending' as const),
})

const question = fc.record({ filter: filtersOf(2), rules, order: orders, tenant: fc.nat(1) })
type Question = typeof question extends fc.Arbitrary<infer Q> ? Q : never

describeWithService('MongoDB', findMongo(), command => {
  test(
    'a client’s filter, the viewer’s rules and the tenant find the same in PostgreSQL, MongoDB and LMDB as by reading all',
    { timeout: 60_000 },
    async () => {
      await using folder = await testFolder()
      await using postgres = await testPostgres()
      await using sql = await postgres.open()
      await using mongo = await startMongo(command, folder.path)
      const nosql = await openMongoStore({ url: mongo.url, log: silentLog })
      const lmdb = await openLmdbStore({ directory: join(folder.path, 'lmdb'), log: silentLog })
      // Both serve the whole port.
      const stores = [sql.store, nosql.operations as TaskStore, lmdb.operations as TaskStore]
      let run = 0
      let found = 0
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(taskChanges, changes, fc.nat(1)), { minLength: 4, maxLength: 16 }),
          fc.array(question, { minLength: 4, maxLength: 8 }),
          async (made, questions) => {
            const seq = ++run
            const workspaces = [`workspace_a${seq}`, `workspace_b${seq}`] as const
            const tasks = made.map(([some, more, tenant], index) =>
              task(`task_${seq}_${index}`, {
                ...some,
                ...more,
                workspaceId: workspaces[tenant === 0 ? 0 : 1],
              }),
            )
            const commit = commitOf(`run${seq}`, task('task_0'), { puts: tasks })
            await Promise.all(stores.map(store => store.absorb([entryOf(seq, commit)], attempt())))
            const ask = async ({ filter, rules: given, order, tenant }: Question): Promise<void> => {
              const workspaceId = workspaces[tenant === 0 ? 0 : 1]
              const viewer = new Viewer({ ...principalOf(workspaceId), rules: packRules([...given]) })
              const wanted = tasks
                .filter(one => viewer.can('read', one))
                .filter(one => filter.includeDeleted === true || one.deletedAt === null)
                .filter(one => fulfils(one, filter))
                .sort(compareRecords(order))
                .map(({ id }) => id)
              const where = { is: 'all', of: [viewer.readable('task'), filterCondition(filter)] } as const
              const query = { kind: 'task', workspaceId, where } as const
              found += wanted.length
              for (const store of stores) {
                const answer = await store.query({ ...query, order, limit: 100 }, attempt())
                expect(answer.map(({ id }) => id)).toEqual(wanted)
                expect(await store.count(query, attempt())).toBe(wanted.length)
              }
            }
            await Promise.all(questions.map(ask))
          },
        ),
        { numRuns: runs },
      )
      await nosql.close()
      await lmdb.close()
      // Filters so seldom met that nothing is ever found would show nothing.

      expect(found).toBeGreaterThan(0)
    },
  )
})

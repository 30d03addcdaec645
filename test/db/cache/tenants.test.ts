import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EnneadError } from '../../../kernel/errors.ts'
import { newGlobalId } from '../../../kernel/global-id.ts'
import { silentLog } from '../../../kernel/log.ts'
import { openRedisCache } from '../../../subgraphs/db/agents/cache/redis-cache.ts'
import type { StoreEngine } from '../../../subgraphs/db/task-store.ts'
import { describeWithService } from '../../services/availability.ts'
import { findRedis, startRedis } from '../../services/redis.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { until } from '../../support/until.ts'
import { createTask, engineOf, newProject, openTestDb, principalOf } from '../domain/fixture.ts'

const tenants = 3
const tasksEach = 4

/** One look at a task, by its place, as whoever asks. */
const look = fc.record({
  viewer: fc.nat(tenants - 1),
  owner: fc.nat(tenants - 1),
  task: fc.nat(tasksEach - 1),
  /** The owner changes it before. */
  changes: fc.boolean(),
  /** Asked twice at once, by the owner too. */
  withOwner: fc.boolean(),
})

describeWithService('Redis', findRedis(), command => {
  test('from the cache nobody is answered with what another tenant had cached, in whatever order they ask', async () => {
    await using server = await startRedis(command)
    let answered = 0
    const openCache = async (): Promise<StoreEngine> => {
      // Room for some of the records only, so that they come and go.
      const engine = await openRedisCache({ url: server.url, prefix: 'p', recordsMax: 8, log: silentLog })
      const { read } = engine.operations
      if (read === undefined) return engine
      const counted: typeof read = async (keys, attempt) => {
        const records = await read(keys, attempt)
        answered += records.filter(record => record?.kind === 'task').length
        return records
      }
      return { ...engine, operations: { ...engine.operations, read: counted } }
    }
    const stores = [new MemoryTaskStore(), new MemoryTaskStore()] as const
    await using db = await openTestDb({
      engines: [engineOf('sql', stores[0]), engineOf('nosql', stores[1]), { name: 'cache', open: openCache }],
    })
    const people = Array.from({ length: tenants }, () => principalOf(newGlobalId('Workspace')))
    const titles = new Map<string, string>()
    const ids: string[][] = []
    for (const [tenant, person] of people.entries()) {
      const project = await newProject(db, 'ENN', person)
      const made: string[] = []
      for (let at = 0; at < tasksEach; at++) {
        // The same keys of idempotency in each: they are the tenant's own.
        const title = `of ${tenant}`
        const { task, errors, replayed } = await createTask(db, project, { title }, `key-${at}`, person)
        expect([errors, replayed, task.title]).toEqual([[], false, title])
        made.push(task.id)
        titles.set(task.id, title)
      }
      ids.push(made)
    }
    // Others answer only what the cache does not have.
    for (const store of stores) {
      store.before = operation =>
        operation === 'read' && preferCache
          ? Promise.reject(new EnneadError('OVERLOADED', 'the cache is to answer'))
          : Promise.resolve()
    }
    let preferCache = false
    let turn = 0
    const asked = 'query($id: ID!) { task(id: $id) { id title } }'
    await fc.assert(
      fc.asyncProperty(fc.array(look, { minLength: 5, maxLength: 25 }), async looks => {
        for (const { viewer, owner, task, changes, withOwner } of looks) {
          const [who, whose, id] = [people[viewer], people[owner], ids[owner]?.[task] ?? '']
          if (changes) {
            const title = `of ${owner}, ${++turn}`
            await db.run(
              'mutation($id: ID!, $title: String!) { updateTask(input: {id: $id, title: $title}) { errors { code } } }',
              { id, title },
              whose,
            )
            titles.set(id, title)
          }
          const others = withOwner ? db.run(asked, { id }, whose) : Promise.resolve(undefined)
          const [seen, ownersView] = await Promise.all([db.run(asked, { id }, who), others])
          expect(seen.task?.title ?? null).toBe(viewer === owner ? titles.get(id) : null)
          if (ownersView !== undefined) expect(ownersView.task.title).toBe(titles.get(id))
        }
      }),
      { numRuns: 25 },
    )
    // With nothing but the cache to ask, too.
    const warm = ids[0]?.at(-1) ?? ''
    await until('it is cached', async () => {
      preferCache = true
      const answer = await db.answer(asked, { id: warm }, people[0])
      preferCache = false
      if (answer.errors === undefined) return true
      await db.answer(asked, { id: warm }, people[0])
      return false
    })
    preferCache = true
    expect((await db.run(asked, { id: warm }, people[1])).task).toBeNull()
    expect((await db.run(asked, { id: warm }, people[0])).task.title).toBe(titles.get(warm))
    preferCache = false
    expect(answered).toBeGreaterThan(0)
  })
})

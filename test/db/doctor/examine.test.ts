import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { manualClock } from '../../support/manual-clock.ts'
import { systemClock } from '../../../kernel/clock.ts'
import { examine } from '../../../subgraphs/db/doctor/examine.ts'
import type { Examination } from '../../../subgraphs/db/doctor/finding.ts'
import type { StoreEngine } from '../../../subgraphs/db/task-store.ts'
import { commitOf, entryOf, receipt, task } from '../../contract/sample-records.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { newProject, newTask, openTestDb } from '../domain/fixture.ts'
import { inspected } from './inspected-memory.ts'

function look(
  stores: Readonly<Record<'sql' | 'nosql', MemoryTaskStore>>,
  clock = systemClock,
): Promise<Examination> {
  const opened: readonly { readonly name: 'sql' | 'nosql'; readonly engine: StoreEngine }[] = [
    { name: 'sql', engine: inspected(stores.sql) },
    { name: 'nosql', engine: inspected(stores.nosql) },
  ]
  return examine({ stores: opened, clock, repair: false })
}

function twoStores(count: number): Readonly<Record<'sql' | 'nosql', MemoryTaskStore>> {
  const stores = { sql: new MemoryTaskStore(), nosql: new MemoryTaskStore() }
  for (let seq = 1; seq <= count; seq++) {
    const record = task(`task_${seq}`)
    const entry = entryOf(seq, commitOf(`c${seq}`, record))
    for (const store of Object.values(stores)) {
      store.entries.push(entry)
      store.records.set(`task ${record.id}`, record)
    }
  }
  return stores
}

test('stores that agree are told so, with their heads and how much was looked at', async () => {
  const { stores, findings, cut } = await look(twoStores(1_201))
  expect(findings).toEqual([])
  expect(cut).toBe(false)
  expect(stores).toEqual([
    { store: 'sql', detail: 'memory', head: 'epoch00000000001:1201', records: 1_201 },
    { store: 'nosql', detail: 'memory', head: 'epoch00000000001:1201', records: 1_201 },
  ])
})

test('logs that part are told with the entry where they do, and nothing is put right by them', async () => {
  const stores = twoStores(700)
  const other = task('task_600', { title: 'Another' })
  stores.nosql.entries[599] = entryOf(600, commitOf('other', other))
  stores.nosql.records.set('task task_600', other)
  const { findings } = await examine({
    stores: [
      { name: 'sql', engine: inspected(stores.sql) },
      { name: 'nosql', engine: inspected(stores.nosql) },
    ],
    clock: systemClock,
    repair: true,
  })
  expect(findings[0]).toMatchObject({ store: 'nosql', what: 'log', repairable: false })
  expect(findings[0]?.says).toContain('its log and that of sql part at entry 600: commit other')
  expect(stores.nosql.records.get('task task_600')).toBe(other)
})

test('a gap in a log is told', async () => {
  const stores = twoStores(20)
  stores.sql.entries.splice(9, 1)
  const { findings } = await look(stores)
  expect(findings.map(({ store, says }) => `${store} ${says}`)[0]).toMatch(/^(sql|nosql) its log/)
})

test('a store that is behind and one that is closed are told; what has not come yet is no difference', async () => {
  const stores = twoStores(10)
  stores.nosql.entries.splice(7)
  for (const id of ['task_8', 'task_9', 'task_10']) stores.nosql.records.delete(`task ${id}`)
  const { findings } = await examine({
    stores: [
      { name: 'sql', engine: inspected(stores.sql) },
      { name: 'nosql', engine: inspected(stores.nosql) },
      { name: 'cache', why: 'Redis cannot be reached' },
    ],
    clock: systemClock,
    repair: false,
  })
  expect(findings.map(({ store, what, says }) => `${store} ${what}: ${says}`)).toEqual([
    'cache closed: it takes no part: Redis cannot be reached',
    'nosql behind: it ends at entry 7, the newest is 10; it catches up by itself while Ennead runs',
  ])
})

test('receipts that are past their time may be forgotten by some and not by others', async () => {
  const stores = twoStores(1)
  const past = receipt('receipt_1', '2020-01-01T00:00:00.000Z')
  for (const store of Object.values(stores)) {
    store.entries.push(entryOf(2, commitOf('c2', task('task_x'), { puts: [past] })))
  }
  stores.sql.records.set('receipt receipt_1', past)
  expect((await look(stores)).findings).toEqual([])
})

test('while tasks are created and changed nothing is found', async () => {
  await using db = await openTestDb()
  const projectId = await newProject(db)
  const ids: string[] = []
  const examining = new AbortController()
  const writing = (async () => {
    while (!examining.signal.aborted) {
      // Stores in memory answer without input or output; others must have their turn.
      await nextTurn()
      ids.push(await newTask(db, projectId))
      await db.run(
        'mutation($id: ID!) { updateTask(input: {id: $id, priority: HIGH}) { errors { code } } }',
        { id: ids[Math.floor(ids.length / 2)] ?? '' },
      )
    }
  })()
  for (let round = 0; round < 20; round++) {
    const { findings } = await look({ sql: db.stores.sql, nosql: db.stores.nosql })
    expect(findings).toEqual([])
  }
  examining.abort()
  await writing
  expect(ids.length).toBeGreaterThan(0)
})

test('a store that stops answering ends the examination with its name', async () => {
  const stores = twoStores(3)
  stores.nosql.before = () => new Promise(() => undefined)
  const clock = manualClock()
  const examining = look(stores, clock)
  const failed = expect(examining).rejects.toMatchObject({ code: 'AGENT_TIMEOUT' })
  await Promise.resolve()
  clock.advance(30_000)
  await failed
})

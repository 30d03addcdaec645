import { open } from 'lmdb'
import { join } from 'node:path'
import { createConnection } from 'mongoose'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { silentLog } from '../../kernel/log.ts'
import { openRedisCache } from '../../subgraphs/db/agents/cache/redis-cache.ts'
import { openRedisLayout } from '../../subgraphs/db/agents/cache/redis-layout.ts'
import { openLmdbLayout } from '../../subgraphs/db/agents/nosql/lmdb-stamp.ts'
import { openLmdbStore } from '../../subgraphs/db/agents/nosql/lmdb-store.ts'
import { openMongoLayout } from '../../subgraphs/db/agents/nosql/mongo-layout.ts'
import { openMongoStore } from '../../subgraphs/db/agents/nosql/mongo-store.ts'
import { migrations } from '../../subgraphs/db/agents/sql/schema.ts'
import { openSqlLayout } from '../../subgraphs/db/agents/sql/sql-layout.ts'
import { openSqlStore } from '../../subgraphs/db/agents/sql/sql-store.ts'
import type { StoreEngine } from '../../subgraphs/db/task-store.ts'
import { commitOf, task } from '../contract/sample-records.ts'
import { describeWithService } from '../services/availability.ts'
import { findMongo, startMongo } from '../services/mongo.ts'
import { findRedis, startRedis } from '../services/redis.ts'
import { commitTo } from '../support/commit-to.ts'
import { attempt, rawClient, testFolder, testPostgres } from './sql/postgres-for-tests.ts'

const newest = migrations.length
const order = { field: 'updatedAt', direction: 'descending' } as const
const all = {
  kind: 'task',
  workspaceId: task('task_a').workspaceId,
  where: { is: 'all', of: [] },
  order,
  limit: 51,
} as const

async function contents(engine: StoreEngine): Promise<unknown> {
  const { query, log, head } = engine.operations
  const looked = await engine.inspection?.look('', 100, new AbortController().signal)
  return {
    tasks: await query?.(all, attempt()),
    mine: await query?.({ ...all, where: { is: 'in', field: 'assigneeIds', values: ['user_1'] } }, attempt()),
    faults: looked?.found.flatMap(({ faults }) => faults),
    log: await log?.({ afterSeq: 0, limit: 100 }, attempt()),
    head: await head?.(undefined, attempt()),
  }
}

test('a schema goes back to each older layout and up again, and its records and log stay as they are', async () => {
  await using postgres = await testPostgres()
  await using filled = await postgres.open()
  const { connection } = postgres
  for (const id of ['task_a', 'task_b', 'task_c']) {
    const record = task(id, {
      assigneeIds: ['user_1', 'user_2'],
      labelIds: id === 'task_b' ? ['label_1'] : [],
    })
    await commitTo(filled.store, [commitOf(`c ${id}`, record)], attempt())
  }
  const before = await contents(filled.engine)
  expect(before).toMatchObject({ tasks: { length: 3 }, mine: { length: 3 }, faults: [] })
  await filled.engine.close()
  for (let to = newest - 1; to >= 1; to--) {
    await using layout = openSqlLayout(connection, filled.schema, silentLog)
    const told: string[] = []
    const onStep = (step: { readonly version: number }, direction: string): void =>
      void told.push(`${direction} ${step.version}`)
    await layout.move(to, onStep)
    expect(await layout.present()).toBe(to)
    expect(told).toEqual(Array.from({ length: newest - to }, (_, index) => `down ${newest - index}`))
    // As every start does.
    const again = await openSqlStore({ connection, schema: filled.schema })
    expect(await layout.present()).toBe(newest)
    expect(await contents(again)).toEqual(before)
    await again.close()
  }
})

test('going back leaves in PostgreSQL what that older layout had: columns, indexes, functions and triggers', async () => {
  await using postgres = await testPostgres()
  const { connection } = postgres
  await using raw = rawClient(connection)
  const shape = async (schema: string): Promise<unknown> => [
    await raw`select table_name, column_name, data_type from information_schema.columns where table_schema = ${schema}
      order by 1, 2`,
    await raw`select proname, pg_get_function_arguments(oid) as takes from pg_proc
      where pronamespace = ${schema}::regnamespace order by 1, 2`,
    await raw`select stxname from pg_statistic_ext where stxnamespace = ${schema}::regnamespace order by 1`,
    await raw`select tgname, tgtype from pg_trigger join pg_class c on c.oid = tgrelid
      where relnamespace = ${schema}::regnamespace order by 1`,
    await raw`select replace(indexdef, ${`${schema}.`}, '') as index from pg_indexes where schemaname = ${schema} order by 1`,
  ]
  for (let version = 1; version < newest; version++) {
    const [made, back] = [`made_${version}`, `back_${version}`]
    for (const schema of [made, back]) {
      await raw.unsafe(`create schema ${schema}`)
      await using layout = openSqlLayout(connection, schema, silentLog)
      await layout.move(version, () => undefined)
    }
    await using layout = openSqlLayout(connection, back, silentLog)
    await layout.move(newest, () => undefined)
    await layout.move(version, () => undefined)
    expect(await shape(back)).toEqual(await shape(made))
  }
})

test('nothing leads to a layout that is not known, or before the first', async () => {
  await using postgres = await testPostgres()
  await using filled = await postgres.open()
  await using layout = openSqlLayout(postgres.connection, filled.schema, silentLog)
  for (const to of [0, newest + 1]) {
    await expect(layout.move(to, () => undefined)).rejects.toMatchObject({ code: 'BAD_OPTION' })
  }
})

const refusal = (store: string) => ({
  code: 'STORE_TOO_NEW',
  message: expect.stringContaining(`ennead migrate down --store ${store} --to 1`) as string,
})

test('LMDB of a newer layout is refused and left alone, with the way back', async () => {
  await using folder = await testFolder()
  const directory = join(folder.path, 'nosql')
  await using layout = openLmdbLayout(directory, 'nosql')
  expect(await layout.present()).toBe(0)
  await (await openLmdbStore({ directory, log: silentLog })).close()
  expect(await layout.present()).toBe(1)
  const root = open<unknown, string>({ path: directory, maxDbs: 12, encoding: 'json' })
  await root.openDB<unknown, string>({ name: 'meta', encoding: 'json' }).put('format', 2)
  await root.close()
  await expect(openLmdbStore({ directory, log: silentLog })).rejects.toMatchObject(refusal('nosql'))
  await expect(layout.move(1, () => undefined)).rejects.toMatchObject(refusal('nosql'))
  expect(await layout.present()).toBe(2)
})

describeWithService('MongoDB', findMongo(), command => {
  test('MongoDB of a newer layout is refused and left alone; one without a stamp is taken for the first', async () => {
    await using server = await startMongo(command)
    const { url } = server
    await using layout = await openMongoLayout(url, silentLog)
    expect(await layout.present()).toBe(0)
    await (await openMongoStore({ url, log: silentLog })).close()
    expect(await layout.present()).toBe(1)
    const raw = await createConnection(url, { dbName: 'ennead' }).asPromise()
    await raw.collection('layout').drop()
    expect(await layout.present()).toBe(1)
    await (await openMongoStore({ url, log: silentLog })).close()
    await raw.collection('layout').updateOne({}, { $set: { version: 2 } })
    await expect(openMongoStore({ url, log: silentLog })).rejects.toMatchObject(refusal('nosql'))
    expect(await layout.present()).toBe(2)
    await raw.close()
  })
})

describeWithService('Redis', findRedis(), command => {
  test('Redis of a newer layout is refused and left alone', async () => {
    await using server = await startRedis(command)
    const { url } = server
    await using layout = await openRedisLayout(url, 'ennead', silentLog)
    expect(await layout.present()).toBe(0)
    await (await openRedisCache({ url, prefix: 'ennead', log: silentLog })).close()
    expect(await layout.present()).toBe(1)
    const raw = new Redis(url)
    await raw.set('{ennead}:layout', '2')
    const again = openRedisCache({ url, prefix: 'ennead', log: silentLog })
    await expect(again).rejects.toMatchObject(refusal('cache'))
    expect(await layout.present()).toBe(2)
    raw.disconnect()
  })
})

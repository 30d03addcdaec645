import { afterAll, beforeAll, expect, test } from 'vitest'
import { EnneadError } from '../../../kernel/errors.ts'
import { migrations } from '../../../subgraphs/db/agents/sql/schema.ts'
import { openSqlStore } from '../../../subgraphs/db/agents/sql/sql-store.ts'
import type { TaskRecord } from '../../../subgraphs/db/record.ts'
import type { Commit, TaskStore } from '../../../subgraphs/db/task-store.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { attempt, openStore, rawClient, testPostgres } from './postgres-for-tests.ts'
import type { TestPostgres } from './postgres-for-tests.ts'
import { commitTo } from '../../support/commit-to.ts'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await testPostgres()
})

afterAll(() => postgres[Symbol.asyncDispose]())

test('says what it stands on', async () => {
  await using open = await postgres.open({ detailSuffix: 'embedded' })
  expect(open.engine.detail).toMatch(/^PostgreSQL 18\.\d+ \(embedded\)$/)
})

test('stores that open at the same moment bring the schema to its version once', async () => {
  const schema = 'opened_together'
  const stores = await Promise.all(
    Array.from({ length: 4 }, () => openStore({ connection: postgres.connection, schema })),
  )
  await commitTo(stores[0]?.store as TaskStore, [commitOf('c1', task('task_a'))], attempt())
  for (const { store } of stores) {
    expect(await store.head(undefined, attempt())).toMatchObject({ seq: 1, commitId: 'c1' })
  }
  await Promise.all(stores.map(({ engine }) => engine.close()))
  await using raw = rawClient(postgres.connection)
  const applied = await raw`select version from ${raw(schema)}.migrations`
  expect(applied.map(row => row['version'])).toEqual(migrations.map(({ version }) => version))
})

test('a schema of a newer version is refused and left alone', async () => {
  await using open = await postgres.open()
  await using raw = rawClient(postgres.connection)
  await raw`insert into ${raw(open.schema)}.migrations (version, name) values (99, 'from the future')`
  const again = openSqlStore({ connection: postgres.connection, schema: open.schema })
  await expect(again).rejects.toMatchObject({
    code: 'STORE_TOO_NEW',
    message: expect.stringContaining(`layout 99 and this Ennead knows up to ${migrations.length}`),
  })
})

test('a schema somebody else made can be used without the right to make schemas', async () => {
  await using raw = rawClient(postgres.connection)
  await raw`create role plain login`
  await raw`create schema given authorization plain`
  const connection = { ...postgres.connection, user: 'plain' }
  await using open = await openStore({ connection, schema: 'given' })
  await commitTo(open.store, [commitOf('c1', task('task_a'))], attempt())
  const without = openSqlStore({ connection, schema: 'not_given' })
  await expect(without).rejects.toMatchObject({
    code: 'AGENT_FAULT',
    message: expect.stringContaining('does not allow'),
  })
})

test('text that PostgreSQL cannot hold as text comes back exactly, and does no harm to its batch', async () => {
  await using open = await postgres.open()
  const odd = task('task_odd', { title: 'a\0b\ud800c"\\', description: '\0', searchText: '\udfff\0' })
  const outcomes = await commitTo(
    open.store,
    [commitOf('c1', odd), commitOf('c2', task('task_b'))],
    attempt(),
  )
  expect(outcomes.map(outcome => outcome.is)).toEqual(['committed', 'committed'])
  const keys = [{ kind: 'task' as const, id: 'task_odd' }]
  expect(await open.store.read(keys, attempt())).toEqual([odd])
  const [entry] = await open.store.log({ afterSeq: 0, limit: 1 }, attempt())
  expect(entry?.commit.puts).toEqual([odd])
  const found = await open.store.query(
    {
      kind: 'task',
      workspaceId: 'workspace_1',
      where: { is: 'contains', field: 'title', text: 'A\0B\ud800' },
      order: { field: 'title', direction: 'ascending' },
      limit: 10,
    },
    attempt(),
  )
  expect(found).toEqual([odd])
})

test('a batch of a thousand commits, each with large texts, is one change', async () => {
  await using open = await postgres.open()
  const large = (index: number): TaskRecord =>
    task(`task_${index}`, { number: index, description: 'ä'.repeat(5_000) })
  const commits = Array.from({ length: 1_000 }, (_, index) => commitOf(`c${index}`, large(index)))
  const outcomes = await commitTo(open.store, commits, attempt())
  expect(outcomes.every(outcome => outcome.is === 'committed')).toBe(true)
  const keys = commits.map((_, index) => ({ kind: 'task' as const, id: `task_${index}` }))
  expect(await open.store.read(keys, attempt())).toEqual(commits.map(commit => commit.puts[0]))
})

test('writers in different processes take turns: every version is written once and the log has no gaps', async () => {
  const schema = 'rivals'
  const stores = await Promise.all(
    Array.from({ length: 3 }, () => openStore({ connection: postgres.connection, schema })),
  )
  const [first] = stores
  if (first === undefined) throw new Error('no store')
  await commitTo(first.store, [commitOf('c0', task('task_a'))], attempt())
  const rounds = 15
  const winners: string[] = []
  const rival = async (store: (typeof first)['store'], name: string): Promise<void> => {
    for (let version = 2; version <= rounds; version++) {
      const commit: Commit = commitOf(`${name}_${version}`, task('task_a', { version, title: name }))
      const [outcome] = await commitTo(store, [commit], attempt())
      if (outcome?.is === 'committed') winners.push(commit.id)
      const [record] = await store.read([{ kind: 'task', id: 'task_a' }], attempt())
      // Whoever lost sees at least the version it wanted to write.
      expect(record?.version).toBeGreaterThanOrEqual(version)
    }
  }
  await Promise.all(stores.map(({ store }, index) => rival(store, `rival${index}`)))
  const log = await first.store.log({ afterSeq: 0, limit: 1_000 }, attempt())
  expect(log.map(entry => entry.position.seq)).toEqual(log.map((_, index) => index + 1))
  expect(log.slice(1).map(entry => entry.commit.puts[0]?.version)).toEqual(
    Array.from({ length: rounds - 1 }, (_, index) => index + 2),
  )
  expect(log.slice(1).map(entry => entry.commit.id)).toEqual(winners.toSorted(byVersion))
  await Promise.all(stores.map(({ engine }) => engine.close()))
})

test('a log that holds an absorbed change at another place is a different history', async () => {
  await using open = await postgres.open()
  await open.store.absorb([entryOf(1, commitOf('c1', task('task_a')))], attempt())
  const again = open.store.absorb([entryOf(2, commitOf('c1', task('task_a')))], attempt())
  await expect(again).rejects.toMatchObject({ code: 'STORE_DIVERGED' })
  expect(await open.store.head(undefined, attempt())).toMatchObject({ seq: 1 })
})

test('options that cannot be meant are refused with their name and value', async () => {
  const { connection } = postgres
  const refused: readonly (readonly [Parameters<typeof openSqlStore>[0], RegExp])[] = [
    [{ connection, schema: 'x"; drop table y' }, /schema .* got "x"; drop table y"/],
    [{ connection, connectionsMax: 2 }, /connectionsMax .* got 2/],
    [{ connection, connectTimeoutMs: 0.5 }, /connectTimeoutMs .* got 0.5/],
    [{ connection: { kind: 'url', url: 'mysql://u:secret@h/d' } }, /begins with "mysql:"/],
    [{ connection: { kind: 'url', url: 'not a url, secret' } }, /it is not a URL/],
  ]
  for (const [options, message] of refused) {
    const failure = await openSqlStore(options).catch((thrown: unknown) => thrown)
    expect(failure).toBeInstanceOf(EnneadError)
    expect(failure).toMatchObject({ code: 'BAD_OPTION', message: expect.stringMatching(message) })
    expect(String(failure)).not.toContain('secret')
  }
})

function byVersion(left: string, right: string): number {
  return Number(left.split('_')[1]) - Number(right.split('_')[1])
}

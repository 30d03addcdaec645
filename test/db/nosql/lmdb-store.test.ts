import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../../../kernel/log.ts'
import { openLmdbStore } from '../../../subgraphs/db/agents/nosql/lmdb-store.ts'
import type { StoreEngine, TaskStore } from '../../../subgraphs/db/task-store.ts'
import { commitOf, task } from '../../contract/sample-records.ts'
import { attempt, codeOf } from '../../contract/store-under-test.ts'
import { until } from '../../support/until.ts'
import { commitTo, voteFor } from '../../support/commit-to.ts'

interface Opened extends AsyncDisposable {
  readonly directory: string
  readonly engine: StoreEngine
  readonly store: TaskStore
}

async function opened(mapSizeMax?: number): Promise<Opened> {
  const directory = await mkdtemp(join(tmpdir(), 'ennead-lmdb-'))
  const engine = await openLmdbStore({
    directory,
    log: silentLog,
    ...(mapSizeMax === undefined ? {} : { mapSizeMax }),
  })
  return {
    directory,
    engine,
    // LMDB serves the whole port; the contract suite checks it.
    store: engine.operations as TaskStore,
    async [Symbol.asyncDispose]() {
      await engine.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

test('every commit acknowledged before a kill -9 is there afterwards, and the log has no gaps', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ennead-lmdb-'))
  const child = spawn(process.execPath, [join(import.meta.dirname, 'lmdb-writer.ts'), directory])
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  try {
    await until('200 commits are acknowledged', () => printed.split('\n').length > 200, 20_000)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const acknowledged = printed.split('\n').filter(id => id !== '')
  const engine = await openLmdbStore({ directory, log: silentLog })
  const store = engine.operations as TaskStore
  const records = await store.read(
    acknowledged.map(id => ({ kind: 'task', id })),
    attempt(),
  )
  expect(records.filter(record => record === undefined)).toEqual([])
  const { seq } = await store.head(undefined, attempt())
  const all = { kind: 'task', workspaceId: 'workspace_1', where: { is: 'all', of: [] } } as const
  expect(await store.count(all, attempt())).toBe(seq)
  expect(seq).toBeGreaterThanOrEqual(acknowledged.length)
  await engine.close()
  await rm(directory, { recursive: true })
})

test('a caller that leaves while its commit is written is told so, and the commit id tells what became of it', async () => {
  await using lmdb = await opened()
  const { store } = lmdb
  const leaving = new AbortController()
  const commit = commitOf('c1', task('task_a'))
  const vote = voteFor(await store.seat(undefined, attempt()), commit)
  const left = store.vote(vote, attempt(leaving.signal)).catch(codeOf)
  const behind = commitTo(store, [commitOf('c2', task('task_b'))], attempt())
  // The write has been handed over in this turn; the answer comes in a later one.
  await Promise.resolve()
  leaving.abort()
  expect(await left).toBe('UNKNOWN_COMMIT_OUTCOME')
  await behind
  expect(await commitTo(store, [commit], attempt())).toMatchObject([
    { is: 'committed', position: { seq: 1 } },
  ])
})

test('a store that has reached its size refuses to write and still reads', async () => {
  await using lmdb = await opened(2 ** 20)
  const { store } = lmdb
  let failure: unknown
  for (let index = 0; failure === undefined && index < 200; index++) {
    const big = task(`task_${index}`, { description: 'x'.repeat(20_000) })
    failure = await commitTo(store, [commitOf(`c${index}`, big)], attempt()).then(() => undefined, codeOf)
  }
  expect(failure).toBe('UNAVAILABLE')
  expect(await store.read([{ kind: 'task', id: 'task_0' }], attempt())).toHaveLength(1)
})

test('an id that is too long is refused by a commit and is in no answer, and the others are served', async () => {
  await using lmdb = await opened()
  const { store } = lmdb
  const long = 'ü'.repeat(1_000)
  const fine = commitTo(store, [commitOf('c1', task('task_a'))], attempt())
  expect(await commitTo(store, [commitOf('c2', task(long))], attempt()).catch(codeOf)).toBe('BAD_USER_INPUT')
  expect(await commitTo(store, [commitOf(long, task('task_b'))], attempt()).catch(codeOf)).toBe(
    'BAD_USER_INPUT',
  )
  await fine
  expect(await store.read([{ kind: 'task', id: long }], attempt())).toEqual([undefined])
  const children = { is: 'in', field: 'parentId', values: [long] } as const
  expect(await store.count({ kind: 'task', workspaceId: 'workspace_1', where: children }, attempt())).toBe(0)
  expect(await store.log({ afterSeq: 0, limit: 1, taskId: long }, attempt())).toEqual([])
})

test('while a long list is searched, other work gets its turn, and a caller that leaves ends the search', async () => {
  await using lmdb = await opened()
  const { store } = lmdb
  const puts = Array.from({ length: 5_000 }, (_, index) => task(`task_${index}`))
  await commitTo(store, [commitOf('c1', task('task_0'), { puts })], attempt())
  const query = { kind: 'task', workspaceId: 'workspace_1', where: { is: 'any', of: [] } } as const
  let turns = 0
  let searching = true
  const turn = (): void => {
    turns++
    if (searching) setImmediate(turn)
  }
  setImmediate(turn)
  await store.count(query, attempt())
  searching = false
  expect(turns).toBeGreaterThan(5)
  const leaving = new AbortController()
  const left = store.count(query, attempt(leaving.signal))
  leaving.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
})

test('a list is of one moment, also when records change while it is searched', async () => {
  await using lmdb = await opened()
  const { store } = lmdb
  const puts = Array.from({ length: 3_000 }, (_, index) => task(`task_${index}`))
  await commitTo(store, [commitOf('c1', task('task_0'), { puts })], attempt())
  const todo = { is: 'in', field: 'status', values: ['TODO'] } as const
  const counted = store.count({ kind: 'task', workspaceId: 'workspace_1', where: todo }, attempt())
  const done = puts.map(record => task(record.id, { version: 2, status: 'DONE' }))
  await commitTo(store, [{ ...commitOf('c2', task('task_0', { version: 2 })), puts: done }], attempt())
  expect(await counted).toBe(3_000)
})

test('a folder that holds something else is refused with one clear error', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ennead-lmdb-'))
  const open = (path: string): Promise<unknown> =>
    openLmdbStore({ directory: path, log: silentLog }).catch(codeOf)
  await writeFile(join(directory, 'data.mdb'), 'no database '.repeat(1_000))
  expect(await open(directory)).toBe('DATA_FOLDER_CORRUPT')
  await rm(join(directory, 'data.mdb'))
  await openLmdbStore({ directory, log: silentLog }).then(engine => engine.close())
  const bytes = await readFile(join(directory, 'data.mdb'))
  await writeFile(join(directory, 'data.mdb'), bytes.subarray(0, 2 * 4096))
  expect(await open(directory)).toBe('DATA_FOLDER_CORRUPT')
  await writeFile(
    join(directory, 'data.mdb'),
    Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length)]),
  )
  expect(await open(directory)).toBe('DATA_FOLDER_CORRUPT')
  await writeFile(join(directory, 'data.mdb'), bytes)
  await openLmdbStore({ directory, log: silentLog }).then(engine => engine.close())
  await writeFile(join(directory, 'file'), '')
  expect(await open(join(directory, 'file', 'below'))).toBe('DATA_FOLDER_UNREADABLE')
  expect(await openLmdbStore({ directory, mapSizeMax: 5, log: silentLog }).catch(codeOf)).toBe('BAD_OPTION')
  await rm(directory, { recursive: true })
})

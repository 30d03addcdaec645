import { describe, expect, test } from 'vitest'
import { EnneadError } from '../../../kernel/errors.ts'
import type { EngineName } from '../../../subgraphs/db/engine-slot.ts'
import { openDbDomain } from '../../../subgraphs/db/domain.ts'
import type { LogEntry } from '../../../subgraphs/db/task-store.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { until } from '../../support/until.ts'
import {
  type TestDb,
  createTask,
  engineOf,
  everyone,
  newProject,
  newTask,
  openTestDb,
  quick,
} from './fixture.ts'

const names = ['sql', 'nosql', 'cache'] as const

/** The store answers nothing but failures from now on. */
function fail(store: MemoryTaskStore): void {
  store.before = () => Promise.reject(new EnneadError('AGENT_FAULT', 'the connection was refused'))
}

function heal(store: MemoryTaskStore): void {
  store.before = undefined
  store.after = undefined
}

function detailOf(db: TestDb, name: EngineName): string {
  const agent = db.domain.health().agents.find(one => one.name === name)
  return `${agent?.state} ${agent?.detail}`
}

async function titleOf(db: TestDb, id: string): Promise<string> {
  const { task } = await db.run('query($id: ID!) { task(id: $id) { title } }', { id })
  return task.title
}

async function refusalOf(opening: Promise<unknown>): Promise<EnneadError> {
  const failure = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (failure instanceof EnneadError) return failure
  throw new Error('it was not refused', { cause: failure })
}

describe('a store that fails', () => {
  test.each(names)('%s failing fails no read, and everything is read as it was written last', async name => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const ids = []
    for (let index = 0; index < 5; index++) ids.push(await newTask(db, project, { title: `Task ${index}` }))
    fail(db.stores[name])
    for (const [index, id] of ids.entries()) expect(await titleOf(db, id)).toBe(`Task ${index}`)
    expect(await db.run('{ tasks { totalCount nodes { project { key } } } }')).toMatchObject({
      tasks: { totalCount: 5 },
    })
  })

  test.each(names)('%s failing in the middle of reads and writes never shows the past', async name => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db), { title: '0' })
    let written = 0
    for (let round = 1; round <= 30; round++) {
      if (round === 10) fail(db.stores[name])
      if (round === 20) heal(db.stores[name])
      const { updateTask } = await db.run(
        'mutation($id: ID!, $title: String!) { updateTask(input: {id: $id, title: $title}) { task { title } errors { code } } }',
        { id, title: `${round}` },
      )
      const expected = updateTask.errors.length === 0 ? `${round}` : await titleOf(db, id)
      expect(await titleOf(db, id)).toBe(expected)
      written += updateTask.errors.length === 0 ? 1 : 0
    }
    expect(written).toBe(30)
  })

  test('writes are refused while two stores are down, and go on by themselves when one of them is back', async () => {
    await using db = await openTestDb({ limits: { commitMs: 500 } })
    const project = await newProject(db)
    fail(db.stores.sql)
    fail(db.stores.cache)
    // The one that notices was sent: the store that is left may hold it.
    await expect(createTask(db, project)).rejects.toThrow('UNKNOWN_COMMIT_OUTCOME')
    const began = performance.now()
    const { task, errors } = await createTask(db, project)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(task).toBeNull()
    expect(errors).toMatchObject([{ code: 'UNAVAILABLE' }])
    await until('both are reported', () =>
      (['sql', 'cache'] as const).every(name => detailOf(db, name).startsWith('failing')),
    )
    expect(db.domain.health().ready).toBe(false)
    heal(db.stores.cache)
    await until('writes go on', async () => (await createTask(db, project)).errors.length === 0)
    await until('it is ready', () => db.domain.health().ready)
  })

  test('a copy that was away catches up from the log, in order, and answers again', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    fail(db.stores.nosql)
    // Until it is known to fail, each call that asks it first needs a second attempt, of which there are only so many.
    for (let count = 0; count < 100; count++) expect((await createTask(db, project)).errors).toEqual([])
    const created = await Promise.all(Array.from({ length: 200 }, () => createTask(db, project)))
    expect(created.every(({ errors }) => errors.length === 0)).toBe(true)
    expect(db.stores.nosql.entries.length).toBeLessThan(db.stores.sql.entries.length)
    heal(db.stores.nosql)
    await until('it has caught up', () => db.stores.nosql.entries.length === db.stores.sql.entries.length)
    expect(db.stores.nosql.entries).toEqual(db.stores.sql.entries)
    expect(db.stores.nosql.records).toEqual(db.stores.sql.records)
    await until('it says so', () => detailOf(db, 'nosql') === 'ok memory, at 301')
    fail(db.stores.sql)
    fail(db.stores.cache)
    expect(await db.run('{ tasks(first: 1) { totalCount } }')).toEqual({ tasks: { totalCount: 300 } })
  })

  test('a copy that is behind does not answer', async () => {
    await using db = await openTestDb({ limits: { copyWaitMs: 0 } })
    const project = await newProject(db)
    await until('all stores have it', () => db.stores.cache.entries.length === 1)
    const gate = Promise.withResolvers<undefined>()
    db.stores.nosql.before = operation =>
      operation === 'absorb' ? gate.promise.then(() => undefined) : Promise.resolve()
    const id = await newTask(db, project, { title: 'New' })
    expect(detailOf(db, 'nosql')).toBe('ok memory, 1 behind')
    const before = db.stores.nosql.calls.length
    fail(db.stores.sql)
    expect(await titleOf(db, id)).toBe('New')
    expect(db.stores.nosql.calls.slice(before)).not.toContain('read')
    gate.resolve(undefined)
    await until('it has caught up', () => detailOf(db, 'nosql') === 'ok memory, at 2')
  })

  test('a slow copy holds up a write for at most the time it is waited for', async () => {
    await using db = await openTestDb({ limits: { copyWaitMs: 50 } })
    const project = await newProject(db)
    db.stores.nosql.before = operation =>
      operation === 'absorb' ? new Promise(resolve => setTimeout(resolve, 2_000)) : Promise.resolve()
    const began = performance.now()
    expect((await createTask(db, project)).errors).toEqual([])
    expect(performance.now() - began).toBeLessThan(1_500)
  })

  test('a copy that lost its data is filled again', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    await newTask(db, project)
    db.stores.cache.clear()
    await until('it is filled again', () => db.stores.cache.entries.length === 2)
    expect(db.stores.cache.records).toEqual(db.stores.sql.records)
    await until('it takes part', () => detailOf(db, 'cache') === 'ok memory, at 2')
  })
})

describe('a write whose outcome is unknown', () => {
  test('is repeated with its id until it is known, and happens once', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    let broken = 6
    db.stores.cache.after = operation =>
      operation === 'vote' && broken-- > 0
        ? Promise.reject(new EnneadError('UNKNOWN_COMMIT_OUTCOME', 'the connection broke'))
        : Promise.resolve()
    db.stores.sql.after = operation =>
      operation === 'vote' && broken-- > 0
        ? Promise.reject(new EnneadError('UNKNOWN_COMMIT_OUTCOME', 'the connection broke'))
        : Promise.resolve()
    const { task, errors } = await createTask(db, project)
    expect(errors).toEqual([])
    expect(task.number).toBe(1)
    expect(db.stores.sql.entries).toHaveLength(2)
    expect((await createTask(db, project)).task.number).toBe(2)
  })

  test('is told to be unknown when time is over, and refuses others meanwhile', async () => {
    await using db = await openTestDb({
      limits: { commitMs: 600, graceMs: 100, unknownMs: 2_000, attemptMs: 50 },
    })
    const project = await newProject(db)
    for (const store of [db.stores.sql, db.stores.cache]) {
      store.before = (operation, { signal }) =>
        operation === 'vote'
          ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
          : Promise.resolve()
    }
    const create =
      'mutation($id: ID!) { createTask(input: {projectId: $id, title: "x"}) { errors { code } } }'
    const lost = db.answer(create, { id: project })
    await until('a commit is under way', () => db.stores.sql.calls.filter(call => call === 'vote').length > 5)
    expect(await db.answer(create, { id: project })).toMatchObject({
      data: { createTask: { errors: [{ code: 'UNAVAILABLE' }] } },
    })
    expect(await lost).toMatchObject({ errors: [{ extensions: { code: 'UNKNOWN_COMMIT_OUTCOME' } }] })
    heal(db.stores.sql)
    await until('writes go on', async () => (await createTask(db, project)).errors.length === 0)
  })

  test('with an idempotency key can be repeated safely', async () => {
    await using db = await openTestDb({ limits: { commitMs: 100, unknownMs: 100, attemptMs: 50 } })
    const project = await newProject(db)
    for (const store of [db.stores.sql, db.stores.cache]) {
      store.after = operation => (operation === 'vote' ? new Promise(() => undefined) : Promise.resolve())
    }
    const first = await createTask(db, project, {}, 'key-1').catch((failure: Error) => failure.message)
    expect(first).toContain('UNKNOWN_COMMIT_OUTCOME')
    heal(db.stores.sql)
    heal(db.stores.cache)
    const again = async () => createTask(db, project, {}, 'key-1')
    await until('writes go on', async () => (await again()).errors.length === 0)
    expect(await again()).toMatchObject({ replayed: true, task: { number: 1 } })
    expect(db.stores.sql.entries).toHaveLength(2)
  })
})

describe('opening', () => {
  test('an empty store is filled from the others, whichever it is', async () => {
    const [sql, nosql, cache] = [new MemoryTaskStore(), new MemoryTaskStore(), new MemoryTaskStore()]
    const engines = [engineOf('sql', sql), engineOf('nosql', nosql), engineOf('cache', cache)]
    {
      await using db = await openTestDb({ engines })
      await newTask(db, await newProject(db))
    }
    for (const lost of [sql, nosql, cache]) {
      lost.clear()
      await using db = await openTestDb({ engines })
      await until('it is filled and votes again', () =>
        db.domain.health().agents.every(({ detail }) => detail === 'memory, at 2'),
      )
      expect(lost.records).toEqual([sql, nosql, cache].find(store => store !== lost)?.records)
    }
  })

  test('a store that was switched off takes over what it missed before it votes again', async () => {
    const [sql, nosql, cache] = [new MemoryTaskStore(), new MemoryTaskStore(), new MemoryTaskStore()]
    const others = [engineOf('nosql', nosql), engineOf('cache', cache)]
    const all = [engineOf('sql', sql), ...others]
    const without = [{ name: 'sql', absent: 'switched off' } as const, ...others]
    {
      await using db = await openTestDb({ engines: all })
      await newProject(db)
    }
    {
      await using db = await openTestDb({ engines: without })
      expect(db.domain.health().agents).toMatchObject([
        { name: 'sql', state: 'absent', detail: 'switched off' },
        { name: 'nosql', state: 'ok', detail: 'memory, at 1' },
        { name: 'cache', state: 'ok', detail: 'memory, at 1' },
      ])
      await newProject(db, 'NEW')
    }
    await using db = await openTestDb({ engines: all })
    await until('it has caught up', () => sql.entries.length === 2)
    fail(cache)
    await newProject(db, 'ALSO')
    await until('all that are there have it', () => sql.entries.length === 3 && nosql.entries.length === 3)
    expect(sql.entries).toEqual(nosql.entries)
  })

  test('what was chosen and taken over by no store when its process died is there when another one starts', async () => {
    const [sql, nosql, cache] = [new MemoryTaskStore(), new MemoryTaskStore(), new MemoryTaskStore()]
    const engines = [engineOf('sql', sql), engineOf('nosql', nosql), engineOf('cache', cache)]
    const commit = commitOf('c2', task('task_b'))
    {
      await using db = await openTestDb({ engines })
      await db.domain.writer.commit(commitOf('c1', task('task_a')))
      await until('all have it', () => [sql, nosql, cache].every(({ entries }) => entries.length === 1))
      for (const store of [sql, nosql, cache]) {
        store.before = operation =>
          operation === 'absorb'
            ? Promise.reject(new EnneadError('AGENT_FAULT', 'no space left'))
            : Promise.resolve()
      }
      // Durable in a majority's votes: it is acknowledged, although no store shows it yet.
      expect(await db.domain.writer.commit(commit)).toMatchObject({ is: 'committed', position: { seq: 2 } })
      expect([sql, nosql, cache].every(({ entries }) => entries.length === 1)).toBe(true)
    }
    for (const store of [sql, nosql, cache]) heal(store)
    await using db = await openTestDb({ engines })
    expect(db.domain.health().ready).toBe(true)
    await until('all have it', () => [sql, nosql, cache].every(({ entries }) => entries.length === 2))
    expect(await db.domain.writer.commit(commit)).toMatchObject({ is: 'committed', position: { seq: 2 } })
  })

  test('a majority that lost its data is not outvoted by what is left, nor overwritten', async () => {
    const [sql, nosql, cache] = [new MemoryTaskStore(), new MemoryTaskStore(), new MemoryTaskStore()]
    const engines = [engineOf('sql', sql), engineOf('nosql', nosql), engineOf('cache', cache)]
    {
      await using db = await openTestDb({ engines })
      await newProject(db)
      await until('all have it', () => [sql, nosql, cache].every(({ entries }) => entries.length === 1))
    }
    const kept = { seat: sql.seat, entries: [...sql.entries] }
    sql.clear()
    nosql.clear()
    {
      await using db = await openTestDb({ engines })
      const refused = await db.run(
        'mutation { createProject(input: {key: "X", name: "x"}) { errors { code message } } }',
      )
      expect(refused.createProject.errors).toMatchObject([{ code: 'UNAVAILABLE' }])
      expect(db.domain.health().ready).toBe(false)
      // What is left is filled in again, but decides nothing.
      await until('the others have it', () => sql.entries.length === 1 && nosql.entries.length === 1)
    }
    sql.clear()
    sql.take(kept.entries)
    sql.seat = kept.seat
    await using db = await openTestDb({ engines })
    await until('all vote again', () =>
      db.domain.health().agents.every(({ detail }) => detail === 'memory, at 1'),
    )
    await newProject(db, 'NEW')
  })

  test('stores of the version with one writer become members once they are all there and equal', async () => {
    const [sql, nosql, cache] = [new MemoryTaskStore(), new MemoryTaskStore(), new MemoryTaskStore()]
    sql.take(historyOf('old', 300))
    nosql.take(historyOf('old', 100))
    let there = false
    const open = () => (there ? sql.open() : Promise.reject(new Error('not yet')))
    const engines = [{ name: 'sql', open } as const, engineOf('nosql', nosql), engineOf('cache', cache)]
    await using db = await openTestDb({ engines })
    await until('the others are equal', () => cache.entries.length === 100)
    const refused = 'mutation { createProject(input: {key: "X", name: "x"}) { errors { code } } }'
    expect((await db.run(refused)).createProject.errors).toEqual([{ code: 'UNAVAILABLE' }])
    there = true
    await until('it is ready', () => db.domain.health().ready)
    await newProject(db)
    await until('all have it', () => [sql, nosql, cache].every(({ entries }) => entries.length === 301))
    expect(cache.entries).toEqual(sql.entries)
  })

  test('different histories are refused with both stores, both heads and the way out', async () => {
    const [sql, nosql] = [new MemoryTaskStore(), new MemoryTaskStore()]
    sql.take(historyOf('one', 1))
    nosql.take(historyOf('two', 1))
    const engines = [engineOf('sql', sql), engineOf('nosql', nosql)]
    const refusal = await refusalOf(openDbDomain({ engines, actors: everyone, limits: quick }))
    expect(refusal.code).toBe('STORE_DIVERGED')
    for (const part of ['sql', 'one:1', 'the folder of sql', 'nosql', 'two:1', 'the folder of nosql']) {
      expect(refusal.message).toContain(part)
    }
    nosql.clear()
    await using db = await openTestDb({ engines })
    await until('the other one is rebuilt', () => nosql.entries.length === 1)
    expect(db.domain.health().agents.every(({ state }) => state === 'ok')).toBe(true)
  })

  test('the same epoch with other commits is another history', async () => {
    const [sql, nosql] = [new MemoryTaskStore(), new MemoryTaskStore()]
    sql.take(historyOf('one', 1, 'mine'))
    nosql.take(historyOf('one', 2, 'yours'))
    const engines = [engineOf('sql', sql), engineOf('nosql', nosql)]
    const refusal = await refusalOf(openDbDomain({ engines, actors: everyone, limits: quick }))
    expect(refusal.code).toBe('STORE_DIVERGED')
  })

  test('a cache without a vote is left out when its history is another one, and waits when it is ahead', async () => {
    const [old, sql, nosql] = [new MemoryTaskStore(), new MemoryTaskStore(), new MemoryTaskStore()]
    old.take(historyOf('old', 2))
    const cache = { ...engineOf('cache', old), learner: 'by this test' }
    const engines = [engineOf('sql', sql), engineOf('nosql', nosql), cache]
    {
      await using db = await openTestDb({ engines })
      await until('it waits', () => detailOf(db, 'cache').includes('ahead of the stores'))
      await newProject(db)
      await until('it is left out', () => detailOf(db, 'cache').includes('different histories'))
      expect(await db.run('{ projects { totalCount } }')).toBeDefined()
    }
    await using db = await openTestDb({ engines })
    expect(db.domain.health().ready).toBe(true)
    expect(detailOf(db, 'cache')).toContain('different histories')
    expect(old.entries).toHaveLength(2)
  })

  test('a store that cannot be opened is shown as failing and joins when it can', async () => {
    const [sql, late, cache] = [new MemoryTaskStore(), new MemoryTaskStore(), new MemoryTaskStore()]
    let there = false
    const gone = new EnneadError('UNAVAILABLE', 'nobody listens there')
    const open = () => (there ? late.open() : Promise.reject(gone))
    const engines = [engineOf('sql', sql), { name: 'nosql', open } as const, engineOf('cache', cache)]
    {
      await using db = await openTestDb({ engines })
      // It may hold what the others have lost.
      const refused = await db.run(
        'mutation { createProject(input: {key: "X", name: "x"}) { errors { code message } } }',
      )
      expect(refused.createProject.errors).toEqual([
        { code: 'UNAVAILABLE', message: expect.stringContaining('nosql cannot be reached: start nosql') },
      ])
      there = true
      await until('all are there', () => detailOf(db, 'nosql') === 'ok memory, at 0')
      await newProject(db)
    }
    there = false
    await using db = await openTestDb({ engines })
    expect(detailOf(db, 'nosql')).toBe('failing nosql: nobody listens there')
    await newProject(db, 'Y')
    there = true
    await until('it has caught up', () => detailOf(db, 'nosql') === 'ok memory, at 2')
  })

  test('without a majority at start reads are answered, and writes when there is one', async () => {
    const [sql, nosql] = [new MemoryTaskStore(), new MemoryTaskStore()]
    let there = true
    const open = () => (there ? sql.open() : Promise.reject(new Error('gone: postgres://user:secret@host')))
    const engines = [{ name: 'sql', open } as const, engineOf('nosql', nosql)]
    {
      await using db = await openTestDb({ engines })
      await newProject(db)
    }
    there = false
    await using db = await openTestDb({ engines })
    expect(detailOf(db, 'sql')).toBe('failing sql: it could not be opened')
    expect(await db.run('{ projects { totalCount } }')).toBeDefined()
    const refused = await db.run(
      'mutation { createProject(input: {key: "X", name: "x"}) { errors { code } } }',
    )
    expect(refused.createProject.errors).toEqual([{ code: 'UNAVAILABLE' }])
    there = true
    await until('a majority is there', () => db.domain.health().ready)
    await newProject(db, 'Y')
    expect(sql.entries).toHaveLength(2)
  })

  test('a store of another history that comes late is kept out', async () => {
    const other = new MemoryTaskStore()
    other.take(historyOf('other', 1))
    let there = false
    const open = () => (there ? other.open() : Promise.reject(new Error('not yet')))
    const [sql, cache] = [
      engineOf('sql', new MemoryTaskStore()),
      engineOf('cache', new MemoryTaskStore()),
    ] as const
    {
      await using db = await openTestDb({ engines: [sql, cache] })
      await newProject(db)
    }
    await using db = await openTestDb({ engines: [sql, { name: 'nosql', open }, cache] })
    await newProject(db, 'Y')
    there = true
    await until('it is refused', () => detailOf(db, 'nosql').includes('different histories'))
    expect(await db.run('{ projects { totalCount } }')).toEqual({ projects: { totalCount: 1 } })
    expect(other.entries).toHaveLength(1)
  })

  test('what cannot work is refused with a reason', async () => {
    const open = () => Promise.reject(new EnneadError('UNAVAILABLE', 'nobody listens'))
    const none = await refusalOf(openDbDomain({ engines: [{ name: 'sql', open }], actors: everyone }))
    expect(none).toMatchObject({ code: 'UNAVAILABLE' })
    expect(none.message).toContain('sql: nobody listens')
    const corrupt = () => Promise.reject(new EnneadError('DATA_FOLDER_CORRUPT', 'not ours'))
    const engines = [{ name: 'sql', open: corrupt } as const, engineOf('nosql', new MemoryTaskStore())]
    expect((await refusalOf(openDbDomain({ engines, actors: everyone }))).code).toBe('DATA_FOLDER_CORRUPT')
    const cacheOnly = [engineOf('cache', new MemoryTaskStore())]
    expect((await refusalOf(openDbDomain({ engines: cacheOnly, actors: everyone }))).code).toBe('BAD_OPTION')
    const limits = { batchMax: 0 }
    expect(
      (await refusalOf(openDbDomain({ engines: cacheOnly, actors: everyone, limits }))).message,
    ).toContain('batchMax')
  })
})

test('writes that arrive while one is on its way share the next one', async () => {
  await using db = await openTestDb()
  const project = await newProject(db)
  for (const store of Object.values(db.stores)) {
    store.after = operation =>
      operation === 'vote' ? new Promise(resolve => setTimeout(resolve, 20)) : Promise.resolve()
  }
  const before = db.stores.sql.calls.filter(call => call === 'vote').length
  await Promise.all(Array.from({ length: 64 }, () => createTask(db, project)))
  const votes = db.stores.sql.calls.filter(call => call === 'vote').length - before
  expect(votes).toBeLessThan(10)
})

test('a commit that some store could not take over is refused alone', async () => {
  await using db = await openTestDb()
  const long = commitOf('c2', task('x'.repeat(500)))
  const made = await Promise.allSettled([
    db.domain.writer.commit(commitOf('c1', task('task_a'))),
    db.domain.writer.commit(long),
    db.domain.writer.commit(commitOf('c3', task('task_b'))),
  ])
  expect(made).toMatchObject([
    { status: 'fulfilled', value: { is: 'committed', position: { seq: 1 } } },
    { status: 'rejected', reason: { code: 'BAD_USER_INPUT' } },
    { status: 'fulfilled', value: { is: 'committed', position: { seq: 2 } } },
  ])
})

/** A log as another process, of this version or an older one, may have left it. */
function historyOf(epoch: string, length: number, name = 'commit'): LogEntry[] {
  return Array.from({ length }, (_, index) =>
    entryOf(index + 1, commitOf(`${name}-${index}`, task(`task_${index}`)), epoch),
  )
}

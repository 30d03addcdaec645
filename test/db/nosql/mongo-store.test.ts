import { setImmediate as nextTurn } from 'node:timers/promises'
import { createConnection } from 'mongoose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EnneadError } from '../../../kernel/errors.ts'
import { silentLog } from '../../../kernel/log.ts'
import { conditionToMongo } from '../../../subgraphs/db/agents/nosql/condition-to-mongo.ts'
import { openMongoStore } from '../../../subgraphs/db/agents/nosql/mongo-store.ts'
import type { Condition } from '../../../subgraphs/db/condition.ts'
import { compareRecords, matches } from '../../../subgraphs/db/evaluate.ts'
import type { StoreEngine, TaskStore } from '../../../subgraphs/db/task-store.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { attempt, codeOf } from '../../contract/store-under-test.ts'
import { describeWithService } from '../../services/availability.ts'
import { findMongo, type MongoServer, startMongo } from '../../services/mongo.ts'
import { freePort } from '../../services/service-process.ts'
import { until } from '../../support/until.ts'
import { commitTo, voteFor } from '../../support/commit-to.ts'

interface Opened extends AsyncDisposable {
  readonly engine: StoreEngine
  readonly store: TaskStore
}

let databases = 0

async function opened(url: string, database: string): Promise<Opened> {
  const engine = await openMongoStore({ url, database, connectTimeoutMs: 2_000, log: silentLog })
  // MongoDB serves the whole port; the contract suite checks it.
  return { engine, store: engine.operations as TaskStore, [Symbol.asyncDispose]: () => engine.close() }
}

const taskA = [{ kind: 'task', id: 'task_a' }] as const

test('an address where no MongoDB answers is refused without repeating the password', async () => {
  const url = `mongodb://somebody:the-password@127.0.0.1:${await freePort()}/tasks`
  const failure: unknown = await openMongoStore({ url, connectTimeoutMs: 200, log: silentLog }).catch(
    (failure: unknown) => failure,
  )
  expect(codeOf(failure)).toBe('UNAVAILABLE')
  expect(String(failure)).toContain('127.0.0.1')
  expect(String(failure)).not.toContain('the-password')
  for (const wrong of [
    'postgres://somebody:the-password@host/db',
    'mongodb://u:the-password@h:99999999/x',
    'mongodb://u:the-password%zz@h/x',
  ]) {
    const refusal: unknown = await openMongoStore({ url: wrong, log: silentLog }).catch(
      (failure: unknown) => failure,
    )
    expect(codeOf(refusal)).toBe('BAD_OPTION')
    expect(String(refusal)).not.toContain('the-password')
  }
})

test('objects and unknown fields that come around the types never become a filter', () => {
  const sneaked: unknown[] = [
    { is: 'in', field: 'title', values: [{ $ne: null }] },
    { is: 'in', field: '$where', values: ['1'] },
    { is: 'in', field: '__proto__', values: ['1'] },
    { is: 'after', field: 'title', value: { $gt: '' }, orEqual: false },
    { is: 'contains', field: 'title', text: { $regex: '.*' } },
    { is: 'not', of: { is: 'in', field: 'title', values: [/.*/] } },
  ]
  for (const condition of sneaked) {
    expect(() => conditionToMongo(condition as Condition)).toThrow(EnneadError)
  }
})

describeWithService('MongoDB', findMongo(), command => {
  let server: MongoServer
  beforeAll(async () => {
    server = await startMongo(command)
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('two processes that write at once share one log without gaps, and each version is won by one', async () => {
    const database = `race${++databases}`
    await using one = await opened(server.url, database)
    await using two = await opened(server.url, database)
    const outcomes = await Promise.all(
      [one, two].map(async ({ store }, who) => {
        const won: string[] = []
        for (let version = 1; version <= 15; version++) {
          const commits = [
            commitOf(`${who}_shared_${version}`, task('task_a', { version })),
            commitOf(`${who}_own_${version}`, task(`task_${who}_${version}`)),
          ]
          const [shared, own] = await commitTo(store, commits, attempt())
          expect(own?.is).toBe('committed')
          if (shared?.is === 'committed') won.push(`${shared.position.epoch}:${version}`)
        }
        return won
      }),
    )
    const won = outcomes.flat()
    expect(new Set(won).size).toBe(won.length)
    for (const { store } of [one, two]) {
      const entries = await store.log({ afterSeq: 0, limit: 1_000 }, attempt())
      expect(entries.map(entry => entry.position.seq)).toEqual(entries.map((_, index) => index + 1))
      expect(entries).toHaveLength(30 + won.length)
      const [record] = await store.read(taskA, attempt())
      expect(record?.version).toBe(won.length)
    }
  })

  test('an entry whose writer died before it reached the records is in the records for whoever comes next', async () => {
    const database = `died${++databases}`
    await using alive = await opened(server.url, database)
    const [first] = await commitTo(alive.store, [commitOf('c1', task('task_a'))], attempt())
    if (first?.is !== 'committed') throw new Error('not committed')
    const { epoch } = first.position
    await insertEntry(server.url, database, epoch, 2)
    // The log is what says what happened; a reader that has seen the entry finds its record.
    expect(await alive.store.head(undefined, attempt())).toMatchObject({ seq: 2, commitId: 'lost_2' })
    expect(await alive.store.read(taskA, attempt())).toMatchObject([{ version: 2 }])
    await insertEntry(server.url, database, epoch, 3)
    // Whoever commits finds the place taken, and then the conflict.
    const stale = commitOf('c3', task('task_a', { version: 3, title: 'stale' }))
    expect(await commitTo(alive.store, [stale], attempt())).toMatchObject([{ is: 'conflict' }])
    await insertEntry(server.url, database, epoch, 4)
    await using later = await opened(server.url, database)
    expect(await later.store.read(taskA, attempt())).toMatchObject([{ version: 4 }])
    const again = commitOf('lost_4', task('task_a', { version: 4 }))
    expect(await commitTo(later.store, [again], attempt())).toEqual([
      { is: 'committed', position: { epoch, seq: 4 } },
    ])
  })

  test('a caller that leaves while its commit is written is told so, and the commit id tells what became of it', async () => {
    await using own = await startMongo(command)
    await using mongo = await opened(own.url, 'left')
    await commitTo(mongo.store, [commitOf('c1', task('task_a'))], attempt())
    const leaving = new AbortController()
    const commit = commitOf('c2', task('task_b'))
    const vote = voteFor(await mongo.store.seat(undefined, attempt()), commit)
    own.process.freeze()
    const left = mongo.store.vote(vote, attempt(leaving.signal)).catch(codeOf)
    // Its turn comes before the next turn of the event loop; the server cannot answer.
    await nextTurn()
    leaving.abort()
    expect(await left).toBe('UNKNOWN_COMMIT_OUTCOME')
    own.process.thaw()
    expect(await commitTo(mongo.store, [commit], attempt())).toMatchObject([
      { is: 'committed', position: { seq: 2 } },
    ])
  })

  test('a database that is dropped under an open store is filled anew from its beginning, without a gap', async () => {
    const database = `dropped${++databases}`
    await using one = await opened(server.url, database)
    await using two = await opened(server.url, database)
    const entries = [1, 2, 3, 4, 5].map(seq => entryOf(seq, commitOf(`c${seq}`, task(`task_${seq}`))))
    await one.store.absorb(entries.slice(0, 3), attempt())
    expect(await two.store.absorb(entries.slice(3, 4), attempt())).toMatchObject({ seq: 4 })
    const raw = await createConnection(server.url, { dbName: database }).asPromise()
    await raw.dropDatabase()
    await raw.close()
    // Without a look at its log it would read as if there had never been anything.
    const lost = one.store.read([{ kind: 'task', id: 'task_1' }], attempt())
    expect(await lost.then(String, codeOf)).toBe('AGENT_FAULT')
    expect(await two.store.absorb(entries.slice(4), attempt()).catch(codeOf)).toBe('UNAVAILABLE')
    expect(await one.store.head(undefined, attempt())).toMatchObject({ seq: 0 })
    expect(await two.store.seat(undefined, attempt())).toMatchObject({ state: undefined, head: { seq: 0 } })
    await one.store.absorb(entries, attempt())
    for (const { store } of [one, two]) {
      expect(await store.head(undefined, attempt())).toMatchObject({ seq: 5, commitId: 'c5' })
      expect(await store.log({ afterSeq: 0, limit: 10 }, attempt())).toEqual(entries)
      expect(await store.read([{ kind: 'task', id: 'task_1' }], attempt())).toMatchObject([{ id: 'task_1' }])
    }
  })

  test('a list that a caller no longer waits for is not waited for', async () => {
    await using own = await startMongo(command)
    await using mongo = await opened(own.url, 'frozen')
    own.process.freeze()
    try {
      const leaving = new AbortController()
      const left = mongo.store.read(taskA, attempt(leaving.signal))
      leaving.abort(new Error('gone'))
      await expect(left).rejects.toThrow('gone')
    } finally {
      own.process.thaw()
    }
  })

  test('a list of thousands is in order, whichever index finds it', async () => {
    await using mongo = await opened(server.url, `long${++databases}`)
    const records = Array.from({ length: 3_000 }, (_, index) =>
      task(`task_${index}`, {
        projectId: `p${index % 3}`,
        assigneeIds: [`u${index % 5}`],
        dueAt: index % 4 === 0 ? null : `2026-01-0${index % 9}`,
        updatedAt: `2026-01-01T00:00:00.${String((index * 7) % 1_000).padStart(3, '0')}Z`,
      }),
    )
    await commitTo(mongo.store, [commitOf('c1', task('task_0'), { puts: records })], attempt())
    const conditions: Condition[] = [
      { is: 'all', of: [] },
      { is: 'in', field: 'projectId', values: ['p1'] },
      { is: 'in', field: 'assigneeIds', values: ['u1', 'u2'] },
      { is: 'all', of: [{ is: 'in', field: 'parentId', values: [null] }] },
    ]
    for (const where of conditions) {
      for (const field of ['dueAt', 'updatedAt', 'id', 'number'] as const) {
        const order = { field, direction: 'descending' } as const
        const query = { kind: 'task', workspaceId: 'workspace_1', where, order, limit: 51 } as const
        const wanted = records.filter(record => matches(record, where)).sort(compareRecords(order))
        expect(await mongo.store.query(query, attempt())).toEqual(wanted.slice(0, 51))
      }
    }
  })

  test('killed in the middle of writes, it has every acknowledged commit when it is back, without being opened anew', async () => {
    await using own = await startMongo(command)
    await using mongo = await opened(own.url, 'killed')
    const acknowledged: string[] = []
    const failures: string[] = []
    const write = async (who: number): Promise<void> => {
      for (let index = 0; failures.length === 0; index++) {
        const id = `task_${who}_${index}`
        await commitTo(mongo.store, [commitOf(`c_${id}`, task(id))], attempt()).then(
          () => acknowledged.push(id),
          (failure: unknown) => failures.push(codeOf(failure)),
        )
      }
    }
    const writers = [0, 1, 2].map(write)
    await until('commits are acknowledged', () => acknowledged.length > 60, 20_000)
    await own.process.kill()
    await Promise.all(writers)
    for (const code of failures)
      expect(['UNAVAILABLE', 'UNKNOWN_COMMIT_OUTCOME', 'AGENT_FAULT']).toContain(code)
    expect(await mongo.store.read(taskA, attempt()).catch(codeOf)).toMatch(/UNAVAILABLE|AGENT_FAULT/)
    await own.process.start()
    await until(
      'reads are answered again',
      () =>
        mongo.store.read(taskA, attempt()).then(
          () => true,
          () => false,
        ),
      15_000,
    )
    const found = await mongo.store.read(
      acknowledged.map(id => ({ kind: 'task', id })),
      attempt(),
    )
    expect(found.filter(record => record === undefined)).toEqual([])
    const { seq } = await mongo.store.head(undefined, attempt())
    const entries = await mongo.store.log({ afterSeq: 0, limit: 1_000 }, attempt())
    expect(entries.map(entry => entry.position.seq)).toEqual(
      Array.from({ length: seq }, (_, index) => index + 1),
    )
    const count = { kind: 'task', workspaceId: 'workspace_1', where: { is: 'all', of: [] } } as const
    expect(await mongo.store.count(count, attempt())).toBe(seq)
  })
})

/** Writes to the log as a writer does that dies right behind it: task_a in this version. */
async function insertEntry(url: string, database: string, epoch: string, seq: number): Promise<void> {
  const connection = await createConnection(url, { dbName: database }).asPromise()
  const { commit } = entryOf(seq, commitOf(`lost_${seq}`, task('task_a', { version: seq })))
  const { id: commitId, ...rest } = commit
  // Entries have numbers for ids.
  await connection
    .collection<{ _id: number; epoch: string; commitId: string }>('log')
    .insertOne({ _id: seq, epoch, commitId, ...rest })
  await connection.close()
}

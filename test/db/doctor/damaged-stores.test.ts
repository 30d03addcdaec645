import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createConnection } from 'mongoose'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../kernel/clock.ts'
import { silentLog } from '../../../kernel/log.ts'
import { openRedisCache } from '../../../subgraphs/db/agents/cache/redis-cache.ts'
import { openTables } from '../../../subgraphs/db/agents/nosql/lmdb-layout.ts'
import { openLmdbStore } from '../../../subgraphs/db/agents/nosql/lmdb-store.ts'
import { openMongoStore } from '../../../subgraphs/db/agents/nosql/mongo-store.ts'
import { openSqlStore } from '../../../subgraphs/db/agents/sql/sql-store.ts'
import { examine } from '../../../subgraphs/db/doctor/examine.ts'
import type { Examination } from '../../../subgraphs/db/doctor/finding.ts'
import type { EngineName } from '../../../subgraphs/db/engine-slot.ts'
import type { StoredRecord } from '../../../subgraphs/db/record.ts'
import type { Inspected, InspectedPage } from '../../../subgraphs/db/store-inspection.ts'
import type { Commit, StoreEngine } from '../../../subgraphs/db/task-store.ts'
import { comment, commitOf, entryOf, receipt, task } from '../../contract/sample-records.ts'
import { attempt } from '../../contract/store-under-test.ts'
import { describeWithService } from '../../services/availability.ts'
import { findMongo, type MongoServer, startMongo } from '../../services/mongo.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../../services/postgres.ts'
import { findRedis, type RedisServer, startRedis } from '../../services/redis.ts'

const due = '2026-03-01T00:00:00.000Z'
const records: readonly StoredRecord[] = [
  task('task_a', { title: 'Ärger', dueAt: due, assigneeIds: ['user_1', 'user_2'], searchText: 'ärger\n' }),
  task('task_b', { parentId: 'task_a' }),
  task('task_c'),
  comment('comment_1', 'task_a'),
  receipt('receipt_1', '2999-01-01T00:00:00.000Z'),
]
const again = task('task_c', { version: 2, title: 'Changed', searchText: 'changed\n' })
const commits: readonly Commit[] = [
  ...records.map((record, index) => commitOf(`c${index}`, task('task_a'), { puts: [record] })),
  commitOf('c9', again),
]

/** A damage done to a store by hand, while it is closed, and what is said of it. */
interface Damage {
  readonly name: string
  readonly does: () => Promise<unknown>
  readonly says: readonly string[]
}

/** A store to damage. */
interface Subject extends AsyncDisposable {
  open(): Promise<StoreEngine>
}

/** Each damage is found and told, is gone after a repair, and then the store answers as one that never was damaged. */
function isHealed(
  name: EngineName,
  make: () => Promise<Subject>,
  damagesOf: (subject: Subject) => readonly Damage[],
): void {
  refusesLateWork(make)
  const names = damagesOf({
    open: () => Promise.reject(new Error('only named')),
    [Symbol.asyncDispose]: async () => {},
  })
  test.each(names.map(damage => damage.name))('%s', async damaged => {
    await using subject = await make()
    await using companion = await lmdbSubject()
    await filled(subject)
    const sound = await filled(companion, true)
    const damage = damagesOf(subject).find(one => one.name === damaged)
    await damage?.does()
    const engine = await subject.open()
    const companionName = name === 'nosql' ? 'sql' : 'nosql'
    const look = (repair: boolean): Promise<Examination> =>
      examine({
        stores: [
          { name, engine },
          { name: companionName, engine: sound },
        ],
        clock: systemClock,
        repair,
      })
    try {
      const { findings } = await look(true)
      expect(findings.map(({ key = '', says }) => `${key}: ${says}`)).toEqual(
        damage?.says.map(says => expect.stringContaining(says)),
      )
      expect(findings.every(({ store, repairable }) => store === name && repairable)).toBe(true)
      expect((await look(false)).findings).toEqual([])
      const keys = [...records, again].map(({ kind, id }) => ({ kind, id }))
      const read = (of: StoreEngine) => of.operations.read?.(keys, attempt())
      expect(await read(engine)).toEqual(await read(sound))
    } finally {
      await engine.close()
      await sound.close()
    }
  })
}

/** Work of a holder of a lease is refused where that of a later one has been. */
function refusesLateWork(make: () => Promise<Subject>): void {
  test('work of a term that is over is refused, and changes nothing', async () => {
    await using subject = await make()
    const engine = await filled(subject, true)
    try {
      const term = await nextTerm(engine)
      const later = await nextTerm(engine, term)
      const { inspection } = engine
      const found: Inspected[] = []
      for (let after: string | undefined = ''; after !== undefined;) {
        const page: InspectedPage | undefined = await inspection?.look(after, 100, signal)
        found.push(...(page?.found ?? []))
        after = page?.next
      }
      const seen = found.find(({ key }) => key.id === 'task_c')?.seen
      const mend = (record: StoredRecord, of: number) =>
        inspection?.mend([{ key: again, seen, record }], signal, { name: 'sweep', term: of })
      await mend(again, later)
      const lost = {
        code: 'LEASE_LOST',
        message: expect.stringContaining('another process has taken it over') as string,
      }
      await expect(mend({ ...again, status: 'DONE' }, term)).rejects.toMatchObject(lost)
      expect(await engine.operations.read?.([again], attempt())).toEqual([again])
    } finally {
      await engine.close()
    }
  })
}

const { signal } = new AbortController()

async function nextTerm({ leases }: StoreEngine, before = 0): Promise<number> {
  if (leases === undefined) return before + 1
  const got = await leases.acquire({ name: 'sweep', holder: 'this test', lengthMs: 60_000 }, signal)
  return got.is === 'held' ? got.term : 0
}

async function filled(subject: Subject, keepOpen: true): Promise<StoreEngine>
async function filled(subject: Subject): Promise<undefined>
async function filled(subject: Subject, keepOpen = false): Promise<StoreEngine | undefined> {
  const engine = await subject.open()
  const entries = commits.map((commit, index) => entryOf(index + 1, commit))
  await engine.operations.absorb?.(entries, attempt())
  if (keepOpen) return engine
  await engine.close()
  return undefined
}

interface LmdbSubject extends Subject {
  readonly directory: string
}

async function lmdbSubject(): Promise<LmdbSubject> {
  const directory = await mkdtemp(join(tmpdir(), 'ennead-doctor-'))
  return {
    directory,
    open: () => openLmdbStore({ directory, log: silentLog }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

describe('LMDB', () => {
  isHealed('nosql', lmdbSubject, subject => {
    // Made by lmdbSubject, or never opened.
    const { directory } = subject as LmdbSubject
    const change = (work: (tables: ReturnType<typeof openTables>) => Promise<unknown>) => async () => {
      const tables = openTables(directory)
      await work(tables)
      await tables.root.close()
    }
    return [
      {
        name: 'a record is gone',
        does: change(({ records: stored }) => stored.remove(['task', 'workspace_1', 'task_b'])),
        says: ['task/task_b: its place leads to no record'],
      },
      {
        name: 'a record is older than the log',
        does: change(({ records: stored }) => stored.put(['task', 'workspace_1', 'task_c'], task('task_c'))),
        says: ['task/task_c: its task is version 1, in the log it is version 2'],
      },
      {
        name: 'a record has another content',
        does: change(({ records: stored }) =>
          stored.put(['task', 'workspace_1', 'task_c'], { ...again, status: 'DONE' }),
        ),
        says: ['task/task_c: its task has another content than version 2'],
      },
      {
        name: 'a list has lost a record',
        does: change(({ refs }) => refs.remove(['workspace_1', 'parentId', 'task_a', 'task_b'])),
        says: ['task/task_b: its list by parentId does not have it under task_a'],
      },
      {
        name: 'a list has a record where it does not belong',
        does: change(({ refs }) => refs.put(['workspace_1', 'parentId', 'task_x', 'task_b'], 1)),
        says: ['task/task_b: its list by parentId has it under task_x, where it does not belong'],
      },
      {
        name: 'a record cannot be found by its key',
        does: change(({ places }) => places.remove(['comment', 'comment_1'])),
        says: [
          'comment/comment_1: its place is missing, it lies in workspace workspace_1; its list by taskId',
        ],
      },
      {
        name: 'a record the log does not know',
        does: change(async ({ places, records: stored, refs }) => {
          await stored.put(['task', 'workspace_1', 'task_z'], task('task_z'))
          await refs.put(['workspace_1', 'projectId', 'project_1', 'task_z'], 1)
          await places.put(['task', 'task_z'], 'workspace_1')
        }),
        says: ['task/task_z: it holds a task of which the log knows nothing'],
      },
    ]
  })
})

describeWithService('PostgreSQL', findPostgres(), binaries => {
  let server: PostgresServer
  let sql: postgres.Sql
  let stores = 0
  beforeAll(async () => {
    server = await startPostgres(binaries)
    sql = postgres(server.url, { max: 1 })
  })
  afterAll(async () => {
    await sql.end()
    await server[Symbol.asyncDispose]()
  })

  isHealed(
    'sql',
    async () => {
      const schema = `doctor${++stores}`
      return {
        open: () => openSqlStore({ connection: { kind: 'url', url: server.url }, schema, log: silentLog }),
        [Symbol.asyncDispose]: async () => {},
      }
    },
    () => {
      const run = (text: string) => () => sql.unsafe(`set search_path to doctor${stores}; ${text}`)
      return [
        {
          name: 'a row is gone',
          does: run("delete from records where id = 'task_b'"),
          says: ['task/task_b: it lacks the task, which the log has in version 1'],
        },
        {
          name: 'columns were changed',
          does: run("update records set due_at = null, assignee_ids = '{user_1}' where id = 'task_a'"),
          says: [
            `task/task_a: its column due_at says null, the record says "${due}"; its column assignee_ids says ["user_1"], the record says ["user_1","user_2"]`,
          ],
        },
        {
          name: 'places in lists are gone',
          does: run("delete from task_places where place_id = 'task_a'"),
          says: ['task/task_a: its places in the lists of people and labels are not those of its columns'],
        },
        {
          name: 'a place is in a list of somebody else, and another one is of another day',
          does: run(`insert into task_places select list_of('assigneeIds', workspace_id, 'user_9'), id, created_at, updated_at,
              due_at, priority from records where id = 'task_b';
            update task_places set place_due_at = null where place_id = 'task_a'`),
          says: [
            'task/task_a: its places in the lists of people and labels',
            'task/task_b: its places in the lists of people and labels',
          ],
        },
        {
          name: 'the lower case that search needs was lost',
          does: run("update records set lowered = null where id = 'task_a'"),
          says: ['task/task_a: its column lowered says null, the record says {"title":"ärger"'],
        },
        {
          name: 'a body was cut off',
          does: run("update records set body = left(body, 20) where id = 'task_c'"),
          says: ['task/task_c: its body is not the record of its key'],
        },
        {
          name: 'a body was changed',
          does: run(
            `update records set body = replace(body, '"title":"Changed"', '"title":"Other"') where id = 'task_c'`,
          ),
          says: [
            'task/task_c: its task has another content than version 2 in the log; its column title says "Changed", the record says "Other"',
          ],
        },
        {
          name: 'a row is a version behind',
          does: run(
            `update records set version = 1, body = replace(body, '"version":2', '"version":1') where id = 'task_c'`,
          ),
          says: ['task/task_c: its task is version 1, in the log it is version 2'],
        },
        {
          name: 'two rows of which the log knows nothing',
          does: run(`insert into records select kind, id || 'z', workspace_id, version, replace(body, id, id || 'z'), lowered,
            expires_at, key, name, archived, number, project_id, title, status, priority, start_at, due_at, completed_at,
            creator_id, assignee_ids, label_ids, parent_id, blocked_by_ids, deleted_at, search_text, task_id, author_id,
            created_at, updated_at from records where id in ('comment_1', 'receipt_1')`),
          says: [
            'comment/comment_1z: it holds a comment of which the log knows nothing',
            'receipt/receipt_1z: it holds a receipt of which the log knows nothing',
          ],
        },
      ]
    },
  )
})

describeWithService('MongoDB', findMongo(), command => {
  let server: MongoServer
  let stores = 0
  beforeAll(async () => {
    server = await startMongo(command)
  })
  afterAll(() => server[Symbol.asyncDispose]())

  isHealed(
    'nosql',
    async () => {
      const database = `doctor${++stores}`
      return {
        open: () => openMongoStore({ url: server.url, database, log: silentLog }),
        [Symbol.asyncDispose]: async () => {},
      }
    },
    () => {
      const change =
        (work: (tasks: ReturnType<ReturnType<typeof createConnection>['collection']>) => Promise<unknown>) =>
        async () => {
          const connection = createConnection(server.url, { dbName: `doctor${stores}` })
          await connection.asPromise()
          await work(connection.collection('tasks'))
          await connection.close()
        }
      // The driver's default type for an id is its own; ours are texts.
      const byId = (id: string) => ({ _id: id as never })
      return [
        {
          name: 'a document is gone',
          does: change(tasks => tasks.deleteOne(byId('task_b'))),
          says: ['task/task_b: it lacks the task'],
        },
        {
          name: 'a document was changed',
          does: change(tasks => tasks.updateOne(byId('task_c'), { $set: { title: 'changed' } })),
          says: ['task/task_c: its task has another content than version 2 in the log; its field _lower is'],
        },
        {
          name: 'what orders and searches need was lost',
          does: change(tasks => tasks.updateOne(byId('task_a'), { $unset: { _lower: '', _isNull: '' } })),
          says: ['task/task_a: its field _lower is null, the record makes {"createdAt":'],
        },
        {
          name: 'a document has no version',
          does: change(tasks => tasks.updateOne(byId('task_c'), { $unset: { version: '' } })),
          says: ['task/task_c: its task is version undefined, in the log it is version 2'],
        },
        {
          name: 'a document of which the log knows nothing',
          does: change(tasks => tasks.insertOne({ ...task('task_z'), _id: 'task_z' as never })),
          says: ['task/task_z: it holds a task of which the log knows nothing; its field _lower is'],
        },
      ]
    },
  )
})

describeWithService('Redis', findRedis(), command => {
  let server: RedisServer
  let redis: Redis
  let stores = 0
  beforeAll(async () => {
    server = await startRedis(command)
    redis = new Redis(server.url)
  })
  afterAll(async () => {
    redis.disconnect()
    await server[Symbol.asyncDispose]()
  })

  isHealed(
    'cache',
    async () => {
      const prefix = `doctor${++stores}`
      return {
        open: () => openRedisCache({ url: server.url, prefix, log: silentLog }),
        [Symbol.asyncDispose]: async () => {},
      }
    },
    () => {
      const put = (id: string, value: string) => () => redis.hset(`{doctor${stores}}:records`, id, value)
      return [
        {
          name: 'a value is of another version than it says',
          does: put('task/task_c', `1|${JSON.stringify(again)}`),
          says: ['task/task_c: its value says version 1, the record says 2'],
        },
        {
          name: 'a value is an older one',
          does: put('task/task_c', `1|${JSON.stringify(task('task_c'))}`),
          says: ['task/task_c: its task is version 1, in the log it is version 2'],
        },
        {
          name: 'a value is no record',
          does: put('task/task_c', 'what'),
          says: ['task/task_c: its value is not the record of its key'],
        },
      ]
    },
  )
})

import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../../../kernel/log.ts'
import { openRedisCache } from '../../../subgraphs/db/agents/cache/redis-cache.ts'
import type { TaskStore } from '../../../subgraphs/db/task-store.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { attempt, codeOf } from '../../contract/store-under-test.ts'
import { describeWithService } from '../../services/availability.ts'
import { findRedis, type RedisServer, startRedis } from '../../services/redis.ts'
import { freePort } from '../../services/service-process.ts'
import { until } from '../../support/until.ts'

interface Opened extends AsyncDisposable {
  readonly store: TaskStore
  readonly prefix: string
}

let prefixes = 0

async function opened(url: string, limits: { recordsMax?: number; logMax?: number } = {}): Promise<Opened> {
  const prefix = `cache${++prefixes}`
  const engine = await openRedisCache({ url, prefix, log: silentLog, ...limits })
  // A cache leaves out what these tests do not use.
  return { store: engine.operations as TaskStore, prefix, [Symbol.asyncDispose]: () => engine.close() }
}

/** Entries that create task_1, task_2, … */
const entries = Array.from({ length: 600 }, (_, index) =>
  entryOf(index + 1, commitOf(`c${index + 1}`, task(`task_${index + 1}`))),
)
const key = (seq: number) => ({ kind: 'task', id: `task_${seq}` }) as const
const unknown = [{ kind: 'task', id: 'task_x' }] as const

test('an address where no Redis answers is refused without repeating the password', async () => {
  const url = `redis://somebody:the-password@127.0.0.1:${await freePort()}/0`
  const failure: unknown = await openRedisCache({
    url,
    prefix: 'p',
    connectTimeoutMs: 500,
    log: silentLog,
  }).catch((failure: unknown) => failure)
  expect(codeOf(failure)).toBe('UNAVAILABLE')
  expect(String(failure)).not.toContain('the-password')
  const open = (options: object): Promise<unknown> =>
    openRedisCache({ url, prefix: 'p', log: silentLog, ...options }).catch(codeOf)
  expect(await open({ url: 'http://somewhere' })).toBe('BAD_OPTION')
  expect(await open({ prefix: 'a{b}' })).toBe('BAD_OPTION')
  expect(await open({ recordsMax: 0 })).toBe('BAD_OPTION')
})

describeWithService('Redis', findRedis(), command => {
  let server: RedisServer
  let client: Redis
  beforeAll(async () => {
    server = await startRedis(command)
    client = new Redis(server.url)
  })
  afterAll(async () => {
    client.disconnect()
    await server[Symbol.asyncDispose]()
  })

  test('all its keys are under its prefix, in one hash slot', async () => {
    await using cache = await opened(server.url)
    await cache.store.absorb(entries, attempt())
    const keys = await client.keys(`*${cache.prefix}*`)
    expect(keys.length).toBe(5)
    for (const name of keys) expect(name.startsWith(`{${cache.prefix}}:`)).toBe(true)
  })

  const losses: [string, (prefix: string) => Promise<unknown>][] = [
    ['flushed', () => client.flushall()],
    ['robbed of its head', prefix => client.del(`{${prefix}}:head`)],
    ['robbed of its records', prefix => client.del(`{${prefix}}:records`)],
    ['robbed of one record', prefix => client.hdel(`{${prefix}}:records`, 'task/task_3')],
    ['robbed of its log', prefix => client.ltrim(`{${prefix}}:log`, 5, -1)],
  ]
  for (const [what, lose] of losses) {
    test(`${what}, it says that it knows nothing, and is filled anew from the first entry`, async () => {
      await using cache = await opened(server.url)
      await cache.store.absorb(entries.slice(0, 10), attempt())
      expect(await cache.store.read(unknown, attempt())).toEqual([undefined])
      await lose(cache.prefix)
      expect(await cache.store.read(unknown, attempt()).catch(codeOf)).toBe('OVERLOADED')
      expect(await cache.store.log({ afterSeq: 0, limit: 1 }, attempt()).catch(codeOf)).toBe('OVERLOADED')
      expect(await cache.store.head(undefined, attempt())).toEqual({ epoch: '', seq: 0, commitId: '' })
      expect(await cache.store.absorb(entries.slice(10, 12), attempt()).catch(codeOf)).toBe('UNAVAILABLE')
      await cache.store.absorb(entries.slice(0, 12), attempt())
      expect(await cache.store.read([...unknown, key(3), key(12)], attempt())).toEqual([
        undefined,
        task('task_3'),
        task('task_12'),
      ])
    })
  }

  test('more records than it may hold push out the oldest, and then what is not there may exist elsewhere', async () => {
    await using cache = await opened(server.url, { recordsMax: 100 })
    await cache.store.absorb(entries.slice(0, 100), attempt())
    expect(await cache.store.read(unknown, attempt())).toEqual([undefined])
    await cache.store.absorb(entries.slice(100, 150), attempt())
    expect(await cache.store.read([key(150), key(51)], attempt())).toEqual([
      task('task_150'),
      task('task_51'),
    ])
    expect(await cache.store.read([key(50)], attempt()).catch(codeOf)).toBe('OVERLOADED')
    expect(await cache.store.read(unknown, attempt()).catch(codeOf)).toBe('OVERLOADED')
  })

  test('it answers the part of the log that it still has, and refuses the rest', async () => {
    await using cache = await opened(server.url, { logMax: 300 })
    await cache.store.absorb(entries, attempt())
    const seqs = async (afterSeq: number, limit: number, newestFirst = false): Promise<unknown> =>
      cache.store
        .log({ afterSeq, limit, newestFirst }, attempt())
        .then(found => found.map(one => one.position.seq), codeOf)
    expect(await seqs(300, 2)).toEqual([301, 302])
    expect(await seqs(299, 2)).toBe('OVERLOADED')
    expect(await seqs(598, 10)).toEqual([599, 600])
    expect(await seqs(600, 10)).toEqual([])
    expect(await seqs(601, 10)).toBe('OVERLOADED')
    expect(await seqs(0, 2, true)).toEqual([600, 599])
    expect(await seqs(0, 300, true)).toHaveLength(300)
    expect(await seqs(0, 301, true)).toBe('OVERLOADED')
    const filtered = { afterSeq: 0, limit: 1, newestFirst: true, taskId: 'task_301' }
    expect(await cache.store.log(filtered, attempt())).toHaveLength(1)
    expect(await cache.store.log({ ...filtered, taskId: 'task_300' }, attempt()).catch(codeOf)).toBe(
      'OVERLOADED',
    )
  })

  test('killed and started again, it has what it had, and is used again without being opened anew', async () => {
    await using own = await startRedis(command)
    await using cache = await opened(own.url)
    await cache.store.absorb(entries, attempt())
    await own.process.kill()
    expect(await cache.store.read([key(1)], attempt()).catch(codeOf)).toMatch(/UNAVAILABLE|AGENT_FAULT/)
    await own.process.start()
    await until('it is connected again', () =>
      cache.store.head(undefined, attempt()).then(
        () => true,
        () => false,
      ),
    )
    expect(await cache.store.head(undefined, attempt())).toMatchObject({ seq: 600, commitId: 'c600' })
    expect(await cache.store.read([key(1), ...unknown], attempt())).toEqual([task('task_1'), undefined])
  })

  test('a caller does not wait for a Redis that is frozen', async () => {
    await using own = await startRedis(command)
    await using cache = await opened(own.url)
    own.process.freeze()
    try {
      const leaving = new AbortController()
      const left = cache.store.read([key(1)], attempt(leaving.signal))
      leaving.abort(new Error('gone'))
      await expect(left).rejects.toThrow('gone')
    } finally {
      own.process.thaw()
    }
  })
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { silentLog } from '../../kernel/log.ts'
import { openLmdbStore } from '../../subgraphs/db/agents/nosql/lmdb-store.ts'
import { openMongoStore } from '../../subgraphs/db/agents/nosql/mongo-store.ts'
import { openRedisCache } from '../../subgraphs/db/agents/cache/redis-cache.ts'
import { openSqlStore } from '../../subgraphs/db/agents/sql/sql-store.ts'
import type { TaskStore } from '../../subgraphs/db/task-store.ts'
import { describeWithService } from '../services/availability.ts'
import { findMongo, type MongoServer, startMongo } from '../services/mongo.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../services/postgres.ts'
import { findRedis, type RedisServer, startRedis } from '../services/redis.ts'
import { taskStoreContract } from './task-store-contract.ts'

const whole = new Set<keyof TaskStore>([
  'read',
  'query',
  'count',
  'scan',
  'facts',
  'seat',
  'vote',
  'head',
  'log',
  'absorb',
  'forget',
])
const cache = new Set<keyof TaskStore>(['read', 'head', 'log', 'absorb', 'seat', 'vote', 'forget'])

taskStoreContract('LMDB', whole, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ennead-lmdb-'))
  return {
    durable: true,
    open: () => openLmdbStore({ directory, log: silentLog }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
})

describeWithService('Redis', findRedis(), command => {
  let server: RedisServer
  let stores = 0
  beforeAll(async () => {
    server = await startRedis(command)
  })
  afterAll(() => server[Symbol.asyncDispose]())

  taskStoreContract('Redis', cache, async () => {
    const prefix = `store${++stores}`
    return {
      durable: true,
      open: () => openRedisCache({ url: server.url, prefix, log: silentLog }),
      [Symbol.asyncDispose]: async () => {},
    }
  })
})

describeWithService('MongoDB', findMongo(), command => {
  let server: MongoServer
  let stores = 0
  beforeAll(async () => {
    server = await startMongo(command)
  })
  afterAll(() => server[Symbol.asyncDispose]())

  taskStoreContract('MongoDB', whole, async () => {
    const database = `store${++stores}`
    return {
      durable: true,
      open: () => openMongoStore({ url: server.url, database, log: silentLog }),
      [Symbol.asyncDispose]: async () => {},
    }
  })
})

// The embedded PostgreSQL keeps the same promises in test/db/sql/contract.test.ts.
describeWithService('PostgreSQL', findPostgres(), binaries => {
  let server: PostgresServer
  let stores = 0
  beforeAll(async () => {
    server = await startPostgres(binaries)
  })
  afterAll(() => server[Symbol.asyncDispose]())

  taskStoreContract('PostgreSQL', whole, async () => {
    const schema = `store${++stores}`
    return {
      durable: true,
      open: () => openSqlStore({ connection: { kind: 'url', url: server.url }, schema, log: silentLog }),
      [Symbol.asyncDispose]: async () => {},
    }
  })
})

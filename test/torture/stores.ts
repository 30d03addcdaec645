import { Redis } from 'ioredis'
import { createConnection } from 'mongoose'
import postgres from 'postgres'
import { silentLog } from '../../kernel/log.ts'
import { openRedisCache } from '../../subgraphs/db/agents/cache/redis-cache.ts'
import { openMongoStore } from '../../subgraphs/db/agents/nosql/mongo-store.ts'
import { openSqlStore } from '../../subgraphs/db/agents/sql/sql-store.ts'
import type { StoreEngine } from '../../subgraphs/db/task-store.ts'
import { type MongoCommand, startMongo } from '../services/mongo.ts'
import { startPostgres } from '../services/postgres.ts'
import { startRedis } from '../services/redis.ts'
import type { ServiceProcess } from '../services/service-process.ts'
import { type TcpProxy, openTcpProxy } from '../support/tcp-proxy.ts'

/** A real server with a wire in front of it that can be cut. */
export interface TorturedStore {
  readonly name: 'sql' | 'nosql' | 'cache'
  /** As processes reach it: over the wire. */
  readonly url: string
  readonly process: ServiceProcess
  readonly wire: TcpProxy
  /** Loses all it holds, as when somebody takes its disk away. */
  empty(): Promise<void>
  /** Past the wire. */
  open(): Promise<StoreEngine>
}

export interface TorturedStores extends AsyncDisposable {
  readonly all: readonly TorturedStore[]
}

/** Starts PostgreSQL, MongoDB and Redis. */
export async function startStores(
  binaries: string,
  mongo: MongoCommand,
  redis: string,
): Promise<TorturedStores> {
  const servers = [await startPostgres(binaries), await startMongo(mongo), await startRedis(redis)] as const
  const [sql, nosql, cache] = servers
  const wires = await Promise.all(
    servers.map(({ url }) => openTcpProxy('127.0.0.1', Number(new URL(url).port))),
  )
  const [sqlWire, nosqlWire, cacheWire] = wires
  if (sqlWire === undefined || nosqlWire === undefined || cacheWire === undefined) throw new Error('no wire')
  const over = (url: string, { port }: TcpProxy): string => url.replace(/:\d+(?=\/|$)/, `:${port}`)
  const log = silentLog
  return {
    all: [
      {
        name: 'sql',
        url: over(sql.url, sqlWire),
        process: sql.process,
        wire: sqlWire,
        async empty() {
          const client = postgres(sql.url, { max: 1, onnotice: () => undefined })
          await client`drop schema if exists ennead cascade`
          await client.end()
        },
        open: () => openSqlStore({ connection: { kind: 'url', url: sql.url }, log }),
      },
      {
        name: 'nosql',
        url: over(nosql.url, nosqlWire),
        process: nosql.process,
        wire: nosqlWire,
        async empty() {
          const connection = await createConnection(nosql.url, { dbName: 'torture' }).asPromise()
          await connection.dropDatabase()
          await connection.close()
        },
        open: () => openMongoStore({ url: nosql.url, database: 'torture', log }),
      },
      {
        name: 'cache',
        url: over(cache.url, cacheWire),
        process: cache.process,
        wire: cacheWire,
        async empty() {
          const client = new Redis(cache.url)
          await client.flushall()
          client.disconnect()
        },
        open: () => openRedisCache({ url: cache.url, prefix: 'torture', log }),
      },
    ],
    async [Symbol.asyncDispose]() {
      for (const wire of wires) await wire[Symbol.asyncDispose]()
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  }
}

import { tmpdir } from 'node:os'
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
import { startRedisIn } from '../services/redis.ts'
import type { ServiceProcess } from '../services/service-process.ts'
import { type SmallDisk, openSmallDisk } from '../support/small-disk.ts'
import { type TcpProxy, openTcpProxy } from '../support/tcp-proxy.ts'

export const storeNames = ['sql', 'nosql', 'cache'] as const

/** A real server with a wire in front of it that can be cut. */
export interface TorturedStore {
  readonly name: (typeof storeNames)[number]
  /** As processes reach it: over the wire. */
  readonly url: string
  readonly process: ServiceProcess
  readonly wire: TcpProxy
  /** The disk its data is on; undefined: one that cannot be filled. */
  readonly disk: SmallDisk | undefined
  /** Loses all it holds, as when somebody takes its disk away. */
  empty(): Promise<void>
  /** Past the wire. */
  open(): Promise<StoreEngine>
}

export interface TorturedStores extends AsyncDisposable {
  readonly all: readonly TorturedStore[]
}

/** Enough for an hour of it and PostgreSQL's log; more would only take longer to fill. */
const diskMegabytes = 1_536

/** Starts PostgreSQL, MongoDB and Redis, each on a disk of its own where disks can be mounted. */
export async function startStores(
  binaries: string,
  mongo: MongoCommand,
  redis: string,
): Promise<TorturedStores> {
  const disks = [
    await openSmallDisk(diskMegabytes),
    await openSmallDisk(diskMegabytes),
    await openSmallDisk(diskMegabytes),
  ] as const
  const [sqlDisk, nosqlDisk, cacheDisk] = disks
  const servers = [
    await startPostgres(binaries, sqlDisk?.folder),
    await startMongo(mongo, nosqlDisk?.folder),
    await startRedisIn(cacheDisk?.folder ?? tmpdir(), redis),
  ] as const
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
        disk: sqlDisk,
        async empty() {
          const client = postgres(sql.url, { max: 1, onnotice: () => undefined })
          const drop = (): Promise<unknown> => client`drop schema if exists ennead cascade`.execute()
          // Statements that are under way may stand in each other's way with it.
          await drop().catch(drop).catch(drop)
          await client.end()
        },
        open: () => openSqlStore({ connection: { kind: 'url', url: sql.url }, log }),
      },
      {
        name: 'nosql',
        url: over(nosql.url, nosqlWire),
        process: nosql.process,
        wire: nosqlWire,
        disk: nosqlDisk,
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
        disk: cacheDisk,
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
      for (const disk of disks) await disk?.[Symbol.asyncDispose]()
    },
  }
}

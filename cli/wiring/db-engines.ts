import type { EngineOption } from '../../subgraphs/db/domain-options.ts'
import type { Log } from '../../kernel/log.ts'
import type { DataFolder } from '../data-folder.ts'
import type { Lifecycle } from '../lifecycle.ts'

export interface DbEngineSettings {
  readonly disable: readonly string[]
  /** Stores that follow only. */
  readonly learner: readonly string[]
  readonly databaseUrl: string | undefined
  readonly mongoUrl: string | undefined
  readonly redisUrl: string | undefined
}

/** What every agent that is switched off shows in health. */
export const switchedOff = 'switched off by configuration'

/**
 * The three stores of the db domain: servers where URLs are given, embedded engines elsewhere. An embedded PostgreSQL
 * is started here, so that a data folder it cannot use stops the start with its reason.
 */
export async function dbEngines(
  settings: DbEngineSettings,
  data: DataFolder,
  lifecycle: Lifecycle,
  log: Log,
): Promise<readonly EngineOption[]> {
  const engines = await enginesOf(settings, data, lifecycle, log)
  return engines.map(engine =>
    'absent' in engine || !settings.learner.includes(engine.name)
      ? engine
      : { ...engine, learner: 'a learner by its settings' },
  )
}

async function enginesOf(
  settings: DbEngineSettings,
  data: DataFolder,
  lifecycle: Lifecycle,
  log: Log,
): Promise<readonly EngineOption[]> {
  const off = (name: string): boolean => settings.disable.includes(`db.${name}`)
  return [
    off('sql') ? { name: 'sql', absent: switchedOff } : await sqlEngine(settings, data, lifecycle, log),
    off('nosql') ? { name: 'nosql', absent: switchedOff } : nosqlEngine(settings, data, log),
    off('cache') ? { name: 'cache', absent: switchedOff } : cacheEngine(settings, data, log),
  ]
}

async function sqlEngine(
  { databaseUrl }: DbEngineSettings,
  data: DataFolder,
  lifecycle: Lifecycle,
  log: Log,
): Promise<EngineOption> {
  const { openSqlStore } = await import('../../subgraphs/db/agents/sql/sql-store.ts')
  if (databaseUrl !== undefined) {
    return { name: 'sql', open: () => openSqlStore({ connection: { kind: 'url', url: databaseUrl }, log }) }
  }
  const { startEmbeddedPostgres } =
    await import('../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts')
  const server = await startEmbeddedPostgres({ directory: data.join('db', 'sql'), log })
  lifecycle.add('embedded PostgreSQL', () => server.stop())
  const { socketDirectory: directory, user, database } = server
  const connection = { kind: 'socket', directory, user, database } as const
  const place = data.join('db', 'sql')
  return { name: 'sql', place, open: () => openSqlStore({ connection, detailSuffix: 'embedded', log }) }
}

function nosqlEngine({ mongoUrl }: DbEngineSettings, data: DataFolder, log: Log): EngineOption {
  return {
    name: 'nosql',
    ...(mongoUrl === undefined ? { place: data.join('db', 'nosql') } : {}),
    async open() {
      if (mongoUrl !== undefined) {
        const { openMongoStore } = await import('../../subgraphs/db/agents/nosql/mongo-store.ts')
        return openMongoStore({ url: mongoUrl, log })
      }
      const { openLmdbStore } = await import('../../subgraphs/db/agents/nosql/lmdb-store.ts')
      return openLmdbStore({ directory: data.join('db', 'nosql'), log })
    },
  }
}

function cacheEngine({ redisUrl }: DbEngineSettings, data: DataFolder, log: Log): EngineOption {
  return {
    name: 'cache',
    ...(redisUrl === undefined ? { place: data.join('db', 'cache') } : {}),
    async open() {
      if (redisUrl === undefined) {
        const { openLmdbStore } = await import('../../subgraphs/db/agents/nosql/lmdb-store.ts')
        return openLmdbStore({ directory: data.join('db', 'cache'), log })
      }
      const { openRedisCache } = await import('../../subgraphs/db/agents/cache/redis-cache.ts')
      return openRedisCache({ url: redisUrl, prefix: 'ennead', log })
    },
  }
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EnneadError } from '../../kernel/errors.ts'
import { jsonLog } from '../../kernel/log.ts'
import type { EngineName } from '../../subgraphs/db/engine-slot.ts'
import type { StoreLayout } from '../../subgraphs/db/layout.ts'
import { type DataFolder, openDataFolder } from '../data-folder.ts'
import { Lifecycle } from '../lifecycle.ts'
import type { DbEngineSettings } from '../wiring/db-engines.ts'

export interface OpenLayouts extends AsyncDisposable {
  /** By what `--store` calls them; `auth` has one for each copy of the directory, e.g. `auth.rbac`. */
  readonly layouts: ReadonlyMap<string, StoreLayout>
}

/** Copies of the directory, by the agent whose it is. */
const directories = [
  ['auth.rbac', 'rbac'],
  ['auth.oauth', 'issuer'],
] as const

/**
 * Opens the layouts of a deployment's stores and of its directory, or of one, while no process runs on its data folder. Rejects with
 * DATA_FOLDER_IN_USE when one does, NOT_RUNNING for a folder that has no stores, UNAVAILABLE for a server that is away.
 */
export async function openLayouts(
  settings: Pick<DbEngineSettings, 'databaseUrl' | 'mongoUrl' | 'redisUrl'> & {
    readonly data: string
    readonly store: string
  },
): Promise<OpenLayouts> {
  const { data: folder, databaseUrl, mongoUrl, redisUrl, store } = settings
  const asked = (name: string): boolean => store === '' || name === store || name.startsWith(`${store}.`)
  // Where each subgraph has a data folder of its own, one has the stores and another the directory.
  const db = ![databaseUrl, mongoUrl, redisUrl].includes(undefined) || existsSync(join(folder, 'db'))
  const auth = existsSync(join(folder, 'auth'))
  if (!db && (!auth || !asked('auth'))) {
    const why = `the data folder ${folder} has no stores; give the right one with --data, or the URLs of all stores`
    throw new EnneadError('NOT_RUNNING', why)
  }
  const lifecycle = new Lifecycle(jsonLog({ level: 'error' }))
  try {
    const data = await openDataFolder(folder, [...(db ? ['db'] : []), ...(auth ? ['auth'] : [])])
    lifecycle.add('data folder', () => data[Symbol.asyncDispose]())
    const layouts = new Map<string, StoreLayout>()
    for (const name of db ? (['sql', 'nosql', 'cache'] as const) : []) {
      if (!asked(name)) continue
      const layout = await openLayout(name, settings, data, lifecycle)
      lifecycle.add(name, () => layout[Symbol.asyncDispose]())
      layouts.set(name, layout)
    }
    for (const [name, path] of auth ? directories : []) {
      if (asked(name)) layouts.set(name, await directoryLayout(data.join('auth', path)))
    }
    return { layouts, [Symbol.asyncDispose]: () => lifecycle.close() }
  } catch (failure) {
    await lifecycle.close()
    throw failure
  }
}

/** It lets go of the directory after each question, so that there is nothing to close. */
async function directoryLayout(path: string): Promise<StoreLayout> {
  const { openDirectoryLayout } = await import('../../subgraphs/auth/directory/directory-layout.ts')
  return openDirectoryLayout(path)
}

async function openLayout(
  name: EngineName,
  { databaseUrl, mongoUrl, redisUrl }: Pick<DbEngineSettings, 'databaseUrl' | 'mongoUrl' | 'redisUrl'>,
  data: DataFolder,
  lifecycle: Lifecycle,
): Promise<StoreLayout> {
  const log = jsonLog({ level: 'error' })
  if (name === 'sql') {
    const { openSqlLayout } = await import('../../subgraphs/db/agents/sql/sql-layout.ts')
    if (databaseUrl !== undefined) return openSqlLayout({ kind: 'url', url: databaseUrl }, 'ennead', log)
    const { startEmbeddedPostgres } =
      await import('../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts')
    const server = await startEmbeddedPostgres({ directory: data.join('db', 'sql'), log })
    lifecycle.add('embedded PostgreSQL', () => server.stop())
    const { socketDirectory: directory, user, database } = server
    return openSqlLayout({ kind: 'socket', directory, user, database }, 'ennead', log)
  }
  if (name === 'nosql' && mongoUrl !== undefined) {
    const { openMongoLayout } = await import('../../subgraphs/db/agents/nosql/mongo-layout.ts')
    return openMongoLayout(mongoUrl, log)
  }
  if (name === 'cache' && redisUrl !== undefined) {
    const { openRedisLayout } = await import('../../subgraphs/db/agents/cache/redis-layout.ts')
    return openRedisLayout(redisUrl, 'ennead', log)
  }
  const { openLmdbLayout } = await import('../../subgraphs/db/agents/nosql/lmdb-stamp.ts')
  return openLmdbLayout(data.join('db', name), name)
}

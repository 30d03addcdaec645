import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { EnneadError } from '../../kernel/errors.ts'
import { jsonLog } from '../../kernel/log.ts'
import type { EngineName } from '../../subgraphs/db/engine-slot.ts'
import type { StoreLayout } from '../../subgraphs/db/layout.ts'
import { type DataFolder, openDataFolder } from '../data-folder.ts'
import { Lifecycle } from '../lifecycle.ts'
import type { DbEngineSettings } from '../wiring/db-engines.ts'

export interface OpenLayouts extends AsyncDisposable {
  readonly layouts: ReadonlyMap<EngineName, StoreLayout>
}

/**
 * Opens the layouts of a deployment's stores, or of one, while no process runs on its data folder. Rejects with
 * DATA_FOLDER_IN_USE when one does, NOT_RUNNING for a folder that has no stores, UNAVAILABLE for a server that is away.
 */
export async function openLayouts(
  settings: Omit<DbEngineSettings, 'disable'> & { readonly data: string; readonly store: string },
): Promise<OpenLayouts> {
  const { data: folder, databaseUrl, mongoUrl, redisUrl, store } = settings
  if ([databaseUrl, mongoUrl, redisUrl].includes(undefined)) {
    await access(join(folder, 'db')).catch((cause: unknown) => {
      const why = `the data folder ${folder} has no stores; give the right one with --data, or the URLs of all stores`
      throw new EnneadError('NOT_RUNNING', why, { cause })
    })
  }
  const log = jsonLog({ level: 'error' })
  const lifecycle = new Lifecycle(log)
  const names = (['sql', 'nosql', 'cache'] as const).filter(name => store === '' || store === name)
  try {
    const data = await openDataFolder(folder, ['db'])
    lifecycle.add('data folder', () => data[Symbol.asyncDispose]())
    const layouts = new Map<EngineName, StoreLayout>()
    for (const name of names) {
      const layout = await openLayout(name, settings, data, lifecycle)
      lifecycle.add(name, () => layout[Symbol.asyncDispose]())
      layouts.set(name, layout)
    }
    return { layouts, [Symbol.asyncDispose]: () => lifecycle.close() }
  } catch (failure) {
    await lifecycle.close()
    throw failure
  }
}

async function openLayout(
  name: EngineName,
  { databaseUrl, mongoUrl, redisUrl }: Omit<DbEngineSettings, 'disable'>,
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

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import type { Attempt } from '../../../dispatch/port.ts'
import { startEmbeddedPostgres } from '../../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import type {
  EmbeddedPostgres,
  EmbeddedPostgresOptions,
} from '../../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import { openSqlStore } from '../../../subgraphs/db/agents/sql/sql-store.ts'
import type { SqlStoreOptions } from '../../../subgraphs/db/agents/sql/sql-store.ts'
import type { SqlConnection } from '../../../subgraphs/db/agents/sql/server-address.ts'
import type { StoreEngine, TaskStore } from '../../../subgraphs/db/task-store.ts'
import { provideEmbeddedData } from './embedded-data.ts'

/** A folder that goes away with the test. */
export interface TestFolder extends AsyncDisposable {
  readonly path: string
}

export async function testFolder(below = tmpdir()): Promise<TestFolder> {
  const path = await mkdtemp(join(below, 'ennead-postgres-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** An embedded server on a folder of its own, stopped and removed with the test. */
export interface TestPostgres extends AsyncDisposable {
  readonly server: EmbeddedPostgres
  readonly connection: SqlConnection
  /** A store in a schema nobody else uses. */
  open(options?: Partial<SqlStoreOptions>): Promise<OpenStore>
}

export interface OpenStore extends AsyncDisposable {
  readonly engine: StoreEngine
  readonly store: TaskStore
  readonly schema: string
}

export async function testPostgres(options: Partial<EmbeddedPostgresOptions> = {}): Promise<TestPostgres> {
  const folder = await testFolder()
  const { directory = join(folder.path, 'postgres') } = options
  await provideEmbeddedData(directory)
  const server = await startEmbeddedPostgres({ ...options, directory })
  const connection = connectionTo(server)
  return {
    server,
    connection,
    open: more => openStore({ connection, ...more }),
    async [Symbol.asyncDispose]() {
      await server.stop()
      await folder[Symbol.asyncDispose]()
    },
  }
}

export function connectionTo(server: EmbeddedPostgres): SqlConnection {
  return {
    kind: 'socket',
    directory: server.socketDirectory,
    user: server.user,
    database: server.database,
  }
}

export async function openStore(options: SqlStoreOptions): Promise<OpenStore> {
  const schema = options.schema ?? `test_${randomBytes(6).toString('hex')}`
  const engine = await openSqlStore({ ...options, schema })
  return {
    engine,
    // This engine serves every operation of the port.
    store: engine.operations as TaskStore,
    schema,
    [Symbol.asyncDispose]: () => engine.close(),
  }
}

export function attempt(signal: AbortSignal = new AbortController().signal): Attempt {
  return { signal, remainingMs: 10_000, number: 1 }
}

/** The driver itself, for what a store does not do: looking behind it, and getting in its way. */
export function rawClient(connection: SqlConnection): postgres.Sql & AsyncDisposable {
  const options = { max: 2, onnotice: () => undefined }
  const client =
    connection.kind === 'url'
      ? postgres(connection.url, options)
      : postgres({
          ...options,
          path: `${connection.directory}/.s.PGSQL.5432`,
          user: connection.user,
          database: connection.database,
        })
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end({ timeout: 1 }) })
}

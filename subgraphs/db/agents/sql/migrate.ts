import { EnneadError } from '../../../../kernel/errors.ts'
import type { Log } from '../../../../kernel/log.ts'
import type { Run } from './lanes.ts'
import type { SqlRow } from './lane.ts'
import { migrations } from './schema.ts'

/** The oldest server whose makers still mend it. */
const oldestServer = 14

/** A server that was looked at and whose schema is this version's. */
export interface ServerFacts {
  /** As people say it, e.g. `18.4`. */
  readonly version: string
  /** It waits for its disk, so that what it answered outlives its machine's power. */
  readonly durable: boolean
}

/**
 * Brings the schema to this version's, in one transaction that only one process at a time runs. Throws
 * DATA_FOLDER_CORRUPT for a schema that a newer version wrote, and AGENT_FAULT for a server that cannot be used.
 */
export async function migrate(run: Run, schema: string, log: Log): Promise<ServerFacts> {
  const facts = await inspect(run, log)
  await run(simple('begin'))
  try {
    // Where the server does not wait for its disk by itself, it does for this.
    await run(
      simple(`select set_config('synchronous_commit', 'on', true)
        where current_setting('synchronous_commit') = 'off'`),
    )
    // A migration may take longer than a request's statement.
    await run(simple("set local statement_timeout = '10min'"))
    await run(simple(`select pg_advisory_xact_lock(hashtextextended('ennead:${schema}', 0))`))
    await step(run, schema, log)
    await run(simple('commit'))
  } catch (failure) {
    // On a connection that broke, the server has rolled back by itself.
    await run(simple('rollback')).catch(() => undefined)
    throw failure
  }
  return facts
}

async function step(run: Run, schema: string, log: Log): Promise<void> {
  // "if not exists" would ask for the right to create schemas even where ours is there.
  const found = await run(simple(`select 1 from pg_namespace where nspname = '${schema}'`))
  if (found.length === 0) await run(simple(`create schema "${schema}"`))
  const tables = await run(simple(`select to_regclass('"${schema}".migrations') is not null as present`))
  if (tables[0]?.['present'] !== true) {
    await run(
      simple(
        'create table migrations (version integer primary key, name text, at timestamptz default now())',
      ),
    )
  }
  const applied = await run(simple('select coalesce(max(version), 0) as version from migrations'))
  const from = Number(applied[0]?.['version'])
  const known = migrations.length
  if (from > known) {
    throw new EnneadError(
      'DATA_FOLDER_CORRUPT',
      `the PostgreSQL schema "${schema}" is version ${from} and this Ennead knows up to ${known}: ` +
        'start the Ennead that wrote it, or a newer one',
    )
  }
  for (const { version, name, sql } of migrations.slice(from)) {
    await run(simple(sql))
    await run(simple(`insert into migrations (version, name) values (${version}, '${name}')`))
    log.info('sql.migrated', { schema, version, name })
  }
}

async function inspect(run: Run, log: Log): Promise<ServerFacts> {
  const [row] = await run(
    simple(`select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
      current_setting('full_page_writes') as pages`),
  )
  const version = textOf(row, 'version').split(' ')[0] ?? ''
  if (Number(row?.['number']) < oldestServer * 10_000) {
    throw new EnneadError(
      'AGENT_FAULT',
      `PostgreSQL ${version} is too old, at least ${oldestServer} is needed`,
    )
  }
  if (textOf(row, 'encoding') !== 'UTF8') {
    throw new EnneadError(
      'AGENT_FAULT',
      `the PostgreSQL database is encoded in ${textOf(row, 'encoding')}; create one with encoding UTF8`,
    )
  }
  const off = ['fsync', 'pages'].filter(setting => textOf(row, setting) === 'off')
  for (const setting of off) {
    log.warn('sql.not-durable', { setting: setting === 'pages' ? 'full_page_writes' : setting })
  }
  return { version, durable: off.length === 0 }
}

/** A statement without values, outside the prepared ones; may be several. */
function simple(text: string): {
  readonly text: string
  readonly values: readonly []
  readonly prepared: false
} {
  return { text, values: [], prepared: false }
}

function textOf(row: SqlRow | undefined, column: string): string {
  const value = row?.[column]
  return typeof value === 'string' ? value : ''
}

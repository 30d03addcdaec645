import { EnneadError } from '../../../../kernel/errors.ts'
import type { Log } from '../../../../kernel/log.ts'
import type { Run } from './lanes.ts'
import type { SqlRow } from './lane.ts'
import type { LayoutStep } from '../../layout.ts'
import { requireLayout, tooNew } from '../../layout.ts'
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
 * Brings the schema to this version's, each step in a transaction that only one process at a time runs. Throws
 * STORE_TOO_NEW for a schema that a newer version wrote, and AGENT_FAULT for a server that cannot be used.
 */
export async function migrate(run: Run, schema: string, log: Log): Promise<ServerFacts> {
  const facts = await inspect(run, log)
  await moveSchema(run, schema, migrations.length, ({ version, name }) =>
    log.info('sql.migrated', { schema, version, name }),
  )
  return facts
}

/** The layout of a schema; 0: there is none. */
export async function schemaLayout(run: Run, schema: string): Promise<number> {
  const tables = await run(simple(`select to_regclass('"${schema}".migrations') is not null as present`))
  if (tables[0]?.['present'] !== true) return 0
  const applied = await run(simple(`select coalesce(max(version), 0) as version from "${schema}".migrations`))
  return Number(applied[0]?.['version'])
}

/** Brings a schema to another layout, up or down, step by step, so that one that takes long and fails loses only itself. */
export async function moveSchema(
  run: Run,
  schema: string,
  to: number,
  onStep: (step: LayoutStep, direction: 'up' | 'down') => void,
): Promise<void> {
  requireLayout('sql', to, migrations)
  for (;;) {
    const done = await inTransaction(run, schema, () => stepTowards(run, schema, to))
    if (done === undefined) return
    onStep(done.step, done.direction)
  }
}

async function inTransaction<T>(run: Run, schema: string, work: () => Promise<T>): Promise<T> {
  await run(simple('begin'))
  try {
    // Where the server does not wait for its disk by itself, it does for this.
    await run(
      simple(`select set_config('synchronous_commit', 'on', true)
        where current_setting('synchronous_commit') = 'off'`),
    )
    // An index of millions takes as long as it takes; giving up would begin anew with each start.
    await run(simple('set local statement_timeout = 0'))
    await run(simple(`select pg_advisory_xact_lock(hashtextextended('ennead:${schema}', 0))`))
    const result = await work()
    await run(simple('commit'))
    return result
  } catch (failure) {
    // On a connection that broke, the server has rolled back by itself.
    await run(simple('rollback')).catch(() => undefined)
    throw failure
  }
}

async function stepTowards(
  run: Run,
  schema: string,
  to: number,
): Promise<{ readonly step: LayoutStep; readonly direction: 'up' | 'down' } | undefined> {
  const present = await schemaLayout(run, schema)
  if (present > migrations.length) {
    throw tooNew(`the PostgreSQL schema "${schema}"`, 'sql', present, migrations.length)
  }
  if (present === to) return undefined
  const direction = present < to ? 'up' : 'down'
  const step = migrations[direction === 'up' ? present : present - 1]
  if (step === undefined) return undefined
  const { version, name, sql, down } = step
  if (direction === 'up') {
    if (version === 1) await makeSchema(run, schema)
    await run(simple(sql))
    await run(simple(`insert into migrations (version, name) values (${version}, '${name}')`))
  } else {
    if (down === undefined) throw new EnneadError('BAD_OPTION', `there is no layout before ${version}`)
    await run(simple(down))
    await run(simple(`delete from migrations where version = ${version}`))
  }
  return { step: { version, name }, direction }
}

async function makeSchema(run: Run, schema: string): Promise<void> {
  // "if not exists" would ask for the right to create schemas even where ours is there.
  const found = await run(simple(`select 1 from pg_namespace where nspname = '${schema}'`))
  if (found.length === 0) await run(simple(`create schema "${schema}"`))
  const tables = await run(simple(`select to_regclass('"${schema}".migrations') is not null as present`))
  if (tables[0]?.['present'] === true) return
  await run(
    simple('create table migrations (version integer primary key, name text, at timestamptz default now())'),
  )
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

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDataFolder } from '../../cli/data-folder.ts'
import { silentLog } from '../../kernel/log.ts'
import { openLmdbStore } from '../../subgraphs/db/agents/nosql/lmdb-store.ts'
import { startEmbeddedPostgres } from '../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import { migrations } from '../../subgraphs/db/agents/sql/schema.ts'
import { openSqlStore } from '../../subgraphs/db/agents/sql/sql-store.ts'
import { connectionTo } from '../db/sql/postgres-for-tests.ts'
import { runEnnead, temporaryFolder } from './running-ennead.ts'

test(
  'an operator sees the layout of each store, goes back, and up again, while Ennead is stopped',
  { timeout: 120_000 },
  async () => {
    await using folder = await temporaryFolder()
    const data = join(folder.path, 'data')
    const migrate = (...argv: readonly string[]) => runEnnead(['migrate', ...argv, '--data', data])
    expect((await migrate('status')).stderr).toContain('has no stores')
    {
      await using open = await openDataFolder(data, ['db'])
      const server = await startEmbeddedPostgres({ directory: open.join('db', 'sql'), log: silentLog })
      await (await openSqlStore({ connection: connectionTo(server) })).close()
      await server.stop()
      await (await openLmdbStore({ directory: open.join('db', 'nosql'), log: silentLog })).close()
      expect((await migrate('status')).stderr).toContain('DATA_FOLDER_IN_USE')
    }
    const status = await migrate('status')
    expect(status.code).toBe(0)
    const newest = migrations.length
    expect(status.stdout).toMatch(
      new RegExp(`^sql +layout ${newest} of ${newest} .*\\nnosql +layout 1 of 1 .*\\ncache +no data yet`),
    )
    expect((await migrate('down')).stderr).toContain('down needs --store')
    const down = await migrate('down', '--store', 'sql', '--to', '1')
    const back = migrations.slice(1).toReversed()
    expect(down.stderr).toBe(
      back.map(({ version, name }) => `sql: taken back ${version} (${name})\n`).join(''),
    )
    const older = await migrate('status', '--format', 'json')
    expect(older.code).toBe(1)
    expect(JSON.parse(older.stdout)).toMatchObject([{ store: 'sql', layout: 1, newest }, {}, {}])
    expect(await migrate('up')).toMatchObject({ code: 0, stdout: status.stdout })
  },
)

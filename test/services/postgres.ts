import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { madeOnce } from '../support/made-once.ts'
import { findCommand, isExecutable } from './availability.ts'
import { freePort, ServiceProcess } from './service-process.ts'

/** The folder with the newest PostgreSQL's initdb and postgres, if one is installed. */
export function findPostgres(): string | undefined {
  const debian = globSync('/usr/lib/postgresql/*/bin').sort((left, right) => major(right) - major(left))
  const onPath = findCommand('initdb')
  const folders = onPath === undefined ? debian : [...debian, dirname(onPath)]
  return folders.find(
    folder => isExecutable(join(folder, 'initdb')) && isExecutable(join(folder, 'postgres')),
  )
}

export interface PostgresServer extends AsyncDisposable {
  /** `postgres://ennead:…@127.0.0.1:port/postgres` */
  readonly url: string
  readonly process: ServiceProcess
}

const run = promisify(execFile)
const user = 'ennead'
const password = 'only-of-this-test'

/** Starts a PostgreSQL of its own below the folder `under`, as another user where we are root, whom it refuses. */
export async function startPostgres(binaries: string, under = tmpdir()): Promise<PostgresServer> {
  const folder = await mkdtemp(join(under, 'ennead-postgres-'))
  const account = process.getuid?.() === 0 ? lesserUser() : undefined
  if (account !== undefined) await chown(folder, account.uid, account.gid)
  const data = join(folder, 'data')
  await madeOnce('postgres', data, async path => {
    const made = join(folder, 'made')
    await run(
      join(binaries, 'initdb'),
      ['-D', made, '-U', user, '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
      { cwd: folder, ...account },
    )
    // They may be on different disks.
    await run('mv', [made, path])
  })
  const port = await freePort()
  const url = `postgres://${user}:${password}@127.0.0.1:${port}/postgres`
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`]
  const server = new ServiceProcess({
    command: join(binaries, 'postgres'),
    args: ['-D', data, ...settings.flatMap(setting => ['-c', setting])],
    user: account,
    startsAgain: true,
    probe: () => ping(url),
    // Debian's name for it is a fast shutdown: clients are disconnected, everything is written.
    stopSignal: 'SIGINT',
  })
  await server.start()
  return {
    url,
    process: server,
    async [Symbol.asyncDispose]() {
      // Killing only the first process leaves its children to end by themselves; a fast stop takes all with it.
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function ping(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, connect_timeout: 1, onnotice: () => {} })
  try {
    await sql`select 1`
  } finally {
    await sql.end({ timeout: 0 })
  }
}

/** Some user that is not root: PostgreSQL's own, or nobody. */
function lesserUser(): { readonly uid: number; readonly gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const line =
    lines.find(entry => entry.startsWith('postgres:')) ?? lines.find(entry => entry.startsWith('nobody:'))
  const [, , uid = '65534', gid = '65534'] = (line ?? '').split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

function major(folder: string): number {
  return Number(/\/(\d+)\//.exec(folder)?.[1] ?? 0)
}

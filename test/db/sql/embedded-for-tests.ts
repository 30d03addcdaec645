import { spawn } from 'node:child_process'
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'
import { EnneadError } from '../../../kernel/errors.ts'
import { embeddedPackage } from '../../../subgraphs/db/agents/sql/embedded/binaries.ts'
import { startEmbeddedPostgres } from '../../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import type {
  EmbeddedPostgres,
  EmbeddedPostgresOptions,
} from '../../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import { commitOf, task } from '../../contract/sample-records.ts'
import { attempt, connectionTo, openStore } from './postgres-for-tests.ts'
import { commitTo } from '../../support/commit-to.ts'

export async function withServer(
  options: EmbeddedPostgresOptions,
  body: (server: EmbeddedPostgres) => Promise<void>,
): Promise<void> {
  const server = await startEmbeddedPostgres(options)
  try {
    await body(server)
  } finally {
    await server.stop()
  }
}

export async function write(server: EmbeddedPostgres, commitId: string, taskId: string): Promise<void> {
  await using open = await openStore({ connection: connectionTo(server), schema: 'ennead' })
  const [outcome] = await commitTo(open.store, [commitOf(commitId, task(taskId))], attempt())
  expect(outcome?.is).toBe('committed')
}

export async function read(server: EmbeddedPostgres, taskId: string): Promise<string | undefined> {
  await using open = await openStore({ connection: connectionTo(server), schema: 'ennead' })
  const [record] = await open.store.read([{ kind: 'task', id: taskId }], attempt())
  return record?.id
}

export type OpenedStore = Awaited<ReturnType<typeof openStore>>['store']

export async function wholeLog(store: OpenedStore): Promise<Awaited<ReturnType<OpenedStore['log']>>> {
  const entries: Awaited<ReturnType<OpenedStore['log']>>[number][] = []
  for (;;) {
    const page = await store.log({ afterSeq: entries.length, limit: 1_000 }, attempt())
    entries.push(...page)
    if (page.length < 1_000) return entries
  }
}

/** A process of its own with a server on `directory`. */
export async function runElsewhere(directory: string): Promise<{
  readonly ours: number
  readonly postgres: number
  readonly stopWatchdog: () => Promise<void>
}> {
  const script = join(import.meta.dirname, 'run-embedded.ts')
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const [line] = await Promise.race([
    new Promise<readonly string[]>(resolve => lines.once('line', text => resolve([text]))),
    new Promise<never>((_, reject) => child.once('exit', code => reject(new Error(`it ended with ${code}`)))),
  ])
  return {
    ours: child.pid ?? 0,
    postgres: Number(line),
    async stopWatchdog() {
      for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
        const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
        if (command.includes(`ennead-watchdog\0${line}\0`)) process.kill(Number(pid), 'SIGKILL')
      }
    },
  }
}

/** The package as npm unpacks it. Programs find their libraries from where they really are, so those are copied. */
export async function packageWithoutLinks(folder: string): Promise<string> {
  const original = join(embeddedPackage(), 'native')
  const native = join(folder, 'package', 'native')
  await mkdir(join(native, 'lib'), { recursive: true })
  await cp(join(original, 'pg-symlinks.json'), join(native, 'pg-symlinks.json'))
  for (const program of ['postgres', 'initdb']) {
    await cp(join(original, 'bin', program), join(native, 'bin', program))
  }
  await symlink(join(original, 'share'), join(native, 'share'))
  // The list is the package's own, in this form.
  const list = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly target: string
  }[]
  const links = new Set(list.map(({ target }) => basename(target)))
  for (const file of await readdir(join(original, 'lib'))) {
    if (!links.has(file)) await symlink(join(original, 'lib', file), join(native, 'lib', file))
  }
  return join(folder, 'package')
}

export async function failureOf(work: Promise<unknown>): Promise<EnneadError> {
  const failure = await work.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  )
  if (!(failure instanceof EnneadError)) throw new Error('not one of our failures', { cause: failure })
  return failure
}

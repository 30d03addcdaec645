import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import { startEmbeddedPostgres } from '../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import { isAlive } from '../../subgraphs/db/agents/sql/embedded/leftovers.ts'
import { commitOf, task } from '../contract/sample-records.ts'
import { until } from '../support/until.ts'
import { provideEmbeddedData } from './sql/embedded-data.ts'
import { read, runElsewhere, wholeLog, withServer, write } from './sql/embedded-for-tests.ts'
import { attempt, connectionTo, openStore, rawClient, testFolder } from './sql/postgres-for-tests.ts'
import type { TestFolder } from './sql/postgres-for-tests.ts'
import { commitTo } from '../support/commit-to.ts'

/** Bound of every wait: what takes a moment here may take long on a machine that does much else. */
const patienceMs = 20_000

/** With data as a first start makes it. */
async function usedFolder(below?: string): Promise<TestFolder> {
  const folder = await testFolder(below)
  await provideEmbeddedData(folder.path)
  return folder
}

test('a server killed in the middle of commits comes back by itself with every acknowledged one', async () => {
  await using folder = await usedFolder()
  await withServer({ directory: folder.path }, async server => {
    await using raw = rawClient(connectionTo(server))
    // The store must not trust the server's own idea of when a commit is durable.
    await raw`alter role ${raw(server.user)} set synchronous_commit = off`
    await using open = await openStore({ connection: connectionTo(server) })
    const acknowledged = new Map<string, number>()
    const ambiguous = new Set<string>()
    const enoughOf = new AbortController()
    const writer = async (name: number): Promise<void> => {
      for (let number = 0; !enoughOf.signal.aborted; number++) {
        const id = `task_${name}_${number}`
        const commit = commitOf(`c_${id}`, task(id))
        const [outcome] = await commitTo(open.store, [commit], attempt()).catch((failure: unknown) => {
          if (failure instanceof EnneadError && failure.kind === 'ambiguous') ambiguous.add(commit.id)
          return []
        })
        if (outcome?.is === 'committed') acknowledged.set(commit.id, outcome.position.seq)
      }
    }
    const writers = [1, 2, 3, 4].map(writer)
    try {
      for (let kill = 1; kill <= 2; kill++) {
        const enough = acknowledged.size + 25
        await until('commits go on', () => acknowledged.size > enough, patienceMs)
        const pid = server.pid()
        if (pid === undefined) throw new Error('not running')
        process.kill(pid, 'SIGKILL')
        await until('it runs again', () => server.pid() !== undefined && server.pid() !== pid, patienceMs)
      }
    } finally {
      enoughOf.abort()
      await Promise.all(writers)
    }
    const log = await wholeLog(open.store)
    expect(log.map(entry => entry.position.seq)).toEqual(log.map((_, index) => index + 1))
    const stored = new Map(log.map(entry => [entry.commit.id, entry.position.seq]))
    for (const [id, seq] of acknowledged) expect(stored.get(id), id).toBe(seq)
    const unexplained = [...stored.keys()].filter(id => !acknowledged.has(id) && !ambiguous.has(id))
    expect(unexplained).toEqual([])
    const keys = log.map(entry => ({ kind: 'task' as const, id: entry.commit.puts[0]?.id ?? '' }))
    expect((await open.store.read(keys, attempt())).every(record => record !== undefined)).toBe(true)
  })
})

test('a server killed while a statement holds on to its memory does not keep the next one out', async () => {
  await using folder = await usedFolder()
  await withServer({ directory: folder.path }, async server => {
    await using raw = rawClient(connectionTo(server))
    const [row] = await raw`select pg_backend_pid() as pid`
    // A busy loop notices nothing; its process keeps the dead server's memory.
    const busy = raw`do $$ begin loop end loop; end $$`.catch(() => undefined)
    const pid = server.pid()
    if (pid === undefined) throw new Error('not running')
    expect(isAlive(Number(row?.['pid']))).toBe(true)
    process.kill(pid, 'SIGKILL')
    await until('it is seen as gone', () => server.state().phase === 'restarting', patienceMs)
    await until('it runs again', () => server.pid() !== undefined, patienceMs)
    await write(server, 'c1', 'task_a')
    await busy
  })
})

test('when our process is killed the server ends by itself, and the next start finds everything', async () => {
  await using folder = await usedFolder()
  const { ours, postgres } = await runElsewhere(folder.path)
  process.kill(ours, 'SIGKILL')
  await until('the server ended', () => !isAlive(postgres), patienceMs)
  await withServer({ directory: folder.path }, async server => {
    expect(await read(server, 'task_child')).toBe('task_child')
  })
})

test('a server left running by a killed run is stopped before the next one', async () => {
  await using folder = await usedFolder()
  const { ours, postgres, stopWatchdog } = await runElsewhere(folder.path)
  await stopWatchdog()
  process.kill(ours, 'SIGKILL')
  await until('our process is gone', () => !isAlive(ours), patienceMs)
  expect(isAlive(postgres)).toBe(true)
  await withServer({ directory: folder.path }, async server => {
    expect(isAlive(postgres)).toBe(false)
    expect(await read(server, 'task_child')).toBe('task_child')
  })
})

test('a stop while it restarts ends the restarting', async () => {
  await using folder = await usedFolder()
  const server = await startEmbeddedPostgres({ directory: folder.path })
  process.kill(server.pid() ?? 0, 'SIGKILL')
  await until('it restarts', () => server.state().phase === 'restarting', patienceMs)
  await server.stop()
  expect(server.state()).toEqual({ phase: 'stopped' })
})

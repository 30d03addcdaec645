import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EnneadError } from '../../../kernel/errors.ts'
import { openSqlStore } from '../../../subgraphs/db/agents/sql/sql-store.ts'
import { commitOf, task } from '../../contract/sample-records.ts'
import { until } from '../../support/until.ts'
import { attempt, rawClient, testFolder, testPostgres } from './postgres-for-tests.ts'
import type { OpenStore, TestPostgres } from './postgres-for-tests.ts'
import { commitTo } from '../../support/commit-to.ts'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await testPostgres()
})

afterAll(() => postgres[Symbol.asyncDispose]())

const taskA = [{ kind: 'task' as const, id: 'task_a' }]

test('a server that is not there is named, without the password, and quickly', async () => {
  const port = await withListener(
    () => undefined,
    server => Promise.resolve(portOf(server)),
  )
  const url = `postgres://ennead:secret@127.0.0.1:${port}/postgres`
  const failure = await failureOf(openSqlStore({ connection: { kind: 'url', url } }))
  expect(failure).toMatchObject({
    code: 'UNAVAILABLE',
    kind: 'fault',
    message: `PostgreSQL at 127.0.0.1:${port} cannot be reached (ECONNREFUSED)`,
  })
  await using folder = await testFolder()
  const socket = { kind: 'socket', directory: folder.path, user: 'ennead', database: 'postgres' } as const
  expect((await failureOf(openSqlStore({ connection: socket }))).message).toContain(
    join(folder.path, '.s.PGSQL.5432'),
  )
})

test('a server that accepts and says nothing is given up when the time to connect is over', async () => {
  await withListener(
    () => undefined,
    async server => {
      const url = `postgres://ennead:secret@127.0.0.1:${portOf(server)}/postgres`
      const began = performance.now()
      const failure = await failureOf(
        openSqlStore({ connection: { kind: 'url', url }, connectTimeoutMs: 150 }),
      )
      expect(failure.code).toBe('UNAVAILABLE')
      expect(failure.message).not.toContain('secret')
      expect(performance.now() - began).toBeLessThan(2_000)
    },
  )
})

test('a door that closes every connection is tried once, not over and over', async () => {
  let connections = 0
  const slam = (socket: Socket): void => {
    connections++
    socket.destroy()
  }
  await withListener(slam, async server => {
    const url = `postgres://ennead@127.0.0.1:${portOf(server)}/postgres`
    const failure = await failureOf(openSqlStore({ connection: { kind: 'url', url } }))
    expect(failure.code).toBe('UNAVAILABLE')
    expect(connections).toBe(1)
  })
})

test('a database that is missing and a user without rights are said plainly', async () => {
  const missing = { ...postgres.connection, database: 'nowhere' }
  expect(await failureOf(openSqlStore({ connection: missing }))).toMatchObject({
    code: 'AGENT_FAULT',
    message: expect.stringContaining('has no such database'),
  })
  const stranger = { ...postgres.connection, user: 'stranger' }
  expect(await failureOf(openSqlStore({ connection: stranger }))).toMatchObject({
    code: 'AGENT_FAULT',
    message: expect.stringContaining('refused the user'),
  })
})

test('a read whose caller leaves ends at once, on the server too', async () => {
  await using open = await filled()
  await blocked(open, async () => {
    const leaving = new AbortController()
    const reads = Array.from({ length: 3 }, () => open.store.read(taskA, attempt(leaving.signal)))
    await until('the reads wait in the server', async () => (await waiting(open)) === 3)
    leaving.abort(new Error('the caller left'))
    for (const read of reads) await expect(read).rejects.toThrow('the caller left')
    await until('the server has stopped the reads', async () => (await waiting(open)) === 0)
  })
  // Every connection serves again: more reads at once than there are connections.
  const again = await Promise.all(Array.from({ length: 12 }, () => open.store.read(taskA, attempt())))
  expect(again.every(([record]) => record?.id === 'task_a')).toBe(true)
})

test('a caller that leaves while waiting for a connection is gone at once and costs nothing', async () => {
  await using open = await filled({ connectionsMax: 3 })
  const leaving = new AbortController()
  await blocked(open, async () => {
    const held = open.store.read(taskA, attempt(leaving.signal))
    await until('the only reader is taken', async () => (await waiting(open)) === 1)
    const impatient = new AbortController()
    const queued = open.store.read(taskA, attempt(impatient.signal))
    impatient.abort(new Error('too slow'))
    await expect(queued).rejects.toThrow('too slow')
    leaving.abort(new Error('left'))
    await expect(held).rejects.toThrow('left')
  })
  expect(await open.store.read(taskA, attempt())).toHaveLength(1)
})

test('a change whose caller leaves is ambiguous, happens once, and answers its repetition', async () => {
  await using open = await filled()
  const change = commitOf('c2', task('task_a', { version: 2 }))
  await blocked(open, async () => {
    const leaving = new AbortController()
    const commit = commitTo(open.store, [change], attempt(leaving.signal))
    await until('the commit waits in the server', async () => (await waiting(open)) === 1)
    leaving.abort(new Error('deadline'))
    // It waits for the record it reads first: nothing was written yet, and that is known.
    await expect(commit).rejects.toThrow('deadline')
  })
  await blockedWrites(open, async () => {
    const leaving = new AbortController()
    const commit = commitTo(open.store, [change], attempt(leaving.signal))
    await until('the commit waits in the server', async () => (await waiting(open)) === 1)
    leaving.abort(new Error('deadline'))
    await expect(commit).rejects.toMatchObject({ code: 'UNKNOWN_COMMIT_OUTCOME', kind: 'ambiguous' })
  })
  const [outcome] = await commitTo(open.store, [change], attempt())
  expect(outcome).toMatchObject({ is: 'committed', position: { seq: 2 } })
  expect(await open.store.log({ afterSeq: 0, limit: 10 }, attempt())).toHaveLength(2)
})

test('a change whose connection breaks after it was sent is ambiguous, a read is not', async () => {
  await using open = await filled()
  await using raw = rawClient(postgres.connection)
  const breakThem = (): Promise<unknown> =>
    raw`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'ennead' and state = 'active'`
  await blockedWrites(open, async () => {
    const commit = commitTo(open.store, [commitOf('c2', task('task_a', { version: 2 }))], attempt())
    await until('the commit waits in the server', async () => (await waiting(open)) === 1)
    const failed = failureOf(commit)
    await breakThem()
    expect(await failed).toMatchObject({ code: 'UNKNOWN_COMMIT_OUTCOME', kind: 'ambiguous' })
  })
  await blocked(open, async () => {
    const read = failureOf(open.store.read(taskA, attempt()))
    await until('the read waits in the server', async () => (await waiting(open)) === 1)
    await breakThem()
    expect(await read).toMatchObject({ code: 'UNAVAILABLE', kind: 'fault' })
  })
  expect(await open.store.read(taskA, attempt())).toMatchObject([{ version: 1 }])
})

test('a statement that takes too long is ended by the server', async () => {
  await using open = await filled({ statementTimeoutMs: 100 })
  await blocked(open, async () => {
    const failure = await failureOf(open.store.read(taskA, attempt()))
    expect(failure).toMatchObject({ code: 'AGENT_TIMEOUT', kind: 'timeout' })
  })
})

test('a connection whose server froze is replaced, and the others go on meanwhile', async () => {
  await using open = await filled({ connectionsMax: 4 })
  await using raw = rawClient(postgres.connection)
  // Both readers must have a connection, so that one of them can freeze.
  await Promise.all([open.store.read(taskA, attempt()), open.store.read(taskA, attempt())])
  const rows = await raw`select pid from pg_stat_activity
    where application_name = 'ennead' and query like '%from records%' limit 1`
  const frozen = Number(rows[0]?.['pid'])
  process.kill(frozen, 'SIGSTOP')
  try {
    const brief = (): Promise<boolean> =>
      open.store.read(taskA, attempt(AbortSignal.timeout(100))).then(
        () => true,
        () => false,
      )
    const both = await Promise.all([brief(), brief()])
    expect(both.filter(answered => answered)).toHaveLength(1)
    // It cost one call its time; its lane is out of the way now.
    for (let call = 0; call < 6; call++) expect(await brief()).toBe(true)
  } finally {
    process.kill(frozen, 'SIGCONT')
  }
  await until('both readers serve again', async () => {
    const both = await Promise.all([0, 1].map(() => open.store.read(taskA, attempt())))
    return both.every(([record]) => record?.id === 'task_a')
  })
})

test('a store outlives its server: it fails while that is away and serves again when it is back', async () => {
  await using folder = await testFolder()
  await using own = await testPostgres({ directory: join(folder.path, 'postgres') })
  await using open = await own.open()
  await commitTo(open.store, [commitOf('c1', task('task_a'))], attempt())
  const pid = own.server.pid()
  if (pid === undefined) throw new Error('not running')
  process.kill(pid, 'SIGKILL')
  const failures: unknown[] = []
  await until('the store serves again', async () => {
    const read = await open.store.read(taskA, attempt()).catch((failure: unknown) => failures.push(failure))
    // Until it notices, a connection's process of the old server may go on answering.
    const now = own.server.pid()
    return Array.isArray(read) && now !== undefined && now !== pid
  })
  expect(failures.every(failure => failure instanceof EnneadError && failure.code === 'UNAVAILABLE')).toBe(
    true,
  )
  const [outcome] = await commitTo(open.store, [commitOf('c2', task('task_b'))], attempt())
  expect(outcome).toMatchObject({ is: 'committed', position: { seq: 2 } })
})

test('more waiting operations than the limit are refused before any work', async () => {
  await using open = await filled({ connectionsMax: 3 })
  const leaving = new AbortController()
  await blocked(open, async () => {
    const reads = Array.from({ length: 1_002 }, () =>
      failureOf(open.store.read(taskA, attempt(leaving.signal))),
    )
    expect(await reads.at(-1)).toMatchObject({ code: 'OVERLOADED', kind: 'overload' })
    leaving.abort(new EnneadError('CANCELLED', 'left'))
    await Promise.all(reads)
  })
})

test('after closing, operations are refused', async () => {
  await using open = await filled()
  await open.engine.close()
  expect(await failureOf(open.store.read(taskA, attempt()))).toMatchObject({ code: 'UNAVAILABLE' })
})

async function filled(options: Parameters<TestPostgres['open']>[0] = {}): Promise<OpenStore> {
  const open = await postgres.open(options)
  await commitTo(open.store, [commitOf('c1', task('task_a'))], attempt())
  return open
}

/** Runs `body` while nobody can read the records. */
function blocked(open: OpenStore, body: () => Promise<void>): Promise<void> {
  return locked(open, 'access exclusive', body)
}

/** Runs `body` while the records can be read and not written. */
function blockedWrites(open: OpenStore, body: () => Promise<void>): Promise<void> {
  return locked(open, 'exclusive', body)
}

async function locked(open: OpenStore, mode: string, body: () => Promise<void>): Promise<void> {
  await using raw = rawClient(postgres.connection)
  await raw.begin(async transaction => {
    await transaction.unsafe(`lock table "${open.schema}".records in ${mode} mode`)
    await body()
  })
}

/** How many of the store's statements wait for a lock in the server. */
async function waiting(_open: OpenStore): Promise<number> {
  await using raw = rawClient(postgres.connection)
  const rows = await raw`select pid from pg_stat_activity
    where application_name = 'ennead' and wait_event_type = 'Lock'`
  return rows.length
}

async function failureOf(work: Promise<unknown>): Promise<EnneadError> {
  const failure = await work.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  )
  if (!(failure instanceof EnneadError)) throw new Error('not one of our failures', { cause: failure })
  return failure
}

async function withListener<T>(
  accept: (socket: Socket) => void,
  body: (server: Server) => Promise<T>,
): Promise<T> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    accept(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    return await body(server)
  } finally {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  }
}

function portOf(server: Server): number {
  // A server that listens on a port has an address with one.
  return (server.address() as AddressInfo).port
}

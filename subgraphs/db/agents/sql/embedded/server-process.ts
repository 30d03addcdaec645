import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { sleep } from '../../../../../kernel/clock.ts'
import type { Clock } from '../../../../../kernel/clock.ts'
import { EnneadError } from '../../../../../kernel/errors.ts'
import type { Log } from '../../../../../kernel/log.ts'
import type { Binaries } from './binaries.ts'
import type { Identity } from './run-program.ts'
import { isReady, stopProcess } from './leftovers.ts'
import { spawnAs } from './run-program.ts'
import { startFailure } from './start-failure.ts'

/** What a server said, kept to explain why it ended. */
const saidLinesMax = 40
const saidCharsMax = 500
/** What an operator should see; a stop that ends connections is not that. */
const alarming = /^PANIC|^FATAL(?!: {2}terminating connection due to administrator command)/
const lookForReadyMs = 10
const lastWordsMs = 200

export interface ServerPlace {
  readonly data: string
  readonly socketDirectory: string
  readonly clusterName: string
  readonly identity: Identity
  readonly binaries: Binaries
  readonly clock: Clock
  readonly log: Log
}

/** One life of a PostgreSQL server: from spawn to exit. */
export interface ServerProcess {
  readonly pid: number
  /** Resolves, with what it said last, when it is gone. Never rejects. */
  readonly ended: Promise<readonly string[]>
  /** Ends it: fast shutdown, which keeps everything, then force. Resolves when it is gone. */
  stop(): Promise<void>
}

/**
 * Starts a server and resolves when it takes connections. Rejects when it ends before, with what it said put into the
 * codes of startFailure(), and when it takes longer than `timeoutMs`, or `signal` aborts; it is gone then.
 */
export async function startServer(
  place: ServerPlace,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ServerProcess> {
  const { data, identity, binaries, clock, log } = place
  const program = { file: binaries.postgres, args: serverArguments(place), environment: binaries.environment }
  const child = spawnAs(identity, program, ['ignore', 'ignore', 'pipe'])
  const ended = endOf(child, log)
  const { pid } = child
  if (pid === undefined) throw startFailure(data, await ended)
  const dog = watchdog(pid, data)
  void ended.then(() => dog.kill('SIGKILL'))
  let gone: readonly string[] | undefined
  void ended.then(said => (gone = said))
  const server: ServerProcess = {
    pid,
    ended,
    async stop() {
      // Its number may be another's by now.
      if (gone === undefined) await stopProcess(pid, clock)
      await ended
    },
  }
  const until = clock.now() + timeoutMs
  try {
    while (!(await isReady(data, pid))) {
      if (gone !== undefined) throw startFailure(data, gone)
      if (clock.now() > until) throw tooLong(data, timeoutMs)
      await sleep(clock, lookForReadyMs, signal)
    }
  } catch (failure) {
    await server.stop()
    throw failure
  }
  letGo(child)
  letGo(dog)
  return server
}

/** Settings are given with every start, so that those of this version count whatever made the data. */
function serverArguments({ data, socketDirectory, clusterName }: ServerPlace): readonly string[] {
  const settings: Readonly<Record<string, string>> = {
    listen_addresses: '',
    unix_socket_directories: socketDirectory,
    unix_socket_permissions: '0700',
    port: '5432',
    cluster_name: clusterName,
    // An acknowledged change survives any crash.
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    // A small server beside other things on the same machine.
    max_connections: '50',
    shared_buffers: '64MB',
    maintenance_work_mem: '32MB',
    max_wal_size: '256MB',
    min_wal_size: '32MB',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    max_worker_processes: '2',
    max_parallel_workers: '0',
    autovacuum_max_workers: '2',
    io_method: 'sync',
    huge_pages: 'off',
    jit: 'off',
    // Its files are on this machine's disk and mostly in memory: a page that is looked for costs little more than the next.
    random_page_cost: '1.1',
    effective_cache_size: '1GB',
    work_mem: '16MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Lines about statements could hold what users wrote.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_line_prefix: '',
  }
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

function endOf(child: ChildProcess, log: Log): Promise<readonly string[]> {
  const said: string[] = []
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', line => {
      const text = line.slice(0, saidCharsMax)
      said.push(text)
      if (said.length > saidLinesMax) said.shift()
      const level = alarming.test(text) ? 'warn' : 'debug'
      log[level]('postgres.said', { text })
    })
  }
  return new Promise(resolve => {
    child.once('error', failure => {
      said.push(failure.message)
      // Without a process there is no exit to wait for.
      if (child.pid === undefined) resolve(said)
    })
    child.once('exit', (code, signal) => {
      const end = (): void => resolve([...said, `ended with ${signal ?? `code ${code}`}`])
      // Its last words may still be in the pipe, but children of a killed server can hold that open for long.
      child.once('close', end)
      setTimeout(end, lastWordsMs)
    })
  })
}

/**
 * Ends the server when we die without having stopped it: a shell holds the other end of a pipe, which only our death
 * closes, and then asks for a fast shutdown, if the server it knows still is the one on the data.
 */
function watchdog(pid: number, data: string): ChildProcess {
  const script = 'read -r _; read -r now < "$2"; [ "$now" = "$1" ] && kill -INT "$1"'
  const dog = spawn('sh', ['-c', script, 'ennead-watchdog', String(pid), join(data, 'postmaster.pid')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  // Without it the next start still finds and stops what is left.
  dog.once('error', () => undefined)
  return dog
}

/** A server nobody stopped must not keep our process alive; the watchdog ends it. */
function letGo(child: ChildProcess): void {
  child.unref()
  for (const stream of [child.stdin, child.stderr]) {
    // Pipes of children are sockets, which can be let go; the type does not say so.
    if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
  }
}

function tooLong(data: string, timeoutMs: number): EnneadError {
  return new EnneadError('UNAVAILABLE', `PostgreSQL on ${data} did not start within ${timeoutMs} ms`)
}

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { sleep, systemClock } from '../../../../../kernel/clock.ts'
import type { Clock } from '../../../../../kernel/clock.ts'
import { EnneadError } from '../../../../../kernel/errors.ts'
import { silentLog } from '../../../../../kernel/log.ts'
import type { Log } from '../../../../../kernel/log.ts'
import { embeddedPackage, prepareBinaries } from './binaries.ts'
import { createData, dataExists, embeddedDatabase, embeddedUser } from './data-directory.ts'
import { giveTo, privateFolder, socketFolder, unreadable } from './folders.ts'
import { chooseIdentity } from './identity.ts'
import type { LeaveRoot } from './identity.ts'
import { clearLeftovers } from './leftovers.ts'
import type { Leftovers } from './leftovers.ts'
import type { ServerPlace } from './server-process.ts'
import { Supervisor } from './supervisor.ts'
import type { SupervisorState } from './supervisor.ts'

export interface EmbeddedPostgresOptions {
  /** Everything the server has is in here; made when it is not there, closed to other users. */
  readonly directory: string
  /** Milliseconds until the server must take connections, repairs after a crash included. Default 60,000. */
  readonly startTimeoutMs?: number
  /** How to run it when we are root, which PostgreSQL refuses to be. Default `auto`: whichever works. */
  readonly leaveRoot?: LeaveRoot
  /** The folder of the npm package with the programs. Default: the one installed for this machine. */
  readonly packageDirectory?: string
  readonly log?: Log
  readonly clock?: Clock
  /** Gives up starting. */
  readonly signal?: AbortSignal
}

/** A PostgreSQL server of our own, reached by a unix socket only we may open, and started again when it dies. */
export interface EmbeddedPostgres {
  readonly socketDirectory: string
  readonly user: string
  readonly database: string
  /** As people say it, e.g. `18.4`. */
  readonly version: string
  /** Its process, while it takes connections. */
  pid(): number | undefined
  state(): SupervisorState
  /** Ends it by fast shutdown, within seconds, else by force. Idempotent. */
  stop(): Promise<void>
}

const defaults = { startTimeoutMs: 60_000, leaveRoot: 'auto', log: silentLog, clock: systemClock } as const
/** Nothing of a stop or start may hang on timers that do not keep the process alive. */
const keepAliveMs = 1_000
/** What a killed server has left in the system may take a moment to go away. */
const inUseRetries = { max: 20, pauseMs: 100 }

/**
 * Starts PostgreSQL on `directory`/data, making the data first where there is none. What an earlier run that was
 * killed has left is stopped first; a server that still belongs to a living process is not touched.
 *
 * Rejects with UNAVAILABLE where there is no PostgreSQL for this machine or it cannot run; DATA_FOLDER_UNREADABLE for
 * rights and full disks; DATA_FOLDER_CORRUPT for data that is damaged or of another version; DATA_FOLDER_IN_USE.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const settings = { ...defaults, ...options }
  check(settings)
  const release = keepAlive()
  try {
    return await start(settings)
  } finally {
    release()
  }
}

type Settings = EmbeddedPostgresOptions & Required<Pick<EmbeddedPostgresOptions, keyof typeof defaults>>

async function start(settings: Settings): Promise<EmbeddedPostgres> {
  const { leaveRoot, log, clock, startTimeoutMs } = settings
  const directory = resolve(settings.directory)
  await privateFolder(directory)
  const data = join(directory, 'data')
  const clusterName = `ennead_${createHash('sha256').update(data).digest('hex').slice(0, 12)}`
  await takeOver(directory, { data, clusterName, log, clock })
  const binaries = await prepareBinaries(settings.packageDirectory ?? embeddedPackage(), directory)
  const { identity, version } = await identityFor(leaveRoot, directory, binaries)
  const socketDirectory = socketFolder(directory)
  await privateFolder(socketDirectory)
  await giveTo(identity, socketDirectory)
  if (await dataExists(data, version.split('.')[0] ?? '')) await giveTo(identity, data)
  else await createData(data, identity, binaries)
  const place: ServerPlace = { data, socketDirectory, clusterName, identity, binaries, clock, log }
  const supervisor = new Supervisor(place, startTimeoutMs)
  await firstStart(supervisor, clock, settings.signal ?? new AbortController().signal)
  log.info('postgres.started', { data, version, runsAs: identity.name })
  return {
    socketDirectory,
    user: embeddedUser,
    database: embeddedDatabase,
    version,
    pid: () => supervisor.pid,
    state: () => supervisor.state,
    async stop() {
      const release = keepAlive()
      await supervisor.stop().finally(release)
    },
  }
}

async function identityFor(
  leaveRoot: LeaveRoot,
  directory: string,
  binaries: ServerPlace['binaries'],
): Promise<{ readonly identity: ServerPlace['identity']; readonly version: string }> {
  const probe = { file: binaries.postgres, args: ['--version'], environment: binaries.environment }
  const { identity, output } = await chooseIdentity(leaveRoot, directory, probe)
  // "postgres (PostgreSQL) 18.4"
  const version = /\) (\d+(?:\.\d+)*)/.exec(output)?.[1]
  if (version === undefined) throw new EnneadError('UNAVAILABLE', `${probe.file} did not tell its version`)
  return { identity, version }
}

/** Stops what a killed run has left, and writes down that the server is ours from now on. */
async function takeOver(directory: string, leftovers: Omit<Leftovers, 'previousSupervisor'>): Promise<void> {
  const file = join(directory, 'supervisor.pid')
  const previous = Number(await readFile(file, 'utf8').catch(() => ''))
  const previousSupervisor = previous > 0 ? previous : undefined
  await clearLeftovers({ ...leftovers, previousSupervisor })
  await writeFile(file, String(process.pid), { mode: 0o600 }).catch(cause => {
    throw unreadable(directory, cause)
  })
}

async function firstStart(supervisor: Supervisor, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await supervisor.start(signal)
      return
    } catch (failure) {
      const inUse = failure instanceof EnneadError && failure.code === 'DATA_FOLDER_IN_USE'
      if (!inUse || tries >= inUseRetries.max) throw failure
      await sleep(clock, inUseRetries.pauseMs, signal)
    }
  }
}

function keepAlive(): () => void {
  const timer = setInterval(() => undefined, keepAliveMs)
  return () => clearInterval(timer)
}

function check({ directory, startTimeoutMs }: EmbeddedPostgresOptions): void {
  if (directory === '') throw new EnneadError('BAD_OPTION', 'directory must name a folder, got ""')
  if (startTimeoutMs === undefined || !Number.isSafeInteger(startTimeoutMs) || startTimeoutMs < 1) {
    throw new EnneadError('BAD_OPTION', `startTimeoutMs must be an integer >= 1, got ${startTimeoutMs}`)
  }
}

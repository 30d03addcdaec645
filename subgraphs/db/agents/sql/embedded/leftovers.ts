import { readFileSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep } from '../../../../../kernel/clock.ts'
import type { Clock } from '../../../../../kernel/clock.ts'
import { EnneadError } from '../../../../../kernel/errors.ts'
import type { Log } from '../../../../../kernel/log.ts'
import { runProgram } from './run-program.ts'

/** How long each way of stopping gets before the next. */
const fastStopMs = 5_000
const immediateStopMs = 2_000
/** Orphans notice by themselves that their server died, unless they are in the middle of a statement. */
const orphanLeaveMs = 200
const lookAgainMs = 10

export interface Leftovers {
  readonly data: string
  /** What the server's processes carry in their titles. */
  readonly clusterName: string
  /** The process that supervised the previous server, when known. */
  readonly previousSupervisor: number | undefined
  readonly log: Log
  readonly clock: Clock
}

/**
 * Clears the way for a server on this data: what a run that was killed has left is stopped. Rejects with
 * DATA_FOLDER_IN_USE when the server that runs there is still supervised by a living process.
 */
export async function clearLeftovers(leftovers: Leftovers): Promise<void> {
  const { data, log, clock, previousSupervisor } = leftovers
  const file = join(data, 'postmaster.pid')
  const pid = await serverPid(data)
  if (pid === undefined) return
  const server = (await processes()).find(found => found.pid === pid && isServerOn(found, data))
  if (server !== undefined) {
    // While a process that was killed is ending, it still has its children.
    if (server.parent === previousSupervisor && isAlive(server.parent)) throw inUse(data, server)
    log.warn('postgres.leftover-stopped', { pid, data })
    await stopProcess(pid, clock)
  }
  await clearOrphans(leftovers)
  // The system may have given its number to another program, which PostgreSQL would take for a server.
  if ((await serverPid(data)) === pid) await rm(file, { force: true })
}

/** The process number in PostgreSQL's lock file, its first line; undefined when there is none. */
export async function serverPid(data: string): Promise<number | undefined> {
  const pid = Number((await lockFile(data))[0])
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
}

/** Does the server `pid` take connections? Its lock file says so in its eighth line, as pg_ctl reads it. */
export async function isReady(data: string, pid: number): Promise<boolean> {
  const lines = await lockFile(data)
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
}

/** A process that ended but was not waited for (an orphan in a container whose first process does not) counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    if (process.platform !== 'linux') return true
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch (failure) {
    return failure instanceof Error && 'code' in failure && failure.code === 'EPERM'
  }
}

/** Ends a server by fast shutdown, else immediate shutdown, else force. Resolves when it is gone. */
export async function stopProcess(pid: number, clock: Clock): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', fastStopMs],
    ['SIGQUIT', immediateStopMs],
    ['SIGKILL', immediateStopMs],
  ] as const) {
    send(pid, signal)
    const until = clock.now() + waitMs
    while (isAlive(pid) && clock.now() < until) await sleep(clock, lookAgainMs)
    if (!isAlive(pid)) return
  }
}

/** The children of a server that was killed would keep the next one out while they live; they can save nothing. */
async function clearOrphans({ clusterName, clock, log }: Leftovers): Promise<void> {
  const until = clock.now() + orphanLeaveMs
  const orphans = async (): Promise<readonly Process[]> =>
    (await processes()).filter(found => found.command.startsWith(`postgres: ${clusterName}: `))
  let left = await orphans()
  while (left.length > 0 && clock.now() < until) {
    await sleep(clock, lookAgainMs)
    left = await orphans()
  }
  for (const { pid, command } of left) {
    log.warn('postgres.orphan-killed', { pid, command })
    send(pid, 'SIGKILL')
    while (isAlive(pid) && clock.now() < until + immediateStopMs) await sleep(clock, lookAgainMs)
  }
}

interface Process {
  readonly pid: number
  readonly parent: number
  /** Its arguments, each followed by a space. */
  readonly command: string
}

function isServerOn(found: Process, data: string): boolean {
  return found.command.includes('postgres') && found.command.includes(` -D ${data} `)
}

async function processes(): Promise<readonly Process[]> {
  if (process.platform !== 'linux') return listedByPs()
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const found = await Promise.all(pids.map(pid => procEntry(Number(pid))))
  return found.filter(entry => entry !== undefined)
}

async function procEntry(pid: number): Promise<Process | undefined> {
  try {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // "pid (name) state parent …": the name may hold anything, also ")".
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    return { pid, parent, command: command.replaceAll('\0', ' ') }
  } catch {
    // It ended while we looked.
    return undefined
  }
}

async function listedByPs(): Promise<readonly Process[]> {
  const ourselves = { name: 'ourselves', prefix: [], owner: { uid: 0, gid: 0 } }
  const ps = { file: 'ps', args: ['-axww', '-o', 'pid=,ppid=,command='], environment: {} }
  const lines = (await runProgram(ourselves, ps, fastStopMs)).split('\n')
  return lines.flatMap(line => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command: `${command} ` }]
  })
}

async function lockFile(data: string): Promise<readonly string[]> {
  return (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone already, or not ours; whoever waits for it sees which.
  }
}

function inUse(data: string, server: Process): EnneadError {
  return new EnneadError(
    'DATA_FOLDER_IN_USE',
    `a PostgreSQL (process ${server.pid}) runs on ${data} for the Ennead with process ${server.parent}; stop that first`,
  )
}

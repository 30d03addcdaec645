import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Tally } from '../../dispatch/chaos/tallies.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { PolicyName } from '../chaos-commands.ts'
import { askControl } from '../control.ts'
import { controlSocketPath } from '../data-folder.ts'
import { demoEmail } from '../demo.ts'

const readyMsMax = 60_000
const stopMsMax = 20_000
const interruptions = ['SIGINT', 'SIGTERM'] as const

/** An Ennead of its own, started with `--chaos` on a temporary data folder that is removed at the end. */
export interface RunningSystem extends AsyncDisposable {
  /** http://127.0.0.1:port/graphql */
  readonly url: string
  readonly host: string
  /** Replaces all faults; none given: ends them. */
  faults(faults: readonly string[], seed?: number, requests?: string): Promise<void>
  /** The policy of operations from now on; undefined: their own. */
  policy(operations: readonly OperationName[], policy: PolicyName | undefined): Promise<void>
  /** What happened since the last time this was asked. */
  tally(): Promise<Tally>
  /** Holds the event loop. Milliseconds. */
  stall(ms: number): Promise<void>
  /** A new access token of a new session. */
  token(): Promise<string>
  /** An access token of a member of the demo's workspace, who is made when there is none of that address. */
  member(email: string): Promise<string>
  /** SIGKILL for the embedded PostgreSQL. */
  killPostgres(): Promise<void>
}

/** An operation of a domain's port. */
export interface OperationName {
  readonly domain: string
  readonly operation: string
}

/** Starts it and waits until it is ready. `flags` are added to `ennead start`. */
export async function startSystem(flags: readonly string[]): Promise<RunningSystem> {
  const folder = await mkdtemp(join(tmpdir(), 'ennead-lab-'))
  const main = fileURLToPath(
    new URL(`../main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
  )
  const argv = [main, 'start', '--chaos', '--port', '0', '--host', '127.0.0.1', '--data', folder, ...flags]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  let said = ''
  child.stderr.on('data', chunk => (said = (said + String(chunk)).slice(-4_000)))
  const leave = (signal: NodeJS.Signals): void => {
    // An experiment that is interrupted leaves no Ennead behind.
    void close().finally(() => process.exit(128 + constants.signals[signal]))
  }
  const close = async (): Promise<void> => {
    for (const signal of interruptions) process.off(signal, leave)
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
    await ended
    clearTimeout(timer)
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  for (const signal of interruptions) process.on(signal, leave)
  try {
    const url = await new Promise<string>((resolve, reject) => {
      const failed = (why: string): void =>
        reject(new EnneadError('INTERNAL', `the Ennead of the experiment ${why}: ${said}`))
      const timer = setTimeout(() => failed(`was not ready in ${readyMsMax} ms`), readyMsMax)
      let out = ''
      child.stdout.on('data', chunk => {
        out += String(chunk)
        const found = /^ready (\S+) .*\n/m.exec(out)?.[1]
        if (found === undefined) return
        clearTimeout(timer)
        resolve(found)
      })
      void ended.then(() => {
        clearTimeout(timer)
        failed('ended')
      })
    })
    return systemAt(url, folder, await controlSocketPath(folder), close)
  } catch (failure) {
    await close()
    throw failure
  }
}

function systemAt(url: string, folder: string, control: string, close: () => Promise<void>): RunningSystem {
  const ask = (name: string, input: unknown): Promise<unknown> => askControl(control, folder, name, input)
  return {
    url,
    host: new URL(url).origin,
    async faults(faults, seed, requests) {
      await ask('chaos/set', { faults, seed, requests })
    },
    async policy(operations, policy) {
      for (const { domain, operation } of operations) await ask('chaos/policy', { domain, operation, policy })
    },
    // The handler answers a Tally; it is the same version of the same program.
    tally: async () => (await ask('chaos/tally', {})) as Tally,
    async stall(ms) {
      await ask('chaos/stall', { ms })
    },
    token: async () => String(await ask('token', { email: demoEmail })),
    async member(email) {
      await ask('user', { email, workspace: 'demo', role: 'MEMBER' })
      return String(await ask('token', { email }))
    },
    async killPostgres() {
      const pid = await readFile(join(folder, 'db', 'sql', 'data', 'postmaster.pid'), 'utf8')
      process.kill(Number(pid.split('\n')[0]), 'SIGKILL')
    },
    [Symbol.asyncDispose]: close,
  }
}

import { spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { EnneadError } from '../../../../../kernel/errors.ts'

/** Output kept of a program, from its end. */
const outputCharsMax = 8_000

/** Whom PostgreSQL's programs run as. */
export interface Identity {
  /** For the log. */
  readonly name: string
  /** A program and its arguments that becomes the identity and then the program behind them. */
  readonly prefix: readonly string[]
  readonly spawnUser?: { readonly uid: number; readonly gid: number }
  /** Who must own the files, as this process sees owners. */
  readonly owner: { readonly uid: number; readonly gid: number }
}

export interface Program {
  readonly file: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Starts a program as `identity`, in a session of its own: a Ctrl-C in the terminal is for us, we stop our children in
 * order. Its environment holds nothing of ours, which may hold secrets, but the path.
 */
export function spawnAs(identity: Identity, program: Program, stdio: StdioOptions): ChildProcess {
  const [file = program.file, ...args] = [...identity.prefix, program.file, ...program.args]
  return spawn(file, args, {
    stdio,
    detached: true,
    env: {
      PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      LC_ALL: 'C',
      TZ: 'UTC',
      ...program.environment,
    },
    ...(identity.spawnUser === undefined ? {} : identity.spawnUser),
  })
}

/** Runs a program to its end and answers what it wrote. Rejects with UNAVAILABLE and its output in `cause`. */
export function runProgram(identity: Identity, program: Program, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawnAs(identity, program, ['ignore', 'pipe', 'pipe'])
    let output = ''
    const keep = (text: string): void => {
      output = (output + text).slice(-outputCharsMax)
    }
    child.stdout?.setEncoding('utf8').on('data', keep)
    child.stderr?.setEncoding('utf8').on('data', keep)
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    const fail = (why: string, cause: unknown): void => {
      clearTimeout(timer)
      reject(new EnneadError('UNAVAILABLE', `${program.file} ${why}`, { cause }))
    }
    child.once('error', failure => fail('could not be started', failure))
    child.once('close', (code, signal) => {
      if (code !== 0) return fail(`ended with ${signal ?? `code ${code}`}`, new Error(output))
      clearTimeout(timer)
      resolve(output)
    })
  })
}

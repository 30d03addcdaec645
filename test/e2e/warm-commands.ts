import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../tidy/source-files.ts'
import type { EndedProcess, ProcessOptions } from './running-ennead.ts'

export interface CommandAsked {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly environment: NodeJS.ProcessEnv
}

let host: ChildProcess | undefined
let last: Promise<unknown> = Promise.resolve()

/**
 * Runs a command of `ennead` to its end as `runEnnead` does, in a process that has run others before: loading the program takes
 * longer than most commands. For tests that run many of a kind; that a process of its own ends as it should is theirs who start one.
 */
export function runWarm(argv: readonly string[], options: ProcessOptions = {}): Promise<EndedProcess> {
  const asked: CommandAsked = {
    argv,
    cwd: options.cwd ?? root,
    environment: { ...process.env, ...options.environment },
  }
  const ended = last.then(() => ask(asked))
  last = ended.catch(() => undefined)
  return ended
}

function ask(asked: CommandAsked): Promise<EndedProcess> {
  const child = (host ??= start())
  return new Promise((resolve, reject) => {
    const gone = (code: number | null): void => {
      host = undefined
      reject(new Error(`${asked.argv.join(' ')}: its process ended with ${code}`))
    }
    child.once('exit', gone)
    // command-host.ts sends nothing else.
    child.once('message', (ended: EndedProcess) => {
      child.off('exit', gone)
      resolve(ended)
    })
    child.send(asked)
  })
}

function start(): ChildProcess {
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const
  return fork(join(import.meta.dirname, 'command-host.ts'), { stdio: [...stdio], execArgv: [] })
}

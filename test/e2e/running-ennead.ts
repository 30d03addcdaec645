import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provideEmbeddedData } from '../db/sql/embedded-data.ts'
import { root } from '../tidy/source-files.ts'

/**
 * Times and limits of an Ennead under test, where a test says nothing else: how fast a machine is that runs other tests meanwhile
 * must not decide what comes of it. An attempt has an end, so that a store that hangs is gone around.
 */
const unhurried = {
  ENNEAD_REQUEST_TIMEOUT_MS: '20000',
  ENNEAD_MUTATION_TIMEOUT_MS: '20000',
  ENNEAD_DOMAIN_TIMEOUT_MS: '4000',
  ENNEAD_ATTEMPT_TIMEOUT_MS: '500',
  ENNEAD_EVENT_LOOP_SHED_MS: '60000',
  ENNEAD_EVENT_LOOP_ESSENTIAL_MS: '80000',
}

const readyMsMax = 60_000
const stopMsMax = 30_000

/** A process of the command line under test. */
export interface RunningProcess extends AsyncDisposable {
  readonly process: ChildProcess
  /** The `ready` line. */
  readonly ready: string
  /** http address in the ready line, e.g. http://localhost:41234/graphql */
  readonly url: string
  readonly stderr: () => string
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

/** What a command that ends by itself printed. */
export interface EndedProcess {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface ProcessOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A test that fails half-way, or is cut off, leaves nothing behind. */
const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach(child => child.kill('SIGKILL')))

function launch(argv: readonly string[], options: ProcessOptions): ChildProcess {
  return spawn(process.execPath, [join(root, 'cli/main.ts'), ...argv], {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Runs a command of `ennead` to its end. */
export async function runEnnead(
  argv: readonly string[],
  options: ProcessOptions = {},
): Promise<EndedProcess> {
  const child = launch(argv, options)
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', chunk => (stdout += String(chunk)))
  child.stderr?.on('data', chunk => (stderr += String(chunk)))
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, stdout, stderr }
}

/** What a test file has set for all that it starts. */
function stubbed(): Record<string, string> {
  const given = Object.entries(process.env).filter(([name]) => name.startsWith('ENNEAD_'))
  return Object.fromEntries(given.map(([name, value = '']) => [name, value]))
}

/** A first start of `argv` finds PostgreSQL's data made: making it takes longer than all else of most tests. */
async function provideData(argv: readonly string[]): Promise<void> {
  const given = (flag: string): string | undefined =>
    argv.includes(flag) ? argv[argv.indexOf(flag) + 1] : undefined
  const data = given('--data')
  const hasStores = argv[0] === 'start' || (argv[0] === 'subgraph' && argv[1] === 'db')
  const without = argv.includes('--database-url') || given('--disable')?.includes('db.sql') === true
  if (hasStores && data !== undefined && !without) await provideEmbeddedData(join(data, 'db', 'sql'))
}

/** Starts a long-running command of `ennead` and waits for its ready line. */
export async function startEnnead(
  argv: readonly string[],
  options: ProcessOptions = {},
  readyLine = /^ready .*$/m,
): Promise<RunningProcess> {
  await provideData(argv)
  const child = launch(argv, {
    ...options,
    environment: { ...unhurried, ...stubbed(), ...options.environment },
  })
  let stdout = ''
  let stderr = ''
  child.stderr?.on('data', chunk => (stderr += String(chunk)))
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  running.add(child)
  void ended.then(() => running.delete(child))
  const ready = await new Promise<string>((resolve, reject) => {
    const failed = (why: string): void => reject(new Error(`${argv.join(' ')} ${why}\n${stdout}\n${stderr}`))
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      failed(`was not ready after ${readyMsMax} ms`)
    }, readyMsMax)
    child.stdout?.on('data', chunk => {
      stdout += String(chunk)
      const line = readyLine.exec(stdout)?.[0]
      if (line === undefined || !stdout.includes(`${line}\n`)) return
      clearTimeout(timer)
      resolve(line)
    })
    void ended.then(code => {
      clearTimeout(timer)
      failed(`ended with ${code}`)
    })
  })
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
    const code = await ended
    clearTimeout(timer)
    return code
  }
  return {
    process: child,
    ready,
    url: /https?:\/\/\S+/.exec(ready)?.[0] ?? '',
    stderr: () => stderr,
    stop,
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
    [Symbol.asyncDispose]: async () => {
      await stop()
    },
  }
}

/** A folder that is removed at the end. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'ennead-e2e-'))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  }
}

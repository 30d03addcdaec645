import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export interface ProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Runs as this user; default: as we do. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** Answers once the server takes requests. Called until it does not reject. */
  readonly probe: () => Promise<unknown>
  /** How it is asked to stop. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  /** It may refuse to start while children of a killed predecessor still end; then it is started again. Default false. */
  readonly startsAgain?: boolean
}

/** How long a server may take to start or to stop. */
const waitMs = 30_000
/** What it printed last is kept, for the message when it does not start. */
const outputMax = 4_000

/** A server of a test: a child process that is killed and started again at will, and never outlives the test. */
export class ServiceProcess {
  readonly #options: ProcessOptions
  #child: ChildProcess | undefined
  #output = ''

  constructor(options: ProcessOptions) {
    this.#options = options
  }

  /** Starts it and waits until it takes requests. */
  async start(): Promise<void> {
    const end = performance.now() + waitMs
    for (;;) {
      const failure = await this.#launch(end)
      if (failure === undefined) return
      await this.kill()
      if (this.#options.startsAgain !== true || performance.now() > end) throw failure
      await pause(100)
    }
  }

  /** Starts it once; answers why it does not take requests, if so. */
  async #launch(end: number): Promise<Error | undefined> {
    const { command, args, environment, user, probe } = this.#options
    const child = spawn(command, args, {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...user,
    })
    this.#child = child
    this.#output = ''
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-outputMax)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    let failure: Error | undefined
    child.on('error', error => (failure = error))
    const killed = (): void => void child.kill('SIGKILL')
    process.once('exit', killed)
    child.once('exit', () => process.off('exit', killed))
    for (;;) {
      if (failure !== undefined) throw failure
      if (ended(child)) return new Error(`${command} ended before it was ready:\n${this.#output}`)
      try {
        await probe()
        return undefined
      } catch (cause) {
        if (performance.now() > end) {
          return new Error(`${command} was not ready in ${waitMs} ms:\n${this.#output}`, { cause })
        }
      }
      await pause(20)
    }
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Asks it to end and waits until it has; kills it when it does not. */
  async stop(): Promise<void> {
    await this.#end(this.#options.stopSignal ?? 'SIGTERM')
  }

  /** Waits until it takes requests again; starts it anew when it has ended, or does not for `patienceMs` milliseconds. */
  async revive(patienceMs: number): Promise<void> {
    const end = performance.now() + patienceMs
    while (this.#child !== undefined && !ended(this.#child) && performance.now() < end) {
      try {
        await this.#options.probe()
        return
      } catch {
        await pause(20)
      }
    }
    await this.kill()
    await this.start()
  }

  /** Holds it as a machine under pressure does: connections stay open, nothing answers. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || ended(child)) return
    const exit = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), waitMs)
    await exit
    clearTimeout(late)
  }
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** A TCP port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

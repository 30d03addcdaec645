import { sleep } from '../../../../../kernel/clock.ts'
import { clearLeftovers } from './leftovers.ts'
import { startServer } from './server-process.ts'
import type { ServerPlace, ServerProcess } from './server-process.ts'

/** What an embedded server is doing. `attempt` counts starts since it last ran well. */
export type SupervisorState =
  | { readonly phase: 'starting' }
  | { readonly phase: 'ready'; readonly pid: number }
  | { readonly phase: 'restarting'; readonly attempt: number; readonly because: string }
  | { readonly phase: 'stopped' }

const backoffMs = { first: 100, most: 5_000 }
/** A server that lived this long was well; the next death begins with the shortest pause again. */
const wellAfterMs = 10_000

/** Keeps one server running until it is stopped. A server that ends by itself is started again, after a growing pause. */
export class Supervisor {
  readonly #place: ServerPlace
  readonly #startTimeoutMs: number
  readonly #stopping = new AbortController()
  #state: SupervisorState = { phase: 'starting' }
  #server: ServerProcess | undefined
  #watching: Promise<void> = Promise.resolve()

  constructor(place: ServerPlace, startTimeoutMs: number) {
    this.#place = place
    this.#startTimeoutMs = startTimeoutMs
  }

  get state(): SupervisorState {
    return this.#state
  }

  get pid(): number | undefined {
    return this.#state.phase === 'ready' ? this.#state.pid : undefined
  }

  /** The first start; rejects as startServer() does. Only from then on is the server kept running. */
  async start(signal: AbortSignal): Promise<void> {
    const server = await this.#launch(AbortSignal.any([signal, this.#stopping.signal]))
    this.#watching = this.#watch(server)
  }

  /** Idempotent; resolves when no server is left. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#server?.stop()
    await this.#watching
    this.#state = { phase: 'stopped' }
  }

  async #launch(signal: AbortSignal): Promise<ServerProcess> {
    const server = await startServer(this.#place, this.#startTimeoutMs, signal)
    this.#server = server
    this.#state = { phase: 'ready', pid: server.pid }
    return server
  }

  async #watch(first: ServerProcess): Promise<void> {
    const { clock, log } = this.#place
    let server = first
    let attempt = 0
    while (!this.#stopping.signal.aborted) {
      const since = clock.now()
      const said = await server.ended
      if (this.#stopping.signal.aborted) return
      if (clock.now() - since > wellAfterMs) attempt = 0
      const because = said.at(-1) ?? ''
      log.error('postgres.died', { data: this.#place.data, pid: server.pid, said })
      const next = await this.#again(attempt, because)
      if (next === undefined) return
      server = next.server
      attempt = next.attempt
      log.warn('postgres.restarted', { data: this.#place.data, pid: server.pid, attempt })
    }
  }

  /** Tries until a server runs; undefined when it was stopped meanwhile. */
  async #again(
    attempts: number,
    because: string,
  ): Promise<{ readonly server: ServerProcess; readonly attempt: number } | undefined> {
    const { clock, log } = this.#place
    const { signal } = this.#stopping
    for (let attempt = attempts + 1; ; attempt++) {
      this.#state = { phase: 'restarting', attempt, because }
      try {
        await sleep(clock, Math.min(backoffMs.most, backoffMs.first * 2 ** (attempt - 1)), signal)
        await clearLeftovers({ ...this.#place, previousSupervisor: undefined })
        return { server: await this.#launch(signal), attempt }
      } catch (failure) {
        if (signal.aborted) return undefined
        log.error('postgres.restart-failed', { data: this.#place.data, attempt, failure })
      }
    }
  }
}

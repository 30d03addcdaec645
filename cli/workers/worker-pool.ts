import cluster from 'node:cluster'
import type { Worker } from 'node:cluster'
import type { Forgetting } from '../../gateway/execution/entity-cache/forgotten.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Clock, Timer } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import { forgetByAll } from './told-workers.ts'
import { isListeningMessage } from './worker-messages.ts'
import type { SupergraphMessage, WorkersMessage } from './worker-messages.ts'

/** Rest before a worker that ended is replaced; twice as long each time until one takes requests. Milliseconds. */
const restMs = 100
const restMaxMs = 5_000

/**
 * Processes that take requests at one address. One that ends is replaced; all are told of every supergraph. They share
 * nothing else.
 */
export class WorkerPool {
  readonly #clock: Clock
  readonly #log: Log
  readonly #resting = new Set<Timer>()
  #supergraph: SupergraphMessage | undefined
  /** Those that take requests. */
  readonly #listening = new Set<Worker>()
  #count = 0
  #failures = 0
  #closing = false

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  /** Starts `count` workers. Resolves with their URL when all take requests; rejects with INTERNAL when one ends before that. */
  async start(count: number, supergraph: SupergraphMessage): Promise<string> {
    this.#supergraph = supergraph
    this.#count = count
    const urls = await Promise.all(Array.from({ length: count }, () => this.#first()))
    return urls[0] ?? ''
  }

  /** From now on workers serve this one, if they can. */
  tell(supergraph: SupergraphMessage): void {
    this.#supergraph = supergraph
    for (const worker of this.#workers) worker.send(supergraph)
  }

  /** See `forgetByAll`. One that does not take requests yet has kept nothing. */
  forget(forgetting: Forgetting): Promise<number> {
    return forgetByAll([...this.#listening], forgetting, this.#clock)
  }

  /** Asks all workers to finish what they do. Resolves when the last has ended. */
  async close(): Promise<void> {
    this.#closing = true
    for (const rest of this.#resting) rest.cancel()
    await Promise.all(
      this.#workers.map(worker => {
        const ended = new Promise<void>(resolve => worker.once('exit', () => resolve()))
        worker.process.kill('SIGTERM')
        return ended
      }),
    )
  }

  get #workers(): readonly Worker[] {
    return Object.values(cluster.workers ?? {}).filter(
      worker => worker !== undefined && !worker.isDead(),
    ) as Worker[]
  }

  #first(): Promise<string> {
    return new Promise((resolve, reject) => {
      const worker = this.#fork()
      const ended = (code: number | null): void =>
        reject(
          new EnneadError(
            'INTERNAL',
            `a worker ended with ${code} before it took requests; its own line says why`,
          ),
        )
      worker.once('exit', ended)
      worker.on('message', message => {
        if (!isListeningMessage(message)) return
        worker.off('exit', ended)
        worker.once('exit', (code, signal) => this.#ended(worker, code, signal))
        resolve(message.url)
      })
    })
  }

  #fork(): Worker {
    const worker = cluster.fork()
    if (this.#supergraph !== undefined) worker.send(this.#supergraph)
    worker.on('message', message => {
      if (!isListeningMessage(message)) return
      this.#listening.add(worker)
      this.#tellCount()
    })
    worker.once('exit', () => {
      if (this.#listening.delete(worker)) this.#tellCount()
    })
    return worker
  }

  #tellCount(): void {
    if (this.#closing) return
    const message: WorkersMessage = {
      ennead: 'workers',
      of: this.#count,
      takingRequests: this.#listening.size,
    }
    // One that is just ending need not know.
    for (const worker of this.#workers) worker.send(message, () => undefined)
  }

  #ended(worker: Worker, code: number | null, signal: string | null): void {
    if (this.#closing) return
    const ms = Math.min(restMaxMs, restMs * 2 ** this.#failures++)
    this.#log.error('worker.ended', { pid: worker.process.pid, code, signal, replacedInMs: ms })
    const rest = this.#clock.after(ms, () => {
      this.#resting.delete(rest)
      if (!this.#closing) this.#replace()
    })
    this.#resting.add(rest)
  }

  #replace(): void {
    const worker = this.#fork()
    worker.once('exit', (code, signal) => this.#ended(worker, code, signal))
    worker.on('message', message => {
      if (!isListeningMessage(message)) return
      this.#failures = 0
      this.#log.warn('worker.replaced', { pid: worker.process.pid })
    })
  }
}

import { Worker } from 'node:worker_threads'
import type { Clock, Timer } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { Plan } from './plan.ts'
import type { Planner, PlanRequest } from './planner.ts'
import type { PlanningCommand, PlanningEvent, PlanningSetup } from './planning-messages.ts'
import { resolvePlanningOptions } from './planning-options.ts'
import type { PlanningOptions, ResolvedPlanningOptions } from './planning-options.ts'

interface Job {
  readonly id: number
  readonly supergraph: number
  readonly request: PlanRequest
  readonly resolve: (plan: Plan) => void
  readonly reject: (failure: unknown) => void
}

/** How much longer than the limit a thread is waited for that may be interrupting itself, in milliseconds. */
const graceMs = 100

/**
 * A thread that plans, one operation after the other, for any number of supergraphs, so that no operation blocks the
 * others of this process. A thread that takes too long for one, or too much memory, is ended and replaced.
 */
export class PlanningThread {
  readonly #options: ResolvedPlanningOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #supergraphs = new Map<number, string>()
  /** Supergraphs whose planner is not ready, and what tells those who wait for it. */
  readonly #opening = new Map<number, PromiseWithResolvers<void>>()
  readonly #waiting: Job[] = []
  #worker: Worker | undefined
  #running: Job | undefined
  #limit: Timer | undefined
  #count = 0
  #closed = false

  /** Throws BAD_OPTION. */
  constructor(options: PlanningOptions, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#options = resolvePlanningOptions(options)
    this.#clock = clock
    this.#log = log
  }

  /** A planner of the supergraph `sdl`, in this thread. */
  open(sdl: string): Planner {
    const supergraph = ++this.#count
    this.#supergraphs.set(supergraph, sdl)
    this.#opening.set(supergraph, Promise.withResolvers())
    // One that starts now opens all there are.
    if (this.#worker === undefined) this.#started()
    else this.#tell(this.#worker, { kind: 'open', supergraph, sdl })
    const plans = new Set<Promise<unknown>>()
    return {
      plan: request => {
        const plan = this.#plan(supergraph, request)
        plans.add(plan)
        return plan.finally(() => plans.delete(plan))
      },
      close: async () => {
        await Promise.allSettled(plans)
        if (!this.#supergraphs.delete(supergraph)) return
        this.#opened(supergraph)
        if (this.#worker !== undefined) this.#tell(this.#worker, { kind: 'close', supergraph })
      },
    }
  }

  /**
   * Resolves when the planners of all supergraphs that are open now are ready, or cannot be, after `readyMsMax` at the latest:
   * the first operations need not wait for packages that are being loaded. Never rejects. Keeps the process alive meanwhile.
   */
  async ready(): Promise<void> {
    const { readyMsMax } = this.#options
    const late = Promise.withResolvers<void>()
    const limit = this.#clock.after(readyMsMax, () => {
      this.#log.warn('planning.late', { readyMsMax })
      late.resolve()
    })
    this.#worker?.ref()
    await Promise.race([late.promise, Promise.all([...this.#opening.values()].map(({ promise }) => promise))])
    limit.cancel()
    if (this.#running === undefined) this.#worker?.unref()
  }

  /** Ends the thread; what is planned or waiting is rejected with UNAVAILABLE. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    for (const supergraph of this.#opening.keys()) this.#opened(supergraph)
    const stopped = new EnneadError('UNAVAILABLE', 'the gateway is stopping')
    for (const job of this.#waiting.splice(0)) job.reject(stopped)
    await this.#end(stopped)
  }

  async #plan(supergraph: number, request: PlanRequest): Promise<Plan> {
    if (this.#closed) throw new EnneadError('UNAVAILABLE', 'the gateway is stopping')
    const { waitingMax } = this.#options
    if (this.#waiting.length >= waitingMax) {
      throw new EnneadError('OVERLOADED', `more than ${waitingMax} operations wait to be planned`)
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id: ++this.#count, supergraph, request, resolve, reject })
      this.#next()
    })
  }

  #next(): void {
    if (this.#running !== undefined) return
    const job = this.#waiting.shift()
    if (job === undefined) {
      this.#worker?.unref()
      return
    }
    const worker = this.#started()
    worker.ref()
    this.#running = job
    this.#allow(job, 'ready')
    const { id, supergraph, request } = job
    this.#tell(worker, { kind: 'plan', id, supergraph, request })
  }

  /** The worker, started when there is none: the first, or one in place of one that was ended. */
  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const { planner, planMsMax, planLengthMax, heapMibMax } = this.#options
    const setup: PlanningSetup = { planner, planMsMax, planLengthMax }
    const worker = new Worker(workerFile, {
      workerData: setup,
      resourceLimits: { maxOldGenerationSizeMb: heapMibMax },
      name: 'planning',
      execArgv: [],
    })
    worker.unref()
    worker.on('message', (event: PlanningEvent) => {
      if (worker === this.#worker) this.#heard(event)
    })
    worker.on('error', failure => void this.#broke(worker, failure))
    worker.on('exit', code => void this.#broke(worker, new Error(`the planning thread ended with ${code}`)))
    this.#worker = worker
    for (const [supergraph, sdl] of this.#supergraphs) this.#tell(worker, { kind: 'open', supergraph, sdl })
    return worker
  }

  #heard(event: PlanningEvent): void {
    if (event.kind === 'opened') {
      this.#log.debug('planning.ready', { supergraph: event.supergraph })
      this.#opened(event.supergraph)
      return
    }
    const job = this.#running
    if (job === undefined || job.id !== event.id) return
    if (event.kind === 'phase') {
      this.#allow(job, event.phase)
      return
    }
    this.#finish(() => {
      // What the thread has made a plan's JSON of.
      if (event.kind === 'planned') job.resolve(JSON.parse(event.plan) as Plan)
      else job.reject(new EnneadError(event.code, event.message, { cause: event.cause }))
    })
  }

  #opened(supergraph: number): void {
    this.#opening.get(supergraph)?.resolve()
    this.#opening.delete(supergraph)
  }

  /** Gives the thread its time for what it does next. */
  #allow(job: Job, phase: 'ready' | 'plan'): void {
    this.#limit?.cancel()
    const { planMsMax, readyMsMax } = this.#options
    this.#limit = this.#clock.after(phase === 'plan' ? planMsMax + graceMs : readyMsMax, () => {
      const { operationName } = job.request
      this.#log.warn('planning.stopped', { operationName, phase, planMsMax, readyMsMax })
      const slow = new EnneadError(
        'LIMIT_PLANNING',
        `the operation takes longer than ${planMsMax} ms to plan`,
      )
      const unready = new EnneadError(
        'UNAVAILABLE',
        `no planner was ready within ${readyMsMax} ms; try again`,
      )
      void this.#end(phase === 'plan' ? slow : unready)
    })
  }

  /** Ends the thread, and answers the operation in planning with `failure`. */
  async #end(failure: EnneadError): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    const ended = worker?.terminate()
    this.#finish(() => this.#running?.reject(failure))
    // At once, so that the next operation does not wait for it.
    if (!this.#closed && this.#supergraphs.size > 0) this.#started()
    await ended
  }

  async #broke(worker: Worker, failure: unknown): Promise<void> {
    if (worker !== this.#worker) return
    this.#worker = undefined
    const memory =
      failure instanceof Error && 'code' in failure && failure.code === 'ERR_WORKER_OUT_OF_MEMORY'
    const { heapMibMax } = this.#options
    const refusal = memory
      ? new EnneadError('LIMIT_PLANNING', `planning the operation takes more than ${heapMibMax} MiB`)
      : new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned', { cause: failure })
    this.#log.error('planning.broke', { failure, operationName: this.#running?.request.operationName })
    this.#finish(() => this.#running?.reject(refusal))
  }

  #finish(settle: () => void): void {
    this.#limit?.cancel()
    this.#limit = undefined
    settle()
    this.#running = undefined
    if (!this.#closed) this.#next()
  }

  #tell(worker: Worker, command: PlanningCommand): void {
    worker.postMessage(command)
  }
}

/** As source in a checkout, as JavaScript in the package: Node strips no types below node_modules. */
const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? './planning-worker.ts' : './planning-worker.js',
  import.meta.url,
)

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { systemClock } from '../../kernel/clock.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Plan } from './plan.ts'
import type { Planner, PlanRequest } from './planner.ts'
import type { PlanningEvent, RustCommand } from './planning-messages.ts'

interface Pending {
  readonly resolve: (plan: Plan) => void
  readonly reject: (failure: unknown) => void
}

export interface RustProcessOptions {
  /** How long nothing is planned after the process has ended on its own, in milliseconds; twice as long each time in a row. Default 100. */
  readonly restMs?: number
  /** Longest rest, in milliseconds. Default 30,000. */
  readonly restMsMax?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

const defaults = { restMs: 100, restMsMax: 30_000, clock: systemClock } as const

/** How long a plan may go on that nobody waits for any more, in milliseconds. */
const stopMsMax = 1_000

/** The last characters of what the process wrote before it ended. */
const lastWordsMax = 2_000

/**
 * The Rust planner in a process of its own, for any number of supergraphs. A panic of native code aborts the process it
 * happens in, whichever thread that is: here it costs the operation, which is refused with QUERY_PLAN_FAILED, and a start. The
 * process starts when something is planned, and ends with this one.
 */
export class RustProcess {
  readonly #restMsFirst: number
  readonly #restMsMax: number
  readonly #clock: Clock
  readonly #supergraphs = new Map<number, string>()
  readonly #pending = new Map<number, Pending>()
  readonly #opening = new Map<number, () => void>()
  #child: ChildProcess | undefined
  #lastWords = ''
  #count = 0
  #endsInARow = 0
  #restsUntil = 0

  constructor(options: RustProcessOptions = {}) {
    const { restMs, restMsMax, clock } = { ...defaults, ...options }
    this.#restMsFirst = restMs
    this.#restMsMax = restMsMax
    this.#clock = clock
  }

  /** Undefined: it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /**
   * A planner of the supergraph `sdl`, in that process, when it is ready there, or cannot be. A plan whose signal aborts is
   * stopped.
   */
  async open(sdl: string): Promise<Planner> {
    const supergraph = ++this.#count
    if (this.#restMs() === 0) {
      const child = this.#started()
      const opened = new Promise<void>(resolve => this.#opening.set(supergraph, resolve))
      keepAlive(child, true)
      tell(child, { kind: 'open', supergraph, sdl })
      this.#supergraphs.set(supergraph, sdl)
      await opened
    } else this.#supergraphs.set(supergraph, sdl)
    return {
      plan: (request, signal) => this.#plan(supergraph, request, signal),
      close: async () => {
        if (!this.#supergraphs.delete(supergraph) || this.#child === undefined) return
        if (this.#supergraphs.size === 0) this.#end(stopped())
        else tell(this.#child, { kind: 'close', supergraph })
      },
    }
  }

  #restMs(): number {
    return Math.max(0, Math.ceil(this.#restsUntil - this.#clock.now()))
  }

  async #plan(supergraph: number, request: PlanRequest, signal: AbortSignal | undefined): Promise<Plan> {
    signal?.throwIfAborted()
    const child = this.#started()
    const id = ++this.#count
    const abort = (): void => this.#stop(id, child, signal?.reason)
    const plan = new Promise<Plan>((resolve, reject) => this.#pending.set(id, { resolve, reject }))
    keepAlive(child, true)
    signal?.addEventListener('abort', abort, { once: true })
    tell(child, { kind: 'plan', supergraph, id, request })
    try {
      return await plan
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  #started(): ChildProcess {
    if (this.#child !== undefined) return this.#child
    const restMs = this.#restMs()
    if (restMs > 0) throw failed(`the Rust planner's process has ended; it rests for ${restMs} ms`)
    const child = fork(childFile, {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, RUST_BACKTRACE: '0' },
    })
    this.#lastWords = ''
    child.stderr?.on('data', (text: Buffer) => {
      this.#lastWords = (this.#lastWords + text.toString('utf8')).slice(-lastWordsMax)
    })
    child.on('message', (event: PlanningEvent) => this.#heard(event))
    child.on('error', failure => this.#ended(child, failure.message))
    // Not `exit`: by then its last words may still be on their way.
    child.on('close', (code, signal) => this.#ended(child, `it ended with ${signal ?? code}`))
    this.#child = child
    for (const [supergraph, sdl] of this.#supergraphs) tell(child, { kind: 'open', supergraph, sdl })
    return child
  }

  #heard(event: PlanningEvent): void {
    if (event.kind === 'opened') {
      this.#opening.get(event.supergraph)?.()
      this.#opening.delete(event.supergraph)
      this.#relax()
      return
    }
    const pending = this.#pending.get(event.id)
    if (pending === undefined || event.kind === 'phase') return
    this.#pending.delete(event.id)
    this.#relax()
    this.#endsInARow = 0
    // What rust-worker.ts has made a plan's JSON of.
    if (event.kind === 'planned') pending.resolve(JSON.parse(event.plan) as Plan)
    else pending.reject(new EnneadError(event.code, event.message, { cause: event.cause }))
  }

  #ended(child: ChildProcess, how: string): void {
    if (child !== this.#child) return
    this.#child = undefined
    const restMs = Math.min(this.#restMsMax, this.#restMsFirst * 2 ** this.#endsInARow++)
    this.#restsUntil = this.#clock.now() + restMs
    this.#rejectAll(failed(`the Rust planner's process failed: ${how}\n${this.#lastWords}`))
  }

  /** Stops one plan; the process is ended when it goes on with it. */
  #stop(id: number, child: ChildProcess, reason: unknown): void {
    this.#pending.get(id)?.reject(reason)
    const overdue = this.#clock.after(stopMsMax, () => {
      if (child === this.#child) this.#end(failed('the Rust planner did not stop'))
    })
    this.#pending.set(id, { resolve: () => overdue.cancel(), reject: () => overdue.cancel() })
    tell(child, { kind: 'stop', id })
  }

  #end(reason: unknown): void {
    const child = this.#child
    this.#child = undefined
    child?.kill('SIGKILL')
    this.#rejectAll(reason)
  }

  #rejectAll(reason: unknown): void {
    for (const opened of this.#opening.values()) opened()
    this.#opening.clear()
    for (const { reject } of this.#pending.values()) reject(reason)
    this.#pending.clear()
  }

  #relax(): void {
    if (this.#pending.size === 0 && this.#opening.size === 0 && this.#child !== undefined) {
      keepAlive(this.#child, false)
    }
  }
}

/** Whether this process stays for the child's answers. */
function keepAlive(child: ChildProcess, stay: boolean): void {
  // A fork has a channel, and its standard error is a socket; Node's types say neither.
  const handles = [child, child.channel, child.stderr] as ({ ref?(): void; unref?(): void } | null)[]
  for (const handle of handles)
    if (stay) handle?.ref?.()
    else handle?.unref?.()
}

function tell(child: ChildProcess, command: RustCommand): void {
  // A child that cannot be told is ending; its `close` answers those who wait.
  child.send(command, () => undefined)
}

function failed(what: string): EnneadError {
  return new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned', {
    cause: new Error(what),
  })
}

function stopped(): EnneadError {
  return new EnneadError('UNAVAILABLE', 'the gateway is stopping')
}

/** As source in a checkout, as JavaScript in the package: Node strips no types below node_modules. */
const childFile = new URL(
  import.meta.url.endsWith('.ts') ? './rust-worker.ts' : './rust-worker.js',
  import.meta.url,
)

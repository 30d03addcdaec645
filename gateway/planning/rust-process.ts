import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { systemClock } from '../../kernel/clock.ts'
import type { Clock, Timer } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { FatalOperations } from './fatal-operations.ts'
import type { Plan } from './plan.ts'
import type { Planner, PlanRequest } from './planner.ts'
import type { PlanningEvent, RustCommand } from './planning-messages.ts'

interface Pending {
  readonly supergraph: number
  readonly request: PlanRequest
  readonly resolve: (plan: Plan) => void
  readonly reject: (failure: unknown) => void
}

/** A supergraph that somebody plans on. */
interface Held {
  readonly sdl: string
  readonly fatal: FatalOperations
  /** The process has ended while it was opened: it is not opened again. */
  unopenable: boolean
}

type State =
  | { readonly phase: 'off' }
  | { readonly phase: 'running'; readonly child: ChildProcess }
  | { readonly phase: 'resting'; readonly timer: Timer }

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

/** How a process ends by what it does itself; others are ended from outside, for want of memory for example. */
const ownSignals: ReadonlySet<string | null> = new Set(['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE'])

/**
 * The Rust planner in a process of its own, for any number of supergraphs. A panic of native code aborts the process it happens in,
 * whichever thread that is: here it costs the operation, which is refused with QUERY_PLAN_FAILED now and as long as its
 * supergraph is open. The process starts with the first supergraph, rests after an end, starts anew by itself, and ends with this one.
 * Until it is ready again everything is refused at once, with UNAVAILABLE.
 */
export class RustProcess {
  readonly #restMsFirst: number
  readonly #restMsMax: number
  readonly #clock: Clock
  readonly #supergraphs = new Map<number, Held>()
  readonly #pending = new Map<number, Pending>()
  /** Supergraphs that the process is opening, in the order it does so, and what tells those who wait for it. */
  readonly #opening = new Map<number, PromiseWithResolvers<void>>()
  #state: State = { phase: 'off' }
  #lastWords = ''
  #count = 0
  #endsInARow = 0

  constructor(options: RustProcessOptions = {}) {
    const { restMs, restMsMax, clock } = { ...defaults, ...options }
    this.#restMsFirst = restMs
    this.#restMsMax = restMsMax
    this.#clock = clock
  }

  /** Undefined: it does not run. */
  get pid(): number | undefined {
    return this.#state.phase === 'running' ? this.#state.child.pid : undefined
  }

  /**
   * A planner of the supergraph `sdl`, in that process, when it is ready there, or cannot be. A plan whose signal aborts is
   * stopped.
   */
  async open(sdl: string): Promise<Planner> {
    const supergraph = ++this.#count
    this.#supergraphs.set(supergraph, { sdl, fatal: new FatalOperations(), unopenable: false })
    if (this.#state.phase === 'off') this.#start()
    else if (this.#state.phase === 'running') this.#open(this.#state.child, supergraph, sdl)
    const opening = this.#opening.get(supergraph)
    if (opening !== undefined && this.#state.phase === 'running') keepAlive(this.#state.child, true)
    await opening?.promise
    return {
      plan: (request, signal) => this.#plan(supergraph, request, signal),
      close: async () => {
        if (!this.#supergraphs.delete(supergraph)) return
        if (this.#supergraphs.size === 0) this.#end(stopped())
        else if (this.#state.phase === 'running') tell(this.#state.child, { kind: 'close', supergraph })
      },
    }
  }

  async #plan(supergraph: number, request: PlanRequest, signal: AbortSignal | undefined): Promise<Plan> {
    signal?.throwIfAborted()
    const held = this.#supergraphs.get(supergraph)
    if (held === undefined) throw failed('its supergraph is not open')
    if (held.unopenable) throw failed('the Rust planner has ended its process when it opened this supergraph')
    if (held.fatal.has(request))
      throw failed('the Rust planner has ended its process at this operation before')
    if (this.#state.phase !== 'running' || this.#opening.has(supergraph)) throw away()
    const { child } = this.#state
    const id = ++this.#count
    const abort = (): void => this.#stop(id, child, signal?.reason)
    const plan = new Promise<Plan>((resolve, reject) =>
      this.#pending.set(id, { supergraph, request, resolve, reject }),
    )
    keepAlive(child, true)
    signal?.addEventListener('abort', abort, { once: true })
    tell(child, { kind: 'plan', supergraph, id, request })
    try {
      return await plan
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  #start(): void {
    const child = fork(childFile, {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, RUST_BACKTRACE: '0' },
    })
    this.#state = { phase: 'running', child }
    this.#lastWords = ''
    child.stderr?.on('data', (text: Buffer) => {
      this.#lastWords = (this.#lastWords + text.toString('utf8')).slice(-lastWordsMax)
    })
    child.on('message', (event: PlanningEvent) => {
      if (this.#isCurrent(child)) this.#heard(event)
    })
    child.on('error', failure => this.#ended(child, failure.message, null))
    // Not `exit`: by then its last words may still be on their way.
    child.on('close', (code, signal) => this.#ended(child, `it ended with ${signal ?? code}`, signal))
    keepAlive(child, false)
    for (const [supergraph, { sdl, unopenable }] of this.#supergraphs) {
      if (!unopenable) this.#open(child, supergraph, sdl)
    }
  }

  #open(child: ChildProcess, supergraph: number, sdl: string): void {
    this.#opening.set(supergraph, Promise.withResolvers())
    tell(child, { kind: 'open', supergraph, sdl })
  }

  #isCurrent(child: ChildProcess): boolean {
    return this.#state.phase === 'running' && this.#state.child === child
  }

  #heard(event: PlanningEvent): void {
    if (event.kind === 'opened') {
      this.#opening.get(event.supergraph)?.resolve()
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

  #ended(child: ChildProcess, how: string, signal: string | null): void {
    if (!this.#isCurrent(child)) return
    const culprit = this.#blame(ownSignals.has(signal))
    const restMs = Math.min(this.#restMsMax, this.#restMsFirst * 2 ** this.#endsInARow++)
    const timer = this.#clock.after(restMs, () => this.#start())
    this.#state = { phase: 'resting', timer }
    const why = `the Rust planner's process failed: ${how}\n${this.#lastWords}`
    this.#rejectAll(culprit ? failed(why) : away(why))
  }

  /**
   * Remembers what the process was at when it ended. True: one operation is the cause, there is no other.
   *
   * @param own The process has ended by what it did.
   */
  #blame(own: boolean): boolean {
    const [opening] = this.#opening.keys()
    const certain = own && this.#pending.size === 1 && opening === undefined
    for (const { supergraph, request } of this.#pending.values()) {
      this.#supergraphs.get(supergraph)?.fatal.suspect(request, certain)
    }
    const held = opening === undefined ? undefined : this.#supergraphs.get(opening)
    // They are opened one after the other.
    if (held !== undefined && own && this.#pending.size === 0) held.unopenable = true
    return certain
  }

  /** Stops one plan; the process is ended when it goes on with it. */
  #stop(id: number, child: ChildProcess, reason: unknown): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    pending.reject(reason)
    const overdue = this.#clock.after(stopMsMax, () => {
      if (!this.#isCurrent(child)) return
      this.#supergraphs.get(pending.supergraph)?.fatal.suspect(pending.request, true)
      this.#end(away())
      this.#start()
    })
    const settle = (): void => overdue.cancel()
    this.#pending.set(id, { ...pending, resolve: settle, reject: settle })
    tell(child, { kind: 'stop', id })
  }

  #end(reason: unknown): void {
    const state = this.#state
    this.#state = { phase: 'off' }
    if (state.phase === 'running') state.child.kill('SIGKILL')
    if (state.phase === 'resting') state.timer.cancel()
    this.#rejectAll(reason)
  }

  #rejectAll(reason: unknown): void {
    for (const { resolve } of this.#opening.values()) resolve()
    this.#opening.clear()
    for (const { reject } of this.#pending.values()) reject(reason)
    this.#pending.clear()
  }

  #relax(): void {
    if (this.#pending.size === 0 && this.#opening.size === 0 && this.#state.phase === 'running') {
      keepAlive(this.#state.child, false)
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

function away(why?: string): EnneadError {
  const message = 'this operation could not be planned while a planner restarts; try again'
  return new EnneadError('UNAVAILABLE', message, why === undefined ? {} : { cause: new Error(why) })
}

function stopped(): EnneadError {
  return new EnneadError('UNAVAILABLE', 'the gateway is stopping')
}

/** As source in a checkout, as JavaScript in the package: Node strips no types below node_modules. */
const childFile = new URL(
  import.meta.url.endsWith('.ts') ? './rust-worker.ts' : './rust-worker.js',
  import.meta.url,
)

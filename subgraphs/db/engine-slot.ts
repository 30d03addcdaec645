import type { Agent, Attempt, InputOf, Operation, OutputOf } from '../../dispatch/port.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError, kindOf } from '../../kernel/errors.ts'
import { type Reaching, ReachingAttempt, type ReachingStore } from './reaching-store.ts'
import type { Frontier } from './frontier.ts'
import type { LogHead, RecordKey, StoreAttempt, StoreEngine, TaskStore } from './task-store.ts'

/** The agents of the db domain, in the order in which reads prefer them. */
export const engineNames = ['sql', 'nosql', 'cache'] as const
export type EngineName = (typeof engineNames)[number]

/** An engine that takes part. */
export interface EngineSource {
  readonly name: EngineName
  /** Opens it; called again, with growing pauses, when it fails or later falls silent. */
  readonly open: () => Promise<StoreEngine>
  /** Where its data is, for messages to an operator, e.g. a folder. Default: the engine's name. */
  readonly place?: string
  /** Why it only follows, whatever it is, e.g. `a learner by its settings`. Default: it may have a vote. */
  readonly learner?: string | undefined
}

/** How far, and for how long, a store that is about to arrive is behind. */
const near = { entries: 200, ms: 250 } as const
/** A store that is to do something which another can do just as well is waited for so many milliseconds. */
const nearMs = 30

/** An engine is exactly one of these at a time. */
export type SlotPhase =
  | { readonly is: 'closed'; readonly why: string }
  | { readonly is: 'open'; readonly engine: StoreEngine; readonly admitted: boolean }
  | { readonly is: 'refused'; readonly why: string }

/**
 * The place of one engine in the domain: knows whether the engine is there and how far its log reaches, and
 * lets the dispatcher have its operations only while it is there and stands at the frontier. Otherwise an operation
 * rejects with OVERLOADED ("no work was done, ask another"), at once unless the copy is about to arrive, so that failover
 * costs next to nothing and the past is never told as the present.
 */
export class EngineSlot {
  readonly name: EngineName
  readonly source: EngineSource
  readonly #frontier: Frontier
  readonly #clock: Clock
  #phase: SlotPhase = { is: 'closed', why: 'not open yet' }
  /** Why it did not answer when its keeper looked last; undefined: it did. */
  silence: string | undefined
  /** Is told which keys were read in vain from an engine that keeps some records only. */
  onMiss: ((keys: readonly RecordKey[]) => void) | undefined
  readonly #watching = new Set<() => void>()
  #detail = ''
  #seq = 0
  #held = 0
  #life = 0

  constructor(source: EngineSource, frontier: Frontier, clock: Clock) {
    this.name = source.name
    this.source = source
    this.#frontier = frontier
    this.#clock = clock
  }

  get phase(): SlotPhase {
    return this.#phase
  }

  /** The newest entry this engine is known to hold. */
  get seq(): number {
    return this.#seq
  }

  /** What it stands on; the name until it was open once. */
  get detail(): string {
    return this.#detail === '' ? this.name : this.#detail
  }

  /** Where an operator finds its data. */
  get place(): string {
    return this.source.place ?? `the data of ${this.name}`
  }

  /** Open, of the known history, and not behind the frontier. */
  get current(): boolean {
    return this.#phase.is === 'open' && this.#phase.admitted && this.#seq >= this.#frontier.head.seq
  }

  /** Takes part and holds the log up to `seq`. */
  holds(seq: number): boolean {
    return this.admitted && this.#seq >= seq
  }

  /**
   * So little behind `reach`, and for so short a time, that it is about to arrive. One that has been behind for longer may
   * be frozen.
   */
  isNear(reach: number): boolean {
    const sinceMs = this.#clock.now() - this.#frontier.since(this.#seq + 1)
    return this.admitted && reach - this.#seq <= near.entries && sinceMs <= near.ms
  }

  get answering(): boolean {
    return this.silence === undefined
  }

  /** Open and of the known history, so that entries may be handed to it. */
  get admitted(): boolean {
    return this.#phase.is === 'open' && this.#phase.admitted
  }

  opened(engine: StoreEngine): void {
    this.#phase = { is: 'open', engine, admitted: false }
    this.silence = undefined
    this.#detail = engine.detail
    this.#seq = 0
    this.#held = 0
    this.#life++
  }

  /** Its history was found to be the known one, up to `seq`. */
  admit(seq: number): void {
    if (this.#phase.is !== 'open') return
    this.#phase = { ...this.#phase, admitted: true }
    this.#seq = seq
  }

  /** How often it has been opened: what was asked in one life says nothing of the next, before which data may be lost. */
  get life(): number {
    return this.#life
  }

  /** Holds entries up to `seq` now, or more: answers may overtake each other. `life`: in which it was asked. */
  reached(seq: number, life: number): void {
    if (life !== this.#life) return
    this.#seq = Math.max(this.#seq, seq)
    for (const look of this.#watching) look()
  }

  /** Asked when it was known to hold more, it said that it holds entries up to `seq` only. */
  lost(seq: number, life: number): void {
    if (life !== this.#life) return
    this.#held = this.held
    this.#seq = Math.min(this.#seq, seq)
  }

  /** The newest entry it was ever known to hold in this life; more than `seq` when it has lost some. */
  get held(): number {
    return Math.max(this.#held, this.#seq)
  }

  /** True as soon as it holds `seq`; false after `ms` milliseconds. */
  whenAt(seq: number, ms: number): Promise<boolean> {
    if (this.#seq >= seq || ms <= 0) return Promise.resolve(this.#seq >= seq)
    return new Promise(resolve => {
      const end = (): void => {
        timer.cancel()
        this.#watching.delete(look)
        resolve(this.#seq >= seq)
      }
      const look = (): void => {
        if (this.#seq >= seq) end()
      }
      const timer = this.#clock.after(ms, end)
      this.#watching.add(look)
    })
  }

  /** Calls `look` whenever it may hold more, until what is answered is called. */
  watch(look: () => void): () => void {
    this.#watching.add(look)
    return () => this.#watching.delete(look)
  }

  closed(why: string): void {
    this.#phase = { is: 'closed', why }
  }

  /** Its history is another one: it takes part no more until a restart. */
  refused(why: string): void {
    this.#phase = { is: 'refused', why }
  }

  /**
   * Runs one operation on this very engine, past the dispatcher: for what only makes sense for this one (its head, its
   * catching up). Rejects with AGENT_TIMEOUT after `ms`, with UNAVAILABLE when it is not open.
   */
  async direct<O extends keyof TaskStore>(
    operation: O,
    input: InputOf<TaskStore, O>,
    ms: number,
  ): Promise<OutputOf<TaskStore, O>> {
    const run = this.#phase.is === 'open' ? this.#phase.engine.operations[operation] : undefined
    if (run === undefined) throw new EnneadError('UNAVAILABLE', `${this.name} cannot do ${operation} now`)
    const controller = new AbortController()
    const { promise: late, reject } = Promise.withResolvers<never>()
    const giveUp = (): void => {
      const failure = new EnneadError('AGENT_TIMEOUT', `${this.name} did not answer ${operation} in ${ms} ms`)
      controller.abort(failure)
      reject(failure)
    }
    // When the process stood still, the answer may be waiting to be read: input comes before the verdict.
    let timer = this.#clock.after(ms, () => (timer = this.#clock.soon(giveUp)))
    try {
      const work = invoke(run, input, { signal: controller.signal, remainingMs: ms, number: 1 })
      return await Promise.race([work, late])
    } finally {
      timer.cancel()
    }
  }

  /** The engine as it is reached for its vote, whether it stands at the frontier or not. */
  voter(): Agent<Pick<TaskStore, 'seat' | 'vote'>> {
    const admitted =
      <I, O>(operation: 'seat' | 'vote', run: (store: Partial<TaskStore>) => Operation<I, O> | undefined) =>
      (input: I, attempt: Attempt): Promise<O> => {
        const phase = this.#phase
        if (phase.is !== 'open' || !phase.admitted) throw this.#absence()
        const own = run(phase.engine.operations)
        if (own === undefined) throw new EnneadError('OVERLOADED', `${this.name} does not offer ${operation}`)
        return own(input, attempt)
      }
    return {
      name: this.name,
      detail: this.detail,
      operations: {
        seat: admitted('seat', store => store.seat),
        vote: admitted('vote', store => store.vote),
      },
    }
  }

  /** Why the open engine has no vote; undefined: it may have one. */
  get learner(): string | undefined {
    if (this.source.learner !== undefined) return this.source.learner
    if (this.#phase.is !== 'open') return undefined
    const { learner, operations } = this.#phase.engine
    return learner ?? (operations.vote === undefined ? `${this.detail} cannot vote` : undefined)
  }

  /** The engine as the dispatcher knows it, with these operations. */
  agent(operations: readonly (keyof TaskStore)[]): Agent<ReachingStore> {
    const gated: Partial<ReachingStore> = Object.fromEntries(
      operations.map(operation => [operation, this.#gate(operation)]),
    )
    return {
      name: this.name,
      detail: this.detail,
      operations: gated,
      able: input => {
        // All operations of these stores have such an input.
        const { reach } = input as Reaching<unknown>
        return this.holds(reach) || this.isNear(reach)
      },
    }
  }

  #gate<O extends keyof TaskStore>(operation: O) {
    return async (
      { reach, input }: Reaching<InputOf<TaskStore, O>>,
      attempt: Attempt,
    ): Promise<OutputOf<TaskStore, O>> => {
      // Absorbing the newest entries at this very moment, so that waiting is quicker than asking another.
      if (this.#seq < reach && this.isNear(reach)) await this.whenAt(reach, nearMs)
      const phase = this.#phase
      if (phase.is !== 'open' || !phase.admitted || this.#seq < reach) throw this.#absence()
      const run = phase.engine.operations[operation]
      if (run === undefined) throw new EnneadError('OVERLOADED', `${this.name} does not offer ${operation}`)
      // What it was known to hold it may have lost since.
      const reaching = new ReachingAttempt(attempt, reach)
      if (operation !== 'read' || phase.engine.fill === undefined) return invoke(run, input, reaching)
      return invoke(run, input, reaching).catch((failure: unknown) => {
        // It refuses what it lacks. The input of `read` is keys; the compiler cannot follow O.
        if (kindOf(failure) === 'overload') this.onMiss?.(input as readonly RecordKey[])
        throw failure
      })
    }
  }

  #absence(): EnneadError {
    const behind = this.#frontier.head.seq - this.#seq
    const why =
      this.#phase.is === 'open' ? (this.#phase.admitted ? `${behind} behind` : 'starting') : this.#phase.why
    return new EnneadError('OVERLOADED', `${this.name} takes no part now: ${why}`)
  }
}

/** Runs an operation of an engine. */
export function invoke<O extends keyof TaskStore>(
  run: TaskStore[O],
  input: InputOf<TaskStore, O>,
  attempt: StoreAttempt,
): Promise<OutputOf<TaskStore, O>> {
  // The compiler cannot see that an operation, its input and its output belong together when O is a parameter.
  const operation = run as (input: unknown, attempt: StoreAttempt) => Promise<unknown>
  return operation(input, attempt) as Promise<OutputOf<TaskStore, O>>
}

/** The head of an engine, asked directly. */
export function headOf(slot: EngineSlot, ms: number): Promise<LogHead> {
  return slot.direct('head', undefined, ms)
}

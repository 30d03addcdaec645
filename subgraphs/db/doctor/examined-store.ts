import type { InputOf, OutputOf } from '../../../dispatch/port.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { type EngineName, invoke } from '../engine-slot.ts'
import type { LeaseBook } from '../leadership/lease.ts'
import type { StoredRecord } from '../record.ts'
import type { StoreInspection } from '../store-inspection.ts'
import type { RecordKey, StoreEngine, TaskStore } from '../task-store.ts'

/** A store that is open, for the length of an examination. */
export interface OpenStore {
  readonly name: EngineName
  readonly engine: StoreEngine
  /** Why it follows only although it could vote. Default: it does not. */
  readonly learner?: string | undefined
}

/** A store that takes no part, and why. */
export interface ClosedStore {
  readonly name: EngineName
  readonly why: string
}

/** Time for one question. Milliseconds; nobody waits for a client's answer here. */
const askMs = 30_000

/** Asks one store, past dispatchers and breakers. Rejects with AGENT_TIMEOUT when it does not answer. */
export class ExaminedStore {
  readonly name: EngineName
  readonly detail: string
  readonly inspection: StoreInspection | undefined
  readonly leases: LeaseBook | undefined
  /** Why it has no vote; undefined: it may have one. */
  readonly learner: string | undefined
  /** It can vote, whether it is to or not. */
  readonly hasSeat: boolean
  readonly #engine: StoreEngine
  readonly #clock: Clock

  constructor({ name, engine, learner }: OpenStore, clock: Clock) {
    this.name = name
    this.detail = engine.detail
    this.inspection = engine.inspection
    this.leases = engine.leases
    const { vote, seat } = engine.operations
    this.hasSeat = vote !== undefined && seat !== undefined && engine.learner === undefined
    this.learner = learner ?? (this.hasSeat ? undefined : (engine.learner ?? `${engine.detail} cannot vote`))
    this.#engine = engine
    this.#clock = clock
  }

  ask<O extends keyof TaskStore>(
    operation: O,
    input: InputOf<TaskStore, O>,
  ): Promise<OutputOf<TaskStore, O>> {
    const run = this.#engine.operations[operation]
    if (run === undefined) {
      return Promise.reject(new EnneadError('OVERLOADED', `${this.name} does not offer ${operation}`))
    }
    return this.within(signal => invoke(run, input, { signal, remainingMs: askMs, number: 1 }))
  }

  async within<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = this.#clock.after(askMs, () => {
      const failure = new EnneadError('AGENT_TIMEOUT', `${this.name} did not answer in ${askMs} ms`)
      controller.abort(failure)
      reject(failure)
    })
    try {
      return await Promise.race([work(controller.signal), late])
    } finally {
      timer.cancel()
    }
  }

  /** The records of these keys; `unknown` for all of them when it holds only some and one of these may be another. */
  async records(keys: readonly RecordKey[]): Promise<readonly (StoredRecord | undefined)[] | 'unknown'> {
    try {
      return await this.ask('read', keys)
    } catch (failure) {
      if (failure instanceof EnneadError && failure.kind === 'overload') return 'unknown'
      // A record that cannot be parsed fails a whole page of reads; looking tells which one it is.
      if (failure instanceof SyntaxError) return 'unknown'
      throw failure
    }
  }
}

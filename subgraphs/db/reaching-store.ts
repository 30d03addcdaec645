import type { Attempt, InputOf, Operation, OutputOf } from '../../dispatch/port.ts'
import type { StoreAttempt, TaskStore } from './task-store.ts'

/** An operation that only a store may do which holds the log up to `reach`. */
export interface Reaching<Input> {
  readonly reach: number
  readonly input: Input
}

/** The stores as the dispatcher knows them. */
export type ReachingStore = {
  readonly [O in keyof TaskStore]: Operation<Reaching<InputOf<TaskStore, O>>, OutputOf<TaskStore, O>>
}

/** An attempt of a dispatcher, with how far the log must reach when the store looks. */
export class ReachingAttempt implements StoreAttempt {
  readonly reach: number
  readonly number: number
  readonly requestId: string | undefined
  readonly #attempt: Attempt

  constructor(attempt: Attempt, reach: number) {
    this.#attempt = attempt
    this.reach = reach
    this.number = attempt.number
    this.requestId = attempt.requestId
  }

  /** Made only for stores that read it, as by the dispatcher. */
  get signal(): AbortSignal {
    return this.#attempt.signal
  }

  get remainingMs(): number {
    return this.#attempt.remainingMs
  }
}

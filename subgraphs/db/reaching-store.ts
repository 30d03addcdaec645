import type { InputOf, Operation, OutputOf } from '../../dispatch/port.ts'
import type { TaskStore } from './task-store.ts'

/** An operation that only a store may do which holds the log up to `reach`. */
export interface Reaching<Input> {
  readonly reach: number
  readonly input: Input
}

/** The stores as the dispatcher knows them. */
export type ReachingStore = {
  readonly [O in keyof TaskStore]: Operation<Reaching<InputOf<TaskStore, O>>, OutputOf<TaskStore, O>>
}

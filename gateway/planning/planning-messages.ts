import type { ErrorCode } from '../../kernel/errors.ts'
import type { PlannerChoice, PlanRequest } from './planner.ts'

/** What a planning thread is started with. */
export interface PlanningSetup {
  readonly planner: PlannerChoice
  readonly planMsMax: number
  readonly planLengthMax: number
}

/** To the planning thread. `supergraph` is a number that the gateway has given to one supergraph. */
export type PlanningCommand =
  | { readonly kind: 'open'; readonly supergraph: number; readonly sdl: string }
  | { readonly kind: 'close'; readonly supergraph: number }
  | { readonly kind: 'plan'; readonly supergraph: number; readonly id: number; readonly request: PlanRequest }

/** To the process of the Rust planner, in which several operations may be in planning. */
export type RustCommand = PlanningCommand | { readonly kind: 'stop'; readonly id: number }

/**
 * From the planning thread. A `phase` is told before it begins, because the thread can say nothing while it lasts:
 * `ready` is a planner being made ready for the supergraph, `plan` the operation being planned.
 */
export type PlanningEvent =
  | { readonly kind: 'phase'; readonly id: number; readonly phase: 'ready' | 'plan' }
  /** The first planner of the supergraph is ready, or cannot be. */
  | { readonly kind: 'opened'; readonly supergraph: number }
  /** `plan` is JSON: parsing it is cheaper than a structured clone, and its length bounds what a cache keeps. */
  | { readonly kind: 'planned'; readonly id: number; readonly plan: string }
  | {
      readonly kind: 'failed'
      readonly id: number
      readonly code: ErrorCode
      readonly message: string
      /** For the log. */
      readonly cause: string | undefined
    }

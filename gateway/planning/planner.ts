import type { Overrides } from './overrides.ts'
import type { Plan } from './plan.ts'

/** Which planner plans: Apollo's, the Rust one of Hive, or whichever of them loads here, the better first. */
export type PlannerChoice = 'apollo' | 'rust' | 'auto'

export const plannerChoices = ['auto', 'apollo', 'rust'] as const satisfies readonly PlannerChoice[]

/** An operation to plan, as plain data: it may be planned in another thread. */
export interface PlanRequest {
  /** A document that is valid against the API schema, with the names of client-names.ts. */
  readonly text: string
  /** Undefined: it has only one operation. */
  readonly operationName: string | undefined
  /** Undefined: no label of a progressive @override is active. */
  readonly overrides?: Overrides | undefined
  /** Its fragments with @defer, each with a label of its own, are planned as parts. Default: there are none. */
  readonly defers?: boolean | undefined
}

/** Turns operations into plans for one supergraph. */
export interface Planner {
  /**
   * Rejects with QUERY_PLAN_FAILED, LIMIT_RECURSION, LIMIT_PLANNING or, while it restarts, UNAVAILABLE. A planner that can be interrupted stops when
   * `signal` aborts, and rejects with its reason.
   */
  plan(request: PlanRequest, signal?: AbortSignal): Promise<Plan>
  /** Plans that were asked for before are still made. Idempotent. */
  close(): Promise<void>
}

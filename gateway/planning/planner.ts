import type { DocumentNode } from 'graphql'
import type { Plan } from './plan.ts'

/** An operation to plan: valid against the API schema, with one operation of that name (or only one). */
export interface PlanRequest {
  readonly document: DocumentNode
  readonly operationName: string | undefined
}

/** Turns operations into plans for one supergraph. */
export interface Planner {
  /** Rejects with QUERY_PLAN_FAILED or LIMIT_RECURSION. */
  plan(request: PlanRequest): Promise<Plan>
  close(): Promise<void>
}

import { EnneadError } from '../../kernel/errors.ts'
import type { PlannerChoice } from './planner.ts'

export interface PlanningOptions {
  /** Default `auto`; docs/decisions says which that is. */
  readonly planner?: PlannerChoice
  /** Longest time one operation may be planned, in milliseconds; then it is refused. Default 1,000. */
  readonly planMsMax?: number
  /** Longest time a planner may take to get ready for a supergraph, in milliseconds. Default 60,000. */
  readonly readyMsMax?: number
  /** Operations that may wait to be planned; more are refused. Default 100. */
  readonly waitingMax?: number
  /** Heap of the planning thread, in MiB; an operation whose planning needs more is refused. Default 1,024. */
  readonly heapMibMax?: number
  /** Characters of a plan as JSON; an operation with a longer plan is refused. Default 500,000. */
  readonly planLengthMax?: number
}

export type ResolvedPlanningOptions = Required<PlanningOptions>

const defaults: ResolvedPlanningOptions = {
  planner: 'auto',
  planMsMax: 1_000,
  readyMsMax: 60_000,
  waitingMax: 100,
  heapMibMax: 1_024,
  planLengthMax: 500_000,
}

/** Options with their defaults. Throws BAD_OPTION for a number that is not a positive integer. */
export function resolvePlanningOptions(options: PlanningOptions = {}): ResolvedPlanningOptions {
  const resolved = { ...defaults, ...options }
  const { planner: _, ...numbers } = resolved
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new EnneadError('BAD_OPTION', `planning.${name} must be an integer >= 1, got ${value}`)
    }
  }
  return resolved
}

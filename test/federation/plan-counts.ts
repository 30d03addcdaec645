import type { Plan } from '../../gateway/planning/plan.ts'

/** What became of the operations that one planner was asked for first. */
export interface PlanCounts {
  /** It planned them itself. */
  own: number
  all: number
  /** The other planned them: why, and how often. */
  readonly handedOn: Record<string, number>
  /** Neither has made a right plan: why not, and how often. */
  readonly failed: Record<string, number>
}

export type PlannerCounts = Readonly<Record<Plan['plannedBy'], PlanCounts>>

export function noPlanCounts(): PlannerCounts {
  const none = (): PlanCounts => ({ own: 0, all: 0, handedOn: {}, failed: {} })
  return { apollo: none(), rust: none() }
}

/** Counts an operation that the planner `name` was asked for first. */
export function countPlan(
  { plannedBy, handedOn = [] }: Plan,
  name: Plan['plannedBy'],
  counts: PlanCounts,
): void {
  counts.all++
  if (plannedBy === name) {
    counts.own++
    return
  }
  const reason = kindOfReason(handedOn[0] ?? 'not told')
  counts.handedOn[reason] = (counts.handedOn[reason] ?? 0) + 1
}

/** Counts an operation of which no plan was made. */
export function countFailure(failure: unknown, counts: PlanCounts): void {
  counts.all++
  const reason = reasonsOf(failure).map(kindOfReason).join(' | ')
  counts.failed[reason] = (counts.failed[reason] ?? 0) + 1
}

function reasonsOf(failure: unknown): readonly string[] {
  if (failure instanceof AggregateError) return failure.errors.flatMap(reasonsOf)
  if (!(failure instanceof Error)) return [String(failure)]
  return failure.cause === undefined ? [failure.message] : reasonsOf(failure.cause)
}

/** A reason without the names of one graph. */
function kindOfReason(reason: string): string {
  const [line = ''] = reason.split('\n')
  return line
    .replaceAll(/"[^"]*"/g, '"…"')
    .replaceAll(/\b[\w$]+(\.[\w@$]+)+/g, '…')
    .replaceAll(/\b(?=\w*\d)\w+/g, '…')
    .replace(/; .*/, '')
    .slice(0, 160)
}

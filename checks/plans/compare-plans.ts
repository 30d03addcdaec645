import { print } from 'graphql'
import type { Plan, PlanNode } from '../../gateway/planning/plan.ts'
import type { Planner } from '../../gateway/planning/planner.ts'
import { unreachable } from '../../kernel/errors.ts'
import type { RecordedOperation } from '../operations/recorded-operation.ts'
import { requestsOf } from '../operations/recorded-operation.ts'
import type { PlanChange, PlanFigures, PlansSummary } from '../report/check-report.ts'

export interface PlanComparison {
  readonly base: Planner
  readonly next: Planner
  /** Valid on both schemas or not: what cannot be planned is left out. */
  readonly operations: readonly RecordedOperation[]
  /** Operations planned at most, the most used first. */
  readonly plansMax: number
  /** Told how many operations are planned. Default: nobody. */
  readonly progress?: (done: number, of: number) => void
}

/** Which recorded operations are fetched otherwise than before, those that grew most first. */
export async function comparePlans({
  base,
  next,
  operations,
  plansMax,
  progress,
}: PlanComparison): Promise<PlansSummary> {
  const chosen = [...operations].sort((a, b) => requestsOf(b) - requestsOf(a)).slice(0, plansMax)
  const changed: PlanChange[] = []
  let compared = 0
  for (const [done, operation] of chosen.entries()) {
    progress?.(done, chosen.length)
    const before = await figuresOf(base, operation)
    const after = await figuresOf(next, operation)
    if (before === undefined || after === undefined) continue
    compared++
    const { id, name, file, line } = operation
    if (!same(before, after)) changed.push({ id, name, file, line, before, after })
  }
  changed.sort((a, b) => growth(b) - growth(a))
  return { compared, leftOut: operations.length - compared, changed }
}

async function figuresOf(planner: Planner, operation: RecordedOperation): Promise<PlanFigures | undefined> {
  try {
    return planFigures(await planner.plan({ text: print(operation.document), operationName: operation.name }))
  } catch {
    // Refused on one of the schemas, which its changes tell.
    return undefined
  }
}

export function planFigures(plan: Plan): PlanFigures {
  const services: string[] = []
  const source = plan.source === undefined ? 0 : 1
  if (plan.source !== undefined) services.push(plan.source.serviceName)
  const steps = source + walk(plan.root, services)
  const subgraphs: Record<string, number> = {}
  for (const service of services.sort()) subgraphs[service] = (subgraphs[service] ?? 0) + 1
  return { fetches: services.length, steps, subgraphs }
}

/** Adds the services fetched from; answers the longest chain of fetches that wait for each other. */
function walk(node: PlanNode | undefined, services: string[]): number {
  if (node === undefined) return 0
  switch (node.kind) {
    case 'Fetch':
      services.push(node.serviceName)
      return 1
    case 'Flatten':
      return walk(node.node, services)
    case 'Condition':
      return Math.max(walk(node.ifClause, services), walk(node.elseClause, services))
    case 'Sequence':
      return node.nodes.reduce((sum, inner) => sum + walk(inner, services), 0)
    case 'Parallel':
      return Math.max(0, ...node.nodes.map(inner => walk(inner, services)))
    default:
      return unreachable(node)
  }
}

function same(a: PlanFigures, b: PlanFigures): boolean {
  return a.steps === b.steps && JSON.stringify(a.subgraphs) === JSON.stringify(b.subgraphs)
}

function growth({ before, after }: PlanChange): number {
  return after.fetches - before.fetches + (after.steps - before.steps)
}

import type { PlanNode } from '../planning/plan.ts'
import { runFetch } from './fetch.ts'
import type { Run } from './run.ts'
import { targetsAt } from './target.ts'
import type { Target } from './target.ts'

/** Runs a plan: sequences in order, parallels together, conditions by variable. Never rejects. */
export async function walk(node: PlanNode, targets: readonly Target[], run: Run): Promise<void> {
  switch (node.kind) {
    case 'Fetch':
      return runFetch(node, targets, run)
    case 'Flatten':
      return walk(node.node, targetsAt(targets, node.path, run.overlap), run)
    case 'Sequence':
      for (const inner of node.nodes) await walk(inner, targets, run)
      return
    case 'Parallel':
      await Promise.all(node.nodes.map(inner => walk(inner, targets, run)))
      return
    case 'Condition': {
      const chosen = run.variables[node.condition] === true ? node.ifClause : node.elseClause
      if (chosen !== undefined) await walk(chosen, targets, run)
    }
  }
}

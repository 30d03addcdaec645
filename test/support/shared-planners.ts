import { LocalPlanner } from '../../gateway/planning/local-planner.ts'
import type { Plan } from '../../gateway/planning/plan.ts'
import type { Planner, PlanRequest } from '../../gateway/planning/planner.ts'
import type { Supergraph } from '../../gateway/supergraph/supergraph-facts.ts'
import { plannable } from './plannable.ts'

/** Graphs whose planners are kept. One is kept always, so that the process of the Rust planner is started once. */
const keptMax = 100

const kept = new Map<string, SharedPlanner>()

/**
 * The planner of this name for a graph, made once however many engines of a file stand on it; an operation is planned once as
 * well. Those who close it leave it to the others.
 */
export function sharedPlanner(name: Plan['plannedBy'], supergraph: Supergraph): Planner {
  const key = `${name} ${supergraph.hash}`
  const planner = kept.get(key) ?? new SharedPlanner(name, supergraph)
  // Anew at the end, as the one used last.
  kept.delete(key)
  kept.set(key, planner)
  for (const [oldest, each] of kept) {
    if (kept.size <= keptMax) break
    kept.delete(oldest)
    void each.end()
  }
  planner.users++
  return planner
}

/** Planners of the graph that was forgotten last. */
let forgotten: readonly SharedPlanner[] = []

/** Lets go of the planners of a graph, but for those that another engine still uses; those of the last one go with the next. */
export function forgetPlanners(supergraph: Supergraph): void {
  for (const each of forgotten) void each.end()
  const own = [...kept].filter(([key, { users }]) => key.endsWith(` ${supergraph.hash}`) && users === 0)
  for (const [key] of own) kept.delete(key)
  forgotten = own.map(([, each]) => each)
}

class SharedPlanner implements Planner {
  /** Engines that have not closed it. */
  users = 0
  readonly #planner: LocalPlanner
  readonly #plans = new Map<string, Promise<Plan>>()

  constructor(name: Plan['plannedBy'], supergraph: Supergraph) {
    this.#planner = new LocalPlanner(name, plannable(supergraph))
  }

  plan(request: PlanRequest): Promise<Plan> {
    const { text, operationName, overrides } = request
    const key = JSON.stringify([text, operationName, overrides])
    let plan = this.#plans.get(key)
    if (plan === undefined) {
      plan = this.#planner.plan(request)
      plan.catch(() => this.#plans.delete(key))
      this.#plans.set(key, plan)
    }
    return plan
  }

  close(): Promise<void> {
    this.users--
    return Promise.resolve()
  }

  end(): Promise<void> {
    return this.#planner.close()
  }
}

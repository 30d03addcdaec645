import { LocalPlanner } from '../../gateway/planning/local-planner.ts'
import type { Plan } from '../../gateway/planning/plan.ts'
import type { Planner, PlanRequest } from '../../gateway/planning/planner.ts'
import type { Supergraph } from '../../gateway/supergraph/supergraph-facts.ts'
import { plannable } from './plannable.ts'
import { until } from './until.ts'

/** Graphs whose planners are kept. One is kept always, so that the process of the Rust planner is started once. */
const keptMax = 100

/** How long the process of the Rust planner may take until it plans again, milliseconds. */
const startMsMax = 30_000

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
      plan = this.#patiently(request)
      plan.catch(() => this.#plans.delete(key))
      this.#plans.set(key, plan)
    }
    return plan
  }

  /**
   * While the process of the Rust planner starts anew after a panic the other one plans, or nobody can say whether there is a plan: right
   * for those who ask a gateway, but a test would say little of the Rust planner.
   */
  async #patiently(request: PlanRequest): Promise<Plan> {
    let plan: Promise<Plan> | undefined
    await until(
      'the planner is there',
      async () => {
        plan = this.#planner.plan(request)
        const [planned] = await Promise.allSettled([plan])
        return planned.status === 'fulfilled'
          ? !planned.value.handedOn?.some(isAway)
          : !isAway(planned.reason)
      },
      startMsMax,
    )
    return plan ?? this.#planner.plan(request)
  }

  close(): Promise<void> {
    this.users--
    return Promise.resolve()
  }

  end(): Promise<void> {
    return this.#planner.close()
  }
}

/** Does a failure, or the reason why the other one planned, say that a planner starts anew? */
function isAway(why: unknown): boolean {
  return (why instanceof Error ? why.message : String(why)).includes('while a planner restarts')
}

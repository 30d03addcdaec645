import { createEngine } from '../../gateway/create-engine.ts'
import type { EngineOptions } from '../../gateway/create-engine.ts'
import type { Engine } from '../../gateway/engine.ts'
import type { Plan } from '../../gateway/planning/plan.ts'
import type { Planner } from '../../gateway/planning/planner.ts'
import { sharedPlanner } from '../support/shared-planners.ts'
import { countFailure, countPlan } from './plan-counts.ts'
import type { PlannerCounts } from './plan-counts.ts'

/** A way to build the engine; every suite of this folder runs on each. */
export interface EngineVariant {
  /** The planner's. */
  readonly name: Plan['plannedBy']
  /** What runs queries wherever it can. */
  readonly tier: 'generic' | 'compiled'
  readonly build: (options: EngineOptions) => Engine
}

const names = ['apollo', 'rust'] as const

/** Executions after which queries are compiled: never, or before the first one, wherever that is possible. */
const tiers = [
  { tier: 'generic', compiledAfter: Infinity },
  { tier: 'compiled', compiledAfter: 0 },
] as const

/** Each planner on each tier. A planner that hands an operation on makes the test fail: it would show nothing. */
export const engineVariants: readonly EngineVariant[] = tiers.flatMap(({ tier, compiledAfter }) =>
  names.map(name => ({
    name,
    tier,
    build: (options: EngineOptions) =>
      createEngine({
        ...options,
        compiledAfter,
        planner: supergraph => observed(sharedPlanner(name, supergraph), refuseOthers(name)),
      }),
  })),
)

/** Engines as the product has them: what a planner cannot plan goes to the other. `counts` says how often that was. */
export function countingVariants(counts: PlannerCounts): readonly EngineVariant[] {
  return names.flatMap(name => {
    // The tiers share plans.
    const seen = new WeakSet<object>()
    const once = (what: object, count: () => void): void => {
      if (!seen.has(what)) count()
      seen.add(what)
    }
    const look = (plan: Plan): void => once(plan, () => countPlan(plan, name, counts[name]))
    const failed = (failure: unknown): void => countFailure(failure, counts[name])
    return tiers.map(({ tier, compiledAfter }) => ({
      name,
      tier,
      build: (options: EngineOptions) =>
        createEngine({
          ...options,
          compiledAfter,
          planner: supergraph =>
            observed(sharedPlanner(name, supergraph), look, tier === 'generic' ? failed : undefined),
        }),
    }))
  })
}

function observed(
  planner: Planner,
  look: (plan: Plan) => void,
  failed: (failure: unknown) => void = () => undefined,
): Planner {
  return {
    async plan(request, signal) {
      let plan
      try {
        plan = await planner.plan(request, signal)
      } catch (failure) {
        failed(failure)
        throw failure
      }
      look(plan)
      return plan
    },
    close: () => planner.close(),
  }
}

function refuseOthers(name: Plan['plannedBy']) {
  return ({ plannedBy }: Plan): void => {
    if (plannedBy !== name) throw new Error(`the ${name} planner handed this on`)
  }
}

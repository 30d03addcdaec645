import { createEngine } from '../../gateway/create-engine.ts'
import type { EngineOptions } from '../../gateway/create-engine.ts'
import type { Engine } from '../../gateway/engine.ts'
import { LocalPlanner } from '../../gateway/planning/local-planner.ts'
import type { Plan } from '../../gateway/planning/plan.ts'
import type { Planner } from '../../gateway/planning/planner.ts'

/** A way to build the engine; every suite of this folder runs on each. */
export interface EngineVariant {
  /** The planner's. */
  readonly name: Plan['plannedBy']
  /** What runs queries wherever it can. */
  readonly tier: 'generic' | 'compiled'
  readonly build: (options: EngineOptions) => Engine
}

/** Operations that were planned, and those of them by the planner that was asked first. */
export interface PlanCounts {
  own: number
  all: number
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
        planner: ({ sdl }) => observed(name, sdl, refuseOthers(name)),
      }),
  })),
)

/**
 * An engine as the product has it: what a planner cannot plan goes to the other. `counts` says how often that was. Without
 * `compiledAfter` on the generic tier.
 */
export function countingVariant(
  name: Plan['plannedBy'],
  counts: PlanCounts,
  compiledAfter = Infinity,
): EngineVariant {
  const count = ({ plannedBy }: Plan): void => {
    counts.all++
    if (plannedBy === name) counts.own++
  }
  return {
    name,
    tier: compiledAfter === Infinity ? 'generic' : 'compiled',
    build: options =>
      createEngine({ ...options, compiledAfter, planner: ({ sdl }) => observed(name, sdl, count) }),
  }
}

function observed(name: Plan['plannedBy'], sdl: string, look: (plan: Plan) => void): Planner {
  const planner = new LocalPlanner(name, sdl)
  return {
    async plan(request, signal) {
      const plan = await planner.plan(request, signal)
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

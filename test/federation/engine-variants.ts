import { createEngine } from '../../gateway/create-engine.ts'
import type { EngineOptions } from '../../gateway/create-engine.ts'
import type { Engine } from '../../gateway/engine.ts'
import { LocalPlanner } from '../../gateway/planning/local-planner.ts'
import type { Plan } from '../../gateway/planning/plan.ts'
import type { Planner } from '../../gateway/planning/planner.ts'

/** A way to build the engine; every suite of this folder runs on each. */
export interface EngineVariant {
  readonly name: Plan['plannedBy']
  readonly build: (options: EngineOptions) => Engine
}

/** Operations that were planned, and those of them by the planner that was asked first. */
export interface PlanCounts {
  own: number
  all: number
}

const names = ['apollo', 'rust'] as const

/** Another tier of execution is one more row. A planner that hands an operation on makes the test fail: it would show nothing. */
export const engineVariants: readonly EngineVariant[] = names.map(name => ({
  name,
  build: options =>
    createEngine({ ...options, planner: ({ sdl }) => observed(name, sdl, refuseOthers(name)) }),
}))

/** An engine as the product has it: what a planner cannot plan goes to the other. `counts` says how often that was. */
export function countingVariant(name: Plan['plannedBy'], counts: PlanCounts): EngineVariant {
  const count = ({ plannedBy }: Plan): void => {
    counts.all++
    if (plannedBy === name) counts.own++
  }
  return {
    name,
    build: options => createEngine({ ...options, planner: ({ sdl }) => observed(name, sdl, count) }),
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

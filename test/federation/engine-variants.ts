import { createEngine } from '../../gateway/create-engine.ts'
import type { EngineOptions } from '../../gateway/create-engine.ts'
import type { Engine } from '../../gateway/engine.ts'

/** A way to build the engine; every suite of this folder runs on each. */
export interface EngineVariant {
  readonly name: string
  readonly build: (options: EngineOptions) => Engine
}

/** Another planner or another tier of execution is one more row. */
export const engineVariants: readonly EngineVariant[] = [{ name: 'apollo', build: createEngine }]

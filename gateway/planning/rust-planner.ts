import type * as RustAddon from '@graphql-hive/router-query-planner'
import { BREAK, parse, print, visit } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import { forRust } from './rust-document.ts'
import { planOfRust } from './rust-plan.ts'
import type { Plan } from './plan.ts'
import type { Planner, PlanRequest } from './planner.ts'

/** At this percentile no `percent(n)` is active. */
const noOverrides = 100

type Addon = typeof RustAddon

/** The Rust planner of Hive; undefined where it was not installed or has no binary for this system. */
export async function loadRustAddon(): Promise<Addon | undefined> {
  try {
    return await import('@graphql-hive/router-query-planner')
  } catch {
    return undefined
  }
}

/**
 * Plans with Hive's query planner, in threads of its own that can be interrupted. A panic there aborts the process: outside of
 * `rust-process.ts` nobody should run it.
 */
export class RustPlanner implements Planner {
  readonly #planner: RustAddon.QueryPlanner

  /** Throws QUERY_PLAN_FAILED when it cannot plan on this supergraph. */
  constructor(addon: Addon, sdl: string) {
    if (usesContext(sdl)) throw failed(new Error('the Rust planner drops @fromContext arguments'))
    try {
      this.#planner = new addon.QueryPlanner(sdl)
    } catch (cause) {
      throw failed(cause)
    }
  }

  async plan({ text, operationName, overrides }: PlanRequest, signal?: AbortSignal): Promise<Plan> {
    const document = forRust(parse(text, { noLocation: true }), operationName)
    if (document === undefined) return { plannedBy: 'rust', root: undefined, source: undefined, fetches: 0 }
    let made
    try {
      const { active = [], percentile = noOverrides } = overrides ?? {}
      made = await this.#planner.planAsync(
        print(document),
        operationName,
        new Set(active),
        percentile,
        signal,
      )
    } catch (cause) {
      signal?.throwIfAborted()
      throw failed(cause)
    }
    return planOfRust(made)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Every supergraph of today declares the argument `contextArguments`; only some give it. */
function usesContext(sdl: string): boolean {
  let found = false
  visit(parse(sdl, { noLocation: true }), {
    DirectiveDefinition: () => false,
    Directive({ name, arguments: given = [] }) {
      if (name.value !== 'join__field') return undefined
      found ||= given.some(argument => argument.name.value === 'contextArguments')
      return found ? BREAK : undefined
    },
  })
  return found
}

function failed(cause: unknown): EnneadError {
  return new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned', { cause })
}

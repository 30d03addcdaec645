import type { EngineOptions } from '../../../gateway/create-engine.ts'
import type { GraphQLRequest } from '../../../gateway/engine.ts'
import type { Principal } from '../../../kernel/principal.ts'

/**
 * Values of one subgraph, by type. The root types have one record; of entities there is a list, and a representation means the
 * record that agrees with it in every field both have. A function is a resolver, given arguments and the object; an Error
 * is a field that fails. Objects of abstract types have a `__typename`.
 */
export interface SubgraphData {
  readonly [type: string]: DataRecord | readonly DataRecord[]
}

export interface DataRecord {
  readonly [field: string]: unknown
}

export interface ConformanceSubgraph {
  readonly sdl: string
  readonly data?: SubgraphData
}

export interface ExpectedError {
  readonly path?: readonly (string | number)[]
  readonly code: string
}

export interface ConformanceOperation {
  readonly query: string
  readonly variables?: GraphQLRequest['variables']
  readonly principal?: Principal
  /** Subgraphs that cannot be reached. */
  readonly down?: readonly string[]
  /** Compared to the letter, order of keys included. Undefined: there is no `data`, the operation is refused. */
  readonly data?: Readonly<Record<string, unknown>> | null
  /** In any order. Default: none. */
  readonly errors?: readonly ExpectedError[]
  /** Answers of a subscription, instead of `data`. */
  readonly events?: readonly unknown[]
  /**
   * Requests to subgraphs in any order, each as `name { selections }`, or `name Type { selections }` for entities; without
   * `__typename`, selections in the order of their text. Default: whatever was sent. A planner that makes others has its own list.
   */
  readonly fetches?:
    readonly string[] | { readonly apollo: readonly string[]; readonly rust: readonly string[] }
}

export interface ConformanceCase {
  /** What the specification promises. */
  readonly name: string
  /** Where a gateway has broken the promise. */
  readonly seen?: string
  readonly subgraphs: Readonly<Record<string, ConformanceSubgraph>>
  readonly operations: readonly ConformanceOperation[]
  readonly options?: Partial<EngineOptions>
  /** Planners that cannot, and why. */
  readonly except?: Readonly<Partial<Record<'apollo' | 'rust', string>>>
}

import { EnneadError } from '../../kernel/errors.ts'

/** What one operation may be at most. Every one is refused before planning, and all but the last two before validation. */
export interface OperationLimits {
  /** Lexical tokens of the document. Default 4,000. */
  readonly tokensMax?: number
  /** Levels of fields, fragments expanded. Default 15, which GraphiQL's introspection needs. */
  readonly depthMax?: number
  /** Selections, fragments expanded. Default 5,000. */
  readonly selectionsMax?: number
  /** Fields with an alias, fragments expanded. Default 50. */
  readonly aliasesMax?: number
  /** Fields at the root, fragments expanded. Default 20. */
  readonly rootFieldsMax?: number
  /** Directives, fragments expanded. Default 50. */
  readonly directivesMax?: number
  /** How often one response name may stand in one selection set, fragments expanded. Default 20. */
  readonly duplicatesMax?: number
  /** Characters of a document that are kept for the next request. Longer ones are answered and not kept. Default 100,000. */
  readonly cachedLengthMax?: number
  /** Fetches of the plan, conditional ones included. Default 100. */
  readonly fetchesMax?: number
}

export type ResolvedLimits = Required<OperationLimits>

export const operationLimits: ResolvedLimits = {
  tokensMax: 4_000,
  depthMax: 15,
  selectionsMax: 5_000,
  aliasesMax: 50,
  rootFieldsMax: 20,
  directivesMax: 50,
  duplicatesMax: 20,
  cachedLengthMax: 100_000,
  fetchesMax: 100,
}

/** Limits with their defaults. Throws BAD_OPTION for one that is not a positive integer. */
export function resolveLimits(limits: OperationLimits = {}): ResolvedLimits {
  const resolved = { ...operationLimits, ...limits }
  for (const [name, value] of Object.entries(resolved)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new EnneadError('BAD_OPTION', `limits.${name} must be an integer >= 1, got ${value}`)
    }
  }
  return resolved
}

import { EnneadError } from '../../kernel/errors.ts'

/** How the cost of operations is estimated and bounded. */
export interface CostOptions {
  /** Cost of one operation. Default 50,000: about as many objects as an answer may be expected to hold. */
  readonly costMax?: number
  /** Items of a list whose size nothing tells. Default 10. */
  readonly assumedListSize?: number
  /** Most items that may be asked for with one argument; more is BAD_USER_INPUT. Default 10,000. */
  readonly listSizeMax?: number
  /**
   * Integer arguments that are taken for the size of a list where no @listSize says anything: of the list itself, or of
   * the lists directly inside the object that the field answers. Default `first`, `last`, `limit`.
   */
  readonly slicingArguments?: readonly string[]
}

export type ResolvedCostOptions = Required<CostOptions>

export const costDefaults: ResolvedCostOptions = {
  costMax: 50_000,
  assumedListSize: 10,
  listSizeMax: 10_000,
  slicingArguments: ['first', 'last', 'limit'],
}

/** Options with their defaults. Throws BAD_OPTION. */
export function resolveCostOptions(options: CostOptions = {}): ResolvedCostOptions {
  const resolved = { ...costDefaults, ...options }
  for (const name of ['costMax', 'assumedListSize', 'listSizeMax'] as const) {
    const value = resolved[name]
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new EnneadError('BAD_OPTION', `cost.${name} must be an integer >= 1, got ${value}`)
    }
  }
  for (const name of resolved.slicingArguments) {
    if (!/^[_A-Za-z][_0-9A-Za-z]*$/.test(name)) {
      throw new EnneadError(
        'BAD_OPTION',
        `cost.slicingArguments must be names of arguments, got ${JSON.stringify(name)}`,
      )
    }
  }
  return resolved
}

import { EnneadError } from '../../kernel/errors.ts'

/** Relay's page arguments as GraphQL hands them over. */
export interface PageArguments {
  readonly first?: number | null
  readonly after?: string | null
  readonly last?: number | null
  readonly before?: string | null
}

/** A page as a resolver needs it: so many, in that direction, strictly behind that cursor. */
export interface PageRequest {
  /** 1 to 100. */
  readonly size: number
  /** `backward`: the last ones before the cursor. */
  readonly direction: 'forward' | 'backward'
  readonly cursor: string | undefined
}

const pageMax = 100
const pageDefault = 20

/**
 * Checks Relay's page arguments: `first` with `after`, or `last` with `before`, sizes 1 to 100, default first: 20.
 * Throws BAD_USER_INPUT naming the argument and its value.
 */
export function pageRequest(given: PageArguments): PageRequest {
  const first = given.first ?? undefined
  const last = given.last ?? undefined
  const after = given.after ?? undefined
  const before = given.before ?? undefined
  if (first !== undefined && last !== undefined) throw refused('give only one of "first" and "last"')
  if (after !== undefined && before !== undefined) throw refused('give only one of "after" and "before"')
  if (last === undefined && before === undefined) {
    return { size: pageSize('first', first ?? pageDefault), direction: 'forward', cursor: after }
  }
  if (first !== undefined) throw refused('"before" goes with "last", not with "first"')
  if (after !== undefined) throw refused('"after" goes with "first", not with "last"')
  return { size: pageSize('last', last ?? pageDefault), direction: 'backward', cursor: before }
}

/** A page size that is allowed, 1 to 100. Throws BAD_USER_INPUT naming `name` and the value. */
export function pageSize(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= pageMax) return value
  throw refused(`"${name}" must be from 1 to ${pageMax}, got ${value}`)
}

function refused(message: string): EnneadError {
  return new EnneadError('BAD_USER_INPUT', message)
}

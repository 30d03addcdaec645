import { EnneadError } from '../../kernel/errors.ts'

/** `enum ErrorCode` of the schemas: what a caller can act on. */
export type UserErrorCode =
  | 'VALIDATION'
  | 'NOT_FOUND'
  | 'FORBIDDEN'
  | 'CONFLICT'
  | 'VERSION_MISMATCH'
  | 'IDEMPOTENCY_CONFLICT'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'

/** `type UserError` of the schemas: a refusal that belongs to the answer of a mutation. */
export interface UserError {
  readonly code: UserErrorCode
  readonly message: string
  /** Leads into the mutation's arguments, e.g. `['input', 'title']`; null: about the whole call. */
  readonly path: readonly string[] | null
}

/** A refusal; `path` leads into the mutation's arguments. Default: about the whole call. */
export function userError(
  code: UserErrorCode,
  message: string,
  path: readonly string[] | null = null,
): UserError {
  return { code, message, path }
}

/**
 * The refusal that a failure of a domain means to the caller of a mutation, or undefined when it is none: an unknown
 * outcome, a missing sign-in and faults of ours stay GraphQL errors.
 */
export function refusalOf(failure: unknown): UserError | undefined {
  if (!(failure instanceof EnneadError)) return undefined
  const { code, message } = failure
  if (code === 'BAD_USER_INPUT') return userError('VALIDATION', message)
  if (code === 'NOT_FOUND' || code === 'FORBIDDEN') return userError(code, message)
  if (code === 'UNAVAILABLE' || code === 'OVERLOADED') return userError('UNAVAILABLE', message)
  return undefined
}

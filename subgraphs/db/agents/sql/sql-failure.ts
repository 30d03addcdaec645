import postgres from 'postgres'
import { EnneadError } from '../../../../kernel/errors.ts'
import type { ErrorCode } from '../../../../kernel/errors.ts'

/** How far a statement had come when its connection or the server failed. */
export type Progress =
  /** No byte of it was sent. */
  | 'unsent'
  /** It was sent, and may be repeated without harm. */
  | 'sent'
  /** It was sent, and is a write whose outcome matters. */
  | 'sent-write'

/** What an operator can do about an SQLSTATE, by its code or class (PostgreSQL, appendix A). */
const knownStates: readonly (readonly [prefix: string, code: ErrorCode, text: string])[] = [
  ['08', 'UNAVAILABLE', 'broke the connection'],
  ['57P0', 'UNAVAILABLE', 'is starting, stopping or recovering'],
  ['53300', 'UNAVAILABLE', 'has no connection left; raise max_connections or lower connectionsMax'],
  ['53100', 'AGENT_FAULT', 'has no disk space left; free some, and it goes on by itself'],
  ['53200', 'AGENT_FAULT', 'has no memory left'],
  ['58', 'AGENT_FAULT', 'could not read or write its files'],
  ['XX001', 'AGENT_FAULT', 'found its data damaged'],
  ['XX002', 'AGENT_FAULT', 'found an index damaged'],
  ['25006', 'AGENT_FAULT', 'is read-only (a standby?)'],
  ['28', 'AGENT_FAULT', 'refused the user or the password; correct them in its URL'],
  ['3D000', 'AGENT_FAULT', 'has no such database; create it, or correct its URL'],
  ['42501', 'AGENT_FAULT', 'does not allow the user to do this; make it the owner of the schema'],
  ['42P01', 'AGENT_FAULT', "lacks the store's tables; was its schema dropped?"],
  ['3F000', 'AGENT_FAULT', "lacks the store's schema; was it dropped?"],
  ['23505', 'STORE_DIVERGED', 'holds one of these changes at another place of its log'],
  ['57014', 'AGENT_TIMEOUT', 'ended a statement that took too long'],
]

/** Losing the connection in these states says nothing about a write that had been sent. */
const outcomeUnknown = /^(08|57P0)/

/** Has this failure ended the connection, so that it must not be used again? */
export function endsConnection(failure: unknown): boolean {
  if (!(failure instanceof postgres.PostgresError)) return true
  return failure.severity === 'FATAL' || failure.severity === 'PANIC' || outcomeUnknown.test(failure.code)
}

/** The driver's failure in our words: safe for clients, with the original as `cause`. */
export function sqlFailure(failure: unknown, server: string, progress: Progress): EnneadError {
  if (failure instanceof EnneadError) return failure
  if (endsConnection(failure) && progress === 'sent-write') {
    return new EnneadError(
      'UNKNOWN_COMMIT_OUTCOME',
      'the connection to PostgreSQL broke while a change was being written; it may or may not have happened',
      { cause: failure },
    )
  }
  if (failure instanceof postgres.PostgresError) {
    const state = failure.code
    const known = knownStates.find(([prefix]) => state.startsWith(prefix))
    const [, code, text] = known ?? ['', 'AGENT_FAULT', 'could not run a statement']
    return new EnneadError(code, `PostgreSQL ${text} (SQLSTATE ${state})`, { cause: failure })
  }
  if (progress === 'unsent') {
    return new EnneadError('UNAVAILABLE', `PostgreSQL at ${server} cannot be reached${reasonOf(failure)}`, {
      cause: failure,
    })
  }
  return new EnneadError('UNAVAILABLE', 'the connection to PostgreSQL broke', { cause: failure })
}

/** The system's name for what happened, e.g. ` (ECONNREFUSED)`; it never holds a secret. */
function reasonOf(failure: unknown): string {
  const code: unknown = failure instanceof Error && 'code' in failure ? failure.code : undefined
  return typeof code === 'string' ? ` (${code})` : ''
}

import type { AnswerError } from '../engine.ts'
import { isOutage } from '../outage.ts'

/**
 * How an operation ended. `broken`: something behind the gateway is down, and the client can resume when it connects
 * again. `expired`: the credential that it ran with is not valid any more. `slow`: the reader was so slow that events it
 * needs are gone.
 */
export type StreamEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly errors: readonly AnswerError[] }
  | { readonly kind: 'broken'; readonly errors: readonly AnswerError[] }
  | { readonly kind: 'expired' }
  | { readonly kind: 'slow' }

/**
 * An outage must not become an `error` message: stock clients take that as the end of the subscription and never ask
 * again, although the events are kept and a cursor would bring them all.
 */
export function endBy(errors: readonly AnswerError[]): StreamEnd {
  return { kind: isOutage(errors) ? 'broken' : 'failed', errors }
}

/** The end of a stream whose events behind a cursor cannot be brought. */
export function gapEnd(): StreamEnd {
  const message = 'events behind this cursor are no longer kept; load anew and subscribe without it'
  return { kind: 'failed', errors: [{ message, extensions: { code: 'CURSOR_EXPIRED' } }] }
}

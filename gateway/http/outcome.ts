import type { IncomingMessage } from 'node:http'
import type { RateState } from '../admission/rate-limits.ts'
import type { Log } from '../../kernel/log.ts'
import type { ClientPrincipal } from '../../kernel/principal.ts'
import type { GraphQLAnswer, PreparedOperation } from '../engine.ts'
import type { Flight, LandedAnswer } from './shared-answers.ts'

/** What is known of a request when it is answered, for its log line. */
export interface Outcome {
  readonly answer: GraphQLAnswer
  readonly operation: PreparedOperation | undefined
  /** Undefined: nobody, or it was refused before that was known. */
  readonly principal?: ClientPrincipal | undefined
  /** The body was not read to its end. */
  readonly unread: boolean
  /** What is left of each limit of rate. */
  readonly rates: readonly RateState[]
  /** It is the answer to another request that asked the same. */
  readonly landed?: LandedAnswer | undefined
  /** Others may wait for the same answer. */
  readonly flight?: Flight | undefined
}

export function logStream(
  log: Log,
  { request, requestId, ms }: Pick<Answered, 'request' | 'requestId' | 'ms'>,
  { answer, operation }: Outcome,
): void {
  const codes = answer.errors?.map(error => error.extensions.code)
  log.debug('http.stream', {
    requestId,
    method: request.method,
    operation: operation?.name,
    ms: Math.round(ms),
    codes,
  })
}

interface Answered {
  readonly request: IncomingMessage
  readonly requestId: string
  readonly traceId: string | undefined
  readonly status: number
  readonly bytes: number
  readonly ms: number
}

export function logOutcome(log: Log, answered: Answered, { answer, operation }: Outcome): void {
  const { request, requestId, traceId, status, bytes, ms } = answered
  const codes = answer.errors?.map(error => error.extensions.code)
  const facts = {
    requestId,
    traceId,
    method: request.method,
    status,
    kind: operation?.kind,
    operation: operation?.name,
    ms: Math.round(ms * 10) / 10,
    bytes,
    codes,
  }
  // Refusals are counted by admission: under overload, a line for each would be load as well.
  if (status >= 500 && codes?.[0] !== 'OVERLOADED') log.warn('http.request', facts)
  else log.debug('http.request', facts)
}

import type { ErrorCode, FailureKind } from '../kernel/errors.ts'
import type { Priority } from './port.ts'

/** Why an attempt was started: the call itself, a failure before it, a slow attempt beside it, a race, or to see whether an open agent is well again. */
export type AttemptReason = 'first' | 'failover' | 'hedge' | 'race' | 'probe'

/**
 * What happens in a domain, as it happens: metrics, logs and health are derived from these and nothing else. Times are
 * milliseconds of the dispatcher's clock.
 */
export type DispatchEvent =
  | (Where & {
      readonly is: 'attemptStarted'
      readonly agent: string
      readonly number: number
      readonly reason: AttemptReason
    })
  | (Where & {
      readonly is: 'attemptEnded'
      readonly agent: string
      readonly number: number
      /** `stopped`: given up because another attempt was enough or the call ended. */
      readonly outcome: 'ok' | 'stopped' | FailureKind
      readonly tookMs: number
    })
  /** An attempt that had been given up has ended after all; its result was dropped. */
  | (Where & {
      readonly is: 'late'
      readonly agent: string
      readonly number: number
      readonly tookMs: number
    })
  /** This attempt decides whether the open agent is closed or rests again. */
  | (Where & { readonly is: 'probed'; readonly agent: string })
  /** The answers so far differ and another agent is asked or the call fails. */
  | (Where & { readonly is: 'disagreed'; readonly answers: number })
  /** A call was refused before any work: the domain is full, or the operation rests. */
  | (Where & {
      readonly is: 'shed'
      readonly why: 'full' | 'open'
      readonly priority: Priority
      readonly retryAfterMs: number
    })
  | (Where & {
      readonly is: 'callEnded'
      readonly outcome: 'ok' | ErrorCode
      readonly tookMs: number
      readonly attempts: number
      /** Undefined when the caller did not say. */
      readonly requestId: string | undefined
    })
  /** A breaker opened: of an agent, or of an operation in the whole domain. */
  | { readonly is: 'opened'; readonly domain: string; readonly of: BreakerName; readonly restMs: number }
  | { readonly is: 'closed'; readonly domain: string; readonly of: BreakerName }
  /** The event loop stood still for this long; deadlines waited for answers that had already arrived. */
  | { readonly is: 'stalled'; readonly domain: string; readonly lateMs: number }

/** What a breaker spares. */
export type BreakerName =
  { readonly is: 'agent'; readonly name: string } | { readonly is: 'operation'; readonly name: string }

interface Where {
  readonly domain: string
  readonly operation: string
}

import type { Consistency } from './consistency.ts'
import type { Principal } from './principal.ts'

/** What one level hands to the next with every request, by function call or as headers. */
export interface Hop {
  readonly requestId: string
  /** Undefined: nobody has signed in. */
  readonly principal: Principal | undefined
  /** Milliseconds the receiver has left. A hop hands on min(what is left, its own limit). */
  readonly remainingMs: number
  /** The caller left or the deadline passed. */
  readonly signal: AbortSignal
  /** The client's user agent, shown in its session list. */
  readonly userAgent?: string | undefined
  /** The client's address, for throttling. */
  readonly address?: string | undefined
  /** What its reads must show. Undefined: what the receiver knows to be current. */
  readonly consistency?: Consistency | undefined
}

export const hopHeaders = {
  requestId: 'x-request-id',
  remainingMs: 'x-ennead-remaining-ms',
  assertion: 'x-ennead-assertion',
  /** Of an answer: `kept`, the principal may be named by its digest from now on; `unknown`, it must be sent whole. */
  principal: 'x-ennead-principal',
} as const

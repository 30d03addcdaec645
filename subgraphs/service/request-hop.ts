import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { consistencyOf } from '../../kernel/consistency.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { type Hop, hopHeaders } from '../../kernel/hop.ts'
import type { HopSigner, HopTarget, PrincipalForm } from '../../kernel/hop-signer.ts'

/** A hop that came over the wire, and the end of its deadline. */
export interface OpenedHop {
  readonly hop: Hop
  /** How its principal came. */
  readonly principalForm: PrincipalForm
  /** `digestOf` the body that it is for; it is the caller's to compare. */
  readonly bodyDigest: string
  /** Aborts the hop's signal: the caller has left. */
  readonly left: () => void
  /** Lets go of the deadline's timer. */
  readonly end: () => void
}

export interface OpenHopOptions {
  readonly signer: HopSigner
  /** Longest deadline a hop may ask for. Milliseconds. */
  readonly remainingMsMax: number
  /** Default: the system's. */
  readonly clock?: Clock
}

/**
 * The hop that the assertion in `headers` carries to `target`. `remainingMs` is cut to `remainingMsMax`; when it has passed,
 * or `left` is called, the hop's signal aborts. Throws UNAUTHENTICATED, with one text for every reason, when nobody of this
 * deployment vouches for this request, and PRINCIPAL_UNKNOWN when its principal must be sent whole.
 */
export function openHop(
  headers: IncomingHttpHeaders,
  target: Omit<HopTarget, 'body'>,
  { signer, remainingMsMax, clock = systemClock }: OpenHopOptions,
): OpenedHop {
  const vouched = signer.open(text(headers[hopHeaders.assertion]) ?? '', target)
  const remainingMs = Math.min(vouched.remainingMs ?? remainingMsMax, remainingMsMax)
  const controller = new AbortController()
  const timer = Number.isFinite(remainingMs)
    ? clock.after(remainingMs, () =>
        controller.abort(
          new EnneadError('DEADLINE_EXCEEDED', `the time for this request, ${remainingMs} ms, is used up`),
        ),
      )
    : undefined
  return {
    hop: {
      principal: vouched.principal,
      userAgent: vouched.userAgent,
      address: vouched.address,
      requestId: requestIdOf(vouched.requestId),
      remainingMs,
      signal: controller.signal,
      consistency: consistencyOf(headers),
    },
    principalForm: vouched.principalForm,
    bodyDigest: vouched.bodyDigest,
    left: () => controller.abort(new EnneadError('CANCELLED', 'the caller left')),
    end: () => timer?.cancel(),
  }
}

/** Refuses a principal whose trust has ended. Throws UNAUTHENTICATED. */
export function requireUnexpired(hop: Hop, wallMs: number): void {
  const { principal } = hop
  if (principal?.kind === 'actor' && principal.expiresAt * 1000 <= wallMs) {
    throw new EnneadError('UNAUTHENTICATED', 'the sign-in has ended; sign in again')
  }
}

function text(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** It is written into logs, and began at a client. */
function requestIdOf(given: string): string {
  return /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID()
}

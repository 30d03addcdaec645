import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { type Hop, type HopSigner, hopHeaders } from '../../kernel/hop.ts'

/** A hop that came over the wire, and the end of its deadline. */
export interface OpenedHop {
  readonly hop: Hop
  /** Aborts the hop's signal: the caller has left. */
  readonly left: () => void
  /** Lets go of the deadline's timer. */
  readonly end: () => void
}

/**
 * The hop that `headers` carry. `remainingMs` is cut to `remainingMsMax`; when it has passed, or `left` is called, the
 * hop's signal aborts. Throws UNAUTHENTICATED, with one text for every reason, when nobody of this deployment vouches.
 */
export function openHop(
  headers: IncomingHttpHeaders,
  signer: HopSigner,
  remainingMsMax: number,
  clock: Clock = systemClock,
): OpenedHop {
  const vouched = signer.open(text(headers[hopHeaders.assertion]) ?? '')
  const remainingMs = Math.min(
    milliseconds(headers[hopHeaders.remainingMs]) ?? remainingMsMax,
    remainingMsMax,
  )
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
      ...vouched,
      requestId: requestIdOf(headers[hopHeaders.requestId]),
      remainingMs,
      signal: controller.signal,
    },
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

function milliseconds(value: string | string[] | undefined): number | undefined {
  const digits = text(value)
  return digits !== undefined && /^\d{1,9}$/.test(digits) ? Number(digits) : undefined
}

function requestIdOf(value: string | string[] | undefined): string {
  const given = text(value)
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID()
}

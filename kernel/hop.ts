import { createHmac, timingSafeEqual } from 'node:crypto'
import { EnneadError } from './errors.ts'
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
}

export const hopHeaders = {
  requestId: 'x-request-id',
  remainingMs: 'x-ennead-remaining-ms',
  assertion: 'x-ennead-assertion',
} as const

/** How long an assertion is accepted after it was made. */
const assertionLifeMs = 30_000
/** How far two machines' clocks may differ. */
const clockSkewMs = 5_000

interface AssertionBody {
  readonly principal: Principal | null
  readonly userAgent: string | null
  readonly address: string | null
  readonly at: number
}

/**
 * Signs and checks what crosses from process to process: HMAC-SHA256 (RFC 2104) over the JSON body with the
 * deployment's hop secret. It says that one of us vouches for the principal; whoever cannot make one is a stranger.
 */
export class HopSigner {
  readonly #secret: Buffer
  readonly #wall: () => number

  constructor(secret: Buffer, wall: () => number = Date.now) {
    if (secret.length < 32) {
      throw new EnneadError('BAD_OPTION', `the hop secret must have at least 32 bytes, got ${secret.length}`)
    }
    this.#secret = secret
    this.#wall = wall
  }

  /** The headers that carry `hop` over HTTP. */
  headers(hop: Hop): Record<string, string> {
    const body: AssertionBody = {
      principal: hop.principal ?? null,
      userAgent: hop.userAgent ?? null,
      address: hop.address ?? null,
      at: this.#wall(),
    }
    const text = Buffer.from(JSON.stringify(body)).toString('base64url')
    return {
      [hopHeaders.requestId]: hop.requestId,
      [hopHeaders.remainingMs]: String(Math.max(0, Math.floor(hop.remainingMs))),
      [hopHeaders.assertion]: `${text}.${this.#tag(text)}`,
    }
  }

  /** What an assertion vouches for. Throws UNAUTHENTICATED, with one text for every reason, unless it is ours and young. */
  open(assertion: string): Pick<Hop, 'principal' | 'userAgent' | 'address'> {
    const [text, tag, ...more] = assertion.split('.')
    if (text === undefined || tag === undefined || more.length > 0 || !sameText(tag, this.#tag(text)))
      throw stranger()
    // Only a holder of the secret could have written it, and holders write AssertionBody.
    const body = JSON.parse(Buffer.from(text, 'base64url').toString()) as AssertionBody
    const age = this.#wall() - body.at
    if (age > assertionLifeMs || age < -clockSkewMs) throw stranger()
    return {
      principal: body.principal ?? undefined,
      userAgent: body.userAgent ?? undefined,
      address: body.address ?? undefined,
    }
  }

  #tag(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url')
  }
}

function sameText(left: string, right: string): boolean {
  const a = Buffer.from(left)
  const b = Buffer.from(right)
  return a.length === b.length && timingSafeEqual(a, b)
}

function stranger(): EnneadError {
  return new EnneadError(
    'UNAUTHENTICATED',
    'this subgraph only answers the gateway and subgraphs of its deployment',
  )
}

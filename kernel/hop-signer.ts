import { createHash, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { EnneadError } from './errors.ts'
import { flatText } from './flat-text.ts'
import type { Hop } from './hop.ts'
import { HmacSha256 } from './hmac.ts'
import { readAssertion, writtenAssertion } from './hop-assertion.ts'
import type { SaidPrincipal } from './hop-assertion.ts'
import { hopHeaders } from './hop.ts'
import { KeptPrincipals, writtenPrincipal } from './kept-principals.ts'
import type { Principal } from './principal.ts'
import { SeenNonces } from './seen-nonces.ts'

/** The one request that an assertion is for. */
export interface HopTarget {
  /** Who shall answer: the name of a subgraph. */
  readonly audience: string
  /** Of HTTP; `SUBSCRIBE` for an operation of a socket. */
  readonly method: string
  /** As it is sent, with the query. */
  readonly path: string
  /** As it is sent. Default: none. */
  readonly body?: string | Uint8Array
}

/** How an assertion says for whom it is: `digest` only to a receiver that has said that it keeps this principal. */
export type PrincipalForm = 'whole' | 'digest'

/** What an assertion says once it was found to be ours. */
export interface Vouched {
  /** The same object for all assertions that are for the same, as long as it is kept. */
  readonly principal: Principal | undefined
  /** How it came. */
  readonly principalForm: PrincipalForm
  readonly userAgent: string | undefined
  readonly address: string | undefined
  readonly requestId: string
  /** Undefined: as long as the receiver allows. */
  readonly remainingMs: number | undefined
  /** `digestOf` the body that it is for. The receiver compares once it has read the body. */
  readonly bodyDigest: string
}

export interface HopSignerOptions {
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly wall?: () => number
  /** A text that never comes again, of letters, digits, `-` and `_`. Default: who signs, at random, and a number. */
  readonly nonce?: () => string
  /** Assertions remembered, so that none is accepted twice. Default 200,000: ten seconds of 20,000 requests a second. */
  readonly noncesMax?: number
}

/** How long an assertion is accepted after it was made. */
const assertionLifeMs = 30_000
/** How far two machines' clocks may differ. */
const clockSkewMs = 5_000
const secretBytesMin = 32
const defaults = { wall: Date.now, noncesMax: 200_000 } as const

interface Key {
  /** Tells keys apart without telling anything of them. */
  readonly id: string
  readonly hmac: HmacSha256
}

/**
 * Signs and checks what crosses from process to process: HMAC-SHA256 (RFC 2104) with a secret of the deployment, over who
 * asks, whom, what (method, path, SHA-256 of the body), when, and a nonce. It says that one of us vouches for the principal
 * in this one request: a receiver accepts it once, within 30 seconds. Whoever cannot make one is a stranger.
 */
export class HopSigner {
  readonly #wall: () => number
  readonly #nonce: () => string
  readonly #seen: SeenNonces
  readonly #kept = new KeptPrincipals()
  #keys: readonly [Key, ...Key[]]

  /** @param secrets The first signs, all are accepted. Throws BAD_OPTION. */
  constructor(secrets: Uint8Array | readonly Uint8Array[], options: HopSignerOptions = {}) {
    const { wall, noncesMax, nonce = countedNonces() } = { ...defaults, ...options }
    this.#keys = keysOf(secrets)
    this.#wall = wall
    this.#nonce = nonce
    this.#seen = new SeenNonces({ lifeMs: assertionLifeMs + clockSkewMs, entriesMax: noncesMax })
  }

  /** Takes other secrets from now on; what was accepted once stays so. Throws BAD_OPTION, and keeps the old ones then. */
  useSecrets(secrets: readonly Uint8Array[]): void {
    this.#keys = keysOf(secrets)
  }

  /** The headers that carry `hop` with the one request `target`; another attempt needs others. */
  headers(
    hop: Hop,
    { audience, method, path, body }: HopTarget,
    form: PrincipalForm = 'whole',
  ): Record<string, string> {
    const remainingMs = Number.isFinite(hop.remainingMs)
      ? Math.max(0, Math.floor(hop.remainingMs))
      : undefined
    const { requestId, address, userAgent } = hop
    const said = writtenAssertion({
      at: this.#wall(),
      nonce: this.#nonce(),
      bodyDigest: digestOf(body),
      remainingMs,
      requestId,
      address,
      userAgent,
      principal: saidOf(hop.principal, form),
    })
    const [key] = this.#keys
    const text = `${key.id}.${said}`
    const headers: Record<string, string> = {
      [hopHeaders.requestId]: requestId,
      [hopHeaders.assertion]: `${text}.${key.hmac.tagOf(signedText(audience, method, path, text))}`,
    }
    if (remainingMs !== undefined) headers[hopHeaders.remainingMs] = String(remainingMs)
    return headers
  }

  /**
   * What an assertion vouches for, once. Throws UNAUTHENTICATED, with one text for every reason, unless it is ours, young, for
   * this request, and new; PRINCIPAL_UNKNOWN when it is all that and its principal is not kept. The body is the caller's to compare.
   */
  open(assertion: string, { audience, method, path }: Omit<HopTarget, 'body'>): Vouched {
    const end = assertion.lastIndexOf('.')
    const text = assertion.slice(0, Math.max(0, end))
    const begin = text.indexOf('.')
    const id = text.slice(0, Math.max(0, begin))
    const key = this.#keys.find(each => each.id === id)
    if (key === undefined) throw stranger()
    const tag = key.hmac.tagOf(signedText(audience, method, path, text))
    if (!sameText(assertion.slice(end + 1), tag)) throw stranger()
    const said = readAssertion(text.slice(begin + 1))
    if (said === undefined) throw stranger()
    const now = this.#wall()
    if (now - said.at > assertionLifeMs || now - said.at < -clockSkewMs) throw stranger()
    if (!this.#seen.pass(flatText(said.nonce), said.at, now)) throw stranger()
    const { principal, userAgent, address, requestId, remainingMs, bodyDigest } = said
    return {
      principal: this.#principalOf(principal),
      principalForm: principal !== undefined && 'digest' in principal ? 'digest' : 'whole',
      userAgent,
      address,
      requestId,
      remainingMs,
      bodyDigest,
    }
  }

  #principalOf(said: SaidPrincipal): Principal | undefined {
    if (said === undefined) return undefined
    // Only a holder of the secret could have written it, and holders write principals.
    if ('whole' in said) return this.#kept.keep(JSON.parse(said.whole) as Principal)
    const kept = this.#kept.get(said.digest)
    if (kept !== undefined) return kept
    throw new EnneadError('PRINCIPAL_UNKNOWN', 'this subgraph does not keep this principal; send it whole')
  }
}

function saidOf(principal: Principal | undefined, form: PrincipalForm): SaidPrincipal {
  if (principal === undefined) return undefined
  const { text, digest } = writtenPrincipal(principal)
  return form === 'whole' ? { whole: text } : { digest }
}

/**
 * What the tag is of. Whom, how and where is not in the assertion: the receiver knows what it was asked. No part has a line feed,
 * so that no other request and assertion make the same text. Throws BAD_OPTION.
 */
function signedText(audience: string, method: string, path: string, assertion: string): string {
  if (audience.includes('\n') || method.includes('\n') || path.includes('\n')) {
    throw new EnneadError('BAD_OPTION', 'what a hop asks has a line feed in its subgraph, method or path')
  }
  return `${audience}\n${method}\n${path}\n${assertion}`
}

/** Unique, which is all that is asked of them: the tag is what nobody can guess. */
function countedNonces(): () => string {
  const signer = randomBytes(16).toString('base64url')
  let made = 0
  return () => `${signer}${++made}`
}

/** SHA-256 in base64url. Nothing is as good as an empty body. */
export function digestOf(body: string | Uint8Array = ''): string {
  return hash('sha256', body, 'base64url')
}

/** Throws UNAUTHENTICATED when a body is not the one that was vouched for. */
export function requireBody({ bodyDigest }: Pick<Vouched, 'bodyDigest'>, digest: string): void {
  if (!sameText(bodyDigest, digest)) throw stranger()
}

function keysOf(given: Uint8Array | readonly Uint8Array[]): readonly [Key, ...Key[]] {
  const [first, ...others] = (given instanceof Uint8Array ? [given] : given).map(secret => {
    if (secret.length < secretBytesMin)
      throw new EnneadError(
        'BAD_OPTION',
        `the hop secret must have at least ${secretBytesMin} bytes, got ${secret.length}`,
      )
    return {
      id: createHash('sha256').update('ennead hop key').update(secret).digest('base64url').slice(0, 8),
      hmac: new HmacSha256(secret),
    }
  })
  if (first === undefined) throw new EnneadError('BAD_OPTION', 'there is no hop secret')
  return [first, ...others]
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

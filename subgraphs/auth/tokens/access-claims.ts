import { EnneadError } from '../../../kernel/errors.ts'
import type { Role } from '../../../kernel/principal.ts'

/** What an access token of ours says. */
export interface AccessClaims {
  readonly userId: string
  readonly workspaceId: string
  readonly sessionId: string
  readonly role: Role
  readonly scopes: readonly string[]
  /** As `packRules` of @casl/ability/extra wrote them. */
  readonly rules: readonly unknown[]
  /** Seconds since 1970. */
  readonly expiresAt: number
}

/** Claims of a token that was verified. */
export interface VerifiedClaims extends AccessClaims {
  /** Seconds since 1970. */
  readonly issuedAt: number
}

/** Who tokens are from and for. */
export interface TokenAudience {
  readonly issuer: string
  readonly audience: string
}

/** Type of our access tokens (RFC 9068). */
export const accessTokenType = 'at+jwt'
/** Ours have about 900 characters. */
export const tokenLengthMax = 8_192

/** A token as it presents itself: nothing in it is to be believed. */
export interface UnverifiedToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

/** The refusal of a credential: one text for every reason; the reason is for the log. */
export function unauthenticated(reason: unknown): EnneadError {
  return new EnneadError('UNAUTHENTICATED', 'the access token is not valid or has expired; sign in again', {
    cause: reason,
  })
}

/** Takes a compact JWS apart. Throws UNAUTHENTICATED when it is none or has more than 8,192 characters. */
export function readUnverified(token: string): UnverifiedToken {
  if (token.length > tokenLengthMax) throw unauthenticated(`${token.length} characters`)
  const [header, payload, signature, ...more] = token.split('.')
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) {
    throw unauthenticated('not a compact JWS')
  }
  return { header: readObject(header), payload: readObject(payload) }
}

/** The key id of a token whose header is one that we write: alg, typ and kid, and nothing else. Throws UNAUTHENTICATED. */
export function ownKeyId({ header }: UnverifiedToken): string {
  const { alg, typ, kid, ...more } = header
  if (alg !== 'ES256' || typ !== accessTokenType || typeof kid !== 'string' || Object.keys(more).length > 0) {
    throw unauthenticated('a header that is not ours')
  }
  return kid
}

/** The claims of a token whose signature, issuer, audience and times hold. Throws UNAUTHENTICATED when one is missing. */
export function accessClaims(payload: Readonly<Record<string, unknown>>): VerifiedClaims {
  const { sub, ws, sid, role, scope, rules, iat, exp } = payload
  if (
    typeof sub === 'string' &&
    typeof ws === 'string' &&
    typeof sid === 'string' &&
    isRole(role) &&
    typeof scope === 'string' &&
    Array.isArray(rules) &&
    typeof iat === 'number' &&
    Number.isFinite(iat) &&
    typeof exp === 'number' &&
    Number.isFinite(exp)
  ) {
    const scopes = scope.split(' ').filter(word => word !== '')
    const names = { userId: sub, workspaceId: ws, sessionId: sid }
    return { ...names, role, scopes, rules, issuedAt: iat, expiresAt: exp }
  }
  throw unauthenticated('a claim is missing or of another type')
}

function isRole(value: unknown): value is Role {
  return value === 'OWNER' || value === 'ADMIN' || value === 'MEMBER' || value === 'GUEST'
}

function readObject(part: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch (cause) {
    throw unauthenticated(cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unauthenticated('not an object')
  // An object of JSON has string keys.
  return value as Readonly<Record<string, unknown>>
}

import { randomUUID } from 'node:crypto'
import jwt from 'jsonwebtoken'
import {
  type AccessClaims,
  type TokenAudience,
  type VerifiedClaims,
  accessClaims,
  accessTokenType,
  ownKeyId,
  readUnverified,
  unauthenticated,
} from './access-claims.ts'
import type { SigningKey, SigningKeys } from './signing-keys.ts'

/** Makes an access token (RFC 9068, ES256). `issuedAt` in seconds since 1970. */
export function signAccessToken(
  key: SigningKey,
  claims: AccessClaims,
  { issuer, audience }: TokenAudience,
  issuedAt: number,
): string {
  const payload = {
    iss: issuer,
    aud: audience,
    sub: claims.userId,
    iat: issuedAt,
    exp: claims.expiresAt,
    jti: randomUUID(),
    sid: claims.sessionId,
    ws: claims.workspaceId,
    role: claims.role,
    scope: claims.scopes.join(' '),
    rules: claims.rules,
  }
  const header = { alg: 'ES256', typ: accessTokenType, kid: key.kid }
  return jwt.sign(payload, key.privateKey, { algorithm: 'ES256', header })
}

/**
 * What an access token of ours says, when all of it holds: our header and nothing more, ES256 with a key of ours,
 * issuer, audience, `nbf`, and an `exp` that has not come. Throws UNAUTHENTICATED, with one text for every reason.
 * jsonwebtoken by itself takes unknown `crit`, any algorithm the key fits and a missing `exp`; all three are refused here.
 */
export function verifyAccessToken(
  token: string,
  keys: SigningKeys,
  { issuer, audience }: TokenAudience,
  wallMs: number,
): VerifiedClaims {
  const key = keys.find(ownKeyId(readUnverified(token)))
  if (key === undefined) throw unauthenticated('not a key of ours')
  let payload: unknown
  try {
    payload = jwt.verify(token, key.publicKey, {
      algorithms: ['ES256'],
      issuer,
      audience,
      clockTimestamp: Math.floor(wallMs / 1000),
    })
  } catch (cause) {
    throw unauthenticated(cause)
  }
  if (typeof payload !== 'object' || payload === null) throw unauthenticated('not an object')
  return accessClaims({ ...payload })
}

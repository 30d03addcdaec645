import { createLocalJWKSet, jwtVerify } from 'jose'
import {
  type VerifiedClaims,
  type TokenAudience,
  accessClaims,
  accessTokenType,
  ownKeyId,
  readUnverified,
  unauthenticated,
} from './access-claims.ts'
import type { SigningKeys } from './signing-keys.ts'

/**
 * The same check as `verifyAccessToken`, made by another library from the published keys (RFC 7517): a fault in one is
 * not a fault in both.
 */
export async function verifyWithJose(
  token: string,
  keys: SigningKeys,
  { issuer, audience }: TokenAudience,
  wallMs: number,
): Promise<VerifiedClaims> {
  ownKeyId(readUnverified(token))
  const published = createLocalJWKSet({ keys: keys.jwks().keys.map(key => ({ ...key })) })
  try {
    const { payload } = await jwtVerify(token, published, {
      algorithms: ['ES256'],
      issuer,
      audience,
      typ: accessTokenType,
      requiredClaims: ['exp', 'sub'],
      currentDate: new Date(wallMs),
    })
    return accessClaims(payload)
  } catch (cause) {
    throw unauthenticated(cause)
  }
}

import { type JWTPayload, type JWTVerifyGetKey, errors, jwtVerify } from 'jose'
import type { Agent } from '../../../../dispatch/port.ts'
import type { Clock } from '../../../../kernel/clock.ts'
import type { ActorPrincipal } from '../../../../kernel/principal.ts'
import { grantOf, narrowGrant } from '../../abilities.ts'
import type { Authority } from '../../authority.ts'
import type { Directories } from '../../directory/directories.ts'
import { type DirectoryStore, normalEmail } from '../../directory/directory-store.ts'
import { readUnverified, unauthenticated } from '../../tokens/access-claims.ts'
import { DirectoryReader, membershipIn } from '../directory-operations.ts'
import { ProviderKeys } from './provider-keys.ts'

export interface ForeignIssuerOptions {
  /** The provider's issuer URL, as its tokens have it in `iss`. */
  readonly issuer: string
  /** What its tokens must have in `aud`. */
  readonly audience: string
  readonly directories: Directories
  readonly clock: Clock
}

export interface ForeignIssuer {
  readonly agent: Agent<Authority>
  /** Why the provider's keys could not be had lately. */
  readonly failure: () => unknown
  readonly close: () => void
}

/** Public-key algorithms only: a secret shared with a provider is never a key here. */
const algorithms = ['ES256', 'ES384', 'ES512', 'EdDSA', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']
/** `at+jwt` by RFC 9068, `JWT` by most providers, none by some; anything else is a token for another purpose. */
const types = new Set<unknown>(['at+jwt', 'application/at+jwt', 'jwt', undefined])
const clockSkewSeconds = 30

/**
 * Tokens of an OIDC provider. They say who somebody is; what they may do is in the directory's copy `rbac`, where they
 * are found by the provider's subject, or by an e-mail address that the provider has verified.
 */
export function foreignIssuer({ issuer, audience, directories, clock }: ForeignIssuerOptions): ForeignIssuer {
  const provider = new ProviderKeys(issuer, clock)
  const reader = new DirectoryReader('rbac', directories)
  const verify = async (token: string, keys: JWTVerifyGetKey): Promise<JWTPayload> => {
    const { payload } = await jwtVerify(token, keys, {
      algorithms,
      issuer,
      audience,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(clock.wall()),
    })
    return payload
  }
  const verified = async (token: string): Promise<JWTPayload> => {
    const keys = await provider.current()
    try {
      return await verify(token, keys)
    } catch (failure) {
      const renewed = failure instanceof errors.JWKSNoMatchingKey ? await provider.renewed() : undefined
      if (renewed === undefined) throw unauthenticated(failure)
      return verify(token, renewed).catch((again: unknown) => Promise.reject(unauthenticated(again)))
    }
  }
  return {
    failure: () => provider.failure,
    close: () => provider.close(),
    agent: {
      name: 'oauth',
      detail: 'OIDC provider',
      operations: {
        async identify({ token }) {
          const { typ } = readUnverified(token).header
          if (!types.has(typeof typ === 'string' ? typ.toLowerCase() : typ)) throw unauthenticated('typ')
          const payload = await verified(token)
          return reader.read(store => principalOf(store, payload))
        },
      },
    },
  }
}

function principalOf(store: DirectoryStore, { sub, exp, ...claims }: JWTPayload): ActorPrincipal {
  if (typeof sub !== 'string' || sub === '' || typeof exp !== 'number') throw unauthenticated('no sub or exp')
  const { email, email_verified: verified, scope } = claims
  const known = store.userBySubject(sub)
  const user =
    known ??
    (verified === true && typeof email === 'string' ? store.userByEmail(normalEmail(email)) : undefined)
  const member = user && membershipIn(store, user.id, undefined)
  if (user === undefined || member === undefined) throw unauthenticated('not a member')
  // An address can be given to somebody else; a subject cannot.
  if (user.subject !== undefined && user.subject !== sub) throw unauthenticated('another subject')
  const { workspaceId } = member
  const grant = grantOf(member.role, workspaceId, user.id)
  return {
    kind: 'actor',
    actorId: user.id,
    workspaceId,
    sessionId: undefined,
    expiresAt: Math.floor(exp),
    source: 'oauth',
    ...narrowGrant(grant, scopesOf(scope, grant.scopes), workspaceId, user.id),
  }
}

/** A provider that knows our scopes limits by them; one that does not says nothing about them. */
function scopesOf(scope: unknown, ours: readonly string[]): readonly string[] {
  const words = typeof scope === 'string' ? scope.split(' ') : []
  return words.some(word => word.startsWith('tasks:')) ? words : ours
}

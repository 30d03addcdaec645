import type { Agent } from '../../../../dispatch/port.ts'
import type { Clock } from '../../../../kernel/clock.ts'
import { isCompactJws } from '../../../../kernel/oidc/compact-jws.ts'
import { TokenIntrospector } from '../../../../kernel/oidc/token-introspector.ts'
import { TokenVerifier, type VerifiedPayload } from '../../../../kernel/oidc/token-verifier.ts'
import type { ActorPrincipal } from '../../../../kernel/principal.ts'
import { narrowGrant } from '../../abilities.ts'
import type { Authority } from '../../authority.ts'
import type { IntrospectionClient } from '../../domain-options.ts'
import type { Directories } from '../../directory/directories.ts'
import { type DirectoryStore, normalEmail } from '../../directory/directory-store.ts'
import { grantToday } from '../../directory/grants.ts'
import { knownUser } from '../../providers/identities.ts'
import { unauthenticated } from '../../tokens/access-claims.ts'
import { DirectoryReader, membershipIn } from '../directory-operations.ts'

export interface ForeignIssuerOptions {
  /** The provider's issuer URL, as its tokens have it in `iss`. */
  readonly issuer: string
  /** What its tokens must have in `aud`. */
  readonly audience: string
  /** How opaque tokens are introspected (RFC 7662); undefined: they are refused. */
  readonly introspection: IntrospectionClient | undefined
  readonly directories: Directories
  readonly clock: Clock
}

export interface ForeignIssuer {
  readonly agent: Agent<Authority>
  /** Why the provider's keys could not be had lately. */
  readonly failure: () => unknown
  readonly close: () => void
}

/**
 * Tokens of an OIDC provider. They say who somebody is; what they may do is in the directory's copy `rbac`, where they
 * are found by the provider's subject, or by an e-mail address that the provider has verified.
 */
export function foreignIssuer(options: ForeignIssuerOptions): ForeignIssuer {
  const { issuer, audience, introspection, directories, clock } = options
  const verifier = new TokenVerifier({ issuer, audience, clock })
  const introspector = introspection && new TokenIntrospector({ issuer, audience, clock, ...introspection })
  const reader = new DirectoryReader('rbac', directories)
  return {
    failure: () => verifier.failure ?? introspector?.failure,
    close: () => verifier.close(),
    agent: {
      name: 'oauth',
      detail: 'OIDC provider',
      operations: {
        async identify({ token }) {
          if (introspector === undefined || isCompactJws(token)) {
            const payload = await verifier.verify(token)
            return reader.read(store => principalOf(store, issuer, payload))
          }
          const { payload, asOf } = await introspector.introspect(token)
          const principal = reader.read(store => principalOf(store, issuer, payload))
          return asOf === undefined ? principal : { ...principal, asOf }
        },
      },
    },
  }
}

function principalOf(
  store: DirectoryStore,
  issuer: string,
  { sub, exp, ...claims }: VerifiedPayload,
): ActorPrincipal {
  const { email, email_verified: verified, scope } = claims
  const known = knownUser(store, { issuer, subject: sub }) ?? store.userBySubject(sub)
  const user =
    known ??
    (verified === true && typeof email === 'string' ? store.userByEmail(normalEmail(email)) : undefined)
  const member = user && membershipIn(store, user.id, undefined)
  if (user === undefined || member === undefined) throw unauthenticated('not a member')
  // An address can be given to somebody else; a subject cannot.
  if (known === undefined && user.subject !== undefined) throw unauthenticated('another subject')
  const { workspaceId } = member
  const grant = grantToday(store, workspaceId, user.id)
  if (grant === undefined) throw unauthenticated('not a member')
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

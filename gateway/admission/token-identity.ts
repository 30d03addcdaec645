import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { fetchableUrl } from '../../kernel/oidc/fetch-json.ts'
import { isCompactJws } from '../../kernel/oidc/compact-jws.ts'
import { TokenIntrospector } from '../../kernel/oidc/token-introspector.ts'
import { TokenVerifier } from '../../kernel/oidc/token-verifier.ts'
import type { VerifiedPayload } from '../../kernel/oidc/token-verifier.ts'
import type { TokenPrincipal } from '../../kernel/principal.ts'
import type { Identify } from './identity.ts'

export interface TokenIdentityOptions {
  /** The OIDC provider's issuer URL, as its tokens have it in `iss`: https, or http on this machine. */
  readonly issuer: string
  /** What its tokens must have in `aud`. */
  readonly audience: string
  /** Who the gateway is to the provider, to ask about opaque tokens (RFC 7662). Default: they are refused. */
  readonly introspection?: { readonly clientId: string; readonly clientSecret: string } | undefined
  readonly clock: Clock
}

export interface TokenIdentity {
  readonly identify: Identify
  readonly close: () => void
}

/**
 * Whom tokens of an OIDC provider stand for, at a gateway of any supergraph. Scopes are those of `scope` (RFC 8693, 4.2; a
 * text) or `scp` (a list), policies those of `policies` (a list). Opaque tokens are asked about, see TokenIntrospector. Throws BAD_OPTION.
 */
export function tokenIdentity(options: TokenIdentityOptions): TokenIdentity {
  const { issuer, audience, introspection, clock } = options
  if (fetchableUrl(issuer) === undefined) {
    throw new EnneadError('BAD_OPTION', `the OIDC issuer must be an https URL, got ${JSON.stringify(issuer)}`)
  }
  const verifier = new TokenVerifier({ issuer, audience, clock })
  const introspector = introspection && new TokenIntrospector({ issuer, audience, clock, ...introspection })
  return {
    async identify(token) {
      if (introspector === undefined || isCompactJws(token)) return principalOf(await verifier.verify(token))
      const { payload, asOf } = await introspector.introspect(token)
      return { ...principalOf(payload), ...(asOf === undefined ? {} : { asOf }) }
    },
    close: () => verifier.close(),
  }
}

function principalOf({ sub, exp, scope, scp, policies }: VerifiedPayload): TokenPrincipal {
  return {
    kind: 'token',
    subject: sub,
    scopes: [...words(scope), ...words(scp)],
    policies: words(policies),
    expiresAt: Math.floor(exp),
  }
}

function words(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ').filter(word => word !== '')
  return Array.isArray(claim) ? claim.filter(word => typeof word === 'string') : []
}

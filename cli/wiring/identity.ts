import type { Identify } from '../../gateway/admission/identity.ts'
import { tokenIdentity } from '../../gateway/admission/token-identity.ts'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import { RemoteIdentity } from '../../subgraphs/auth/remote.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { TlsOfSubgraph } from './subgraph-tls.ts'

export interface IdentitySettings {
  readonly identityUrl: string | undefined
  readonly oidcIssuer: string | undefined
  readonly oidcAudience: string
}

/**
 * Who says whom a token stands for: Ennead's auth subgraph, or the keys of an OIDC provider. Undefined: nobody, tokens are
 * the subgraphs' affair then. Throws BAD_OPTION.
 */
export function identifyBy(
  { identityUrl, oidcIssuer, oidcAudience }: IdentitySettings,
  signer: HopSigner | undefined,
  lifecycle: Lifecycle,
  tls: TlsOfSubgraph = () => undefined,
): Identify | undefined {
  if (identityUrl !== undefined && oidcIssuer !== undefined) {
    throw new EnneadError(
      'BAD_OPTION',
      '--identity-url and --oidc-issuer both say who a token is; give the auth subgraph the provider instead',
    )
  }
  if (oidcIssuer !== undefined) {
    const tokens = tokenIdentity({ issuer: oidcIssuer, audience: oidcAudience, clock: systemClock })
    lifecycle.add('identity', () => Promise.resolve(tokens.close()))
    return tokens.identify
  }
  if (identityUrl === undefined) return undefined
  if (signer === undefined) {
    throw new EnneadError(
      'BAD_OPTION',
      '--identity-url needs --hop-secret or --hop-secret-file: auth answers no strangers',
    )
  }
  const identity = new RemoteIdentity({ url: identityUrl, signer, tls: tls('auth') })
  lifecycle.add('identity', () => identity.close())
  return (token, signal) => identity.identify(token, signal)
}

import type { Identify } from '../../gateway/admission/identity.ts'
import { tokenIdentity } from '../../gateway/admission/token-identity.ts'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import { RemoteIdentity } from '../../subgraphs/auth/remote.ts'
import { RemoteRights } from '../../subgraphs/auth/remote-rights.ts'
import type { Lifecycle } from '../lifecycle.ts'
import { oidcProvider } from './oidc-provider.ts'
import type { OidcSettings } from './oidc-provider.ts'
import type { TlsOfSubgraph } from './subgraph-tls.ts'

export interface IdentitySettings extends OidcSettings {
  readonly identityUrl: string | undefined
}

/**
 * Who says whom a token stands for: Ennead's auth subgraph, or an OIDC provider, by its keys or by asking it. Undefined:
 * nobody, tokens are the subgraphs' affair then. Rejects with BAD_OPTION.
 */
export async function identifyBy(
  settings: IdentitySettings,
  signer: HopSigner | undefined,
  lifecycle: Lifecycle,
  tls: TlsOfSubgraph = () => undefined,
): Promise<Identify | undefined> {
  const { identityUrl } = settings
  const provider = await oidcProvider(settings)
  if (identityUrl !== undefined && provider !== undefined) {
    throw new EnneadError(
      'BAD_OPTION',
      '--identity-url and --oidc-issuer both say who a token is; give the auth subgraph the provider instead',
    )
  }
  if (provider !== undefined) {
    const tokens = tokenIdentity({ ...provider, clock: systemClock })
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

/** Tells of actors whose rights have changed, where Ennead's auth subgraph decides about them. Undefined: nobody tells. */
export function rightsBy(
  { identityUrl }: Pick<IdentitySettings, 'identityUrl'>,
  signer: HopSigner | undefined,
  lifecycle: Lifecycle,
  tls: TlsOfSubgraph = () => undefined,
): ((told: (actorIds: readonly string[]) => void) => void) | undefined {
  if (identityUrl === undefined || signer === undefined) return undefined
  const rights = new RemoteRights({ url: identityUrl, signer, tls: tls('auth') })
  lifecycle.add('changes of rights', () => rights.close())
  return told => rights.follow(told)
}

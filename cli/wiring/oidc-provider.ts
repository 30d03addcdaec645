import { readFile } from 'node:fs/promises'
import { EnneadError } from '../../kernel/errors.ts'
import type { OidcProvider } from '../../subgraphs/auth/domain-options.ts'

export interface OidcSettings {
  readonly oidcIssuer: string | undefined
  readonly oidcAudience: string
  readonly oidcIntrospectionClient: string | undefined
  readonly oidcIntrospectionSecretFile: string | undefined
}

/** The provider whose tokens are taken; undefined: there is none. Rejects with BAD_OPTION. */
export async function oidcProvider(settings: OidcSettings): Promise<OidcProvider | undefined> {
  const { oidcIssuer: issuer, oidcAudience: audience } = settings
  const { oidcIntrospectionClient: clientId, oidcIntrospectionSecretFile: file } = settings
  if (clientId === undefined && file === undefined)
    return issuer === undefined ? undefined : { issuer, audience }
  if (issuer === undefined || clientId === undefined || file === undefined)
    throw new EnneadError(
      'BAD_OPTION',
      'introspection needs --oidc-issuer, --oidc-introspection-client and --oidc-introspection-secret-file',
    )
  try {
    const clientSecret = (await readFile(file, 'utf8')).trim()
    return { issuer, audience, introspection: { clientId, clientSecret } }
  } catch (cause) {
    throw new EnneadError('BAD_OPTION', `--oidc-introspection-secret-file ${file} cannot be read`, { cause })
  }
}

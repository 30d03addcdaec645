import { text, url } from '../kernel/settings.ts'

/** Whose tokens the auth domain takes, and where people can sign in besides. */
export const identitySettings = {
  oidcIssuer: url('OIDC provider for auth.oauth. Without it auth.oauth is the local issuer.', [
    'https:',
    'http:',
  ]),
  oidcAudience: text('Audience that tokens of the OIDC provider must carry.', 'ennead'),
  oidcIntrospectionClient: text(
    'Client id to ask the OIDC provider about opaque tokens with (RFC 7662). Default: opaque tokens are refused.',
    undefined,
  ),
  oidcIntrospectionSecretFile: text('File with the secret of that client.', undefined),
  signInProviders: text(
    'YAML file of the OIDC providers at which people can sign in; see docs/sign-in.md.',
    undefined,
  ),
}

import { text, url } from '../kernel/settings.ts'

/** Whose tokens the auth domain takes, and where people can sign in besides. */
export const identitySettings = {
  oidcIssuer: url('OIDC provider for auth.oauth. Without it auth.oauth is the local issuer.', [
    'https:',
    'http:',
  ]),
  oidcAudience: text('Audience that tokens of the OIDC provider must carry.', 'ennead'),
  signInProviders: text(
    'YAML file of the OIDC providers at which people can sign in; see docs/sign-in.md.',
    undefined,
  ),
}

import { EnneadError } from '../../../kernel/errors.ts'
import { fetchableUrl, isLoopback } from '../../../kernel/oidc/fetch-json.ts'
import type { Role } from '../../../kernel/principal.ts'

/** An OIDC provider at which people can sign in. */
export interface SignInProvider {
  /** 1 to 40 of a–z, 0–9 and hyphens; what `startSignIn` names. */
  readonly name: string
  /** What people read on the button. Default: the name. */
  readonly label?: string | undefined
  /** As its ID tokens have it in `iss`: https, or http on this machine. */
  readonly issuer: string
  readonly clientId: string
  /** Undefined: a public client, which has PKCE only. */
  readonly clientSecret?: string | undefined
  /** Must have `openid`. Default openid, email, profile. */
  readonly scopes?: readonly string[] | undefined
  /** Where the provider may send people back to, compared as text: https, or http on this machine, without a query. At least one. */
  readonly redirectUris: readonly string[]
  /** Who is not known here becomes a member of this workspace. Undefined: only invited people and those who are known come in. */
  readonly join?: JoinRule | undefined
}

export interface JoinRule {
  /** Slug. */
  readonly workspace: string
  /** OWNER is not given to strangers. */
  readonly role: Exclude<Role, 'OWNER'>
  /** Only addresses of these domains. Default: of any that the provider has verified. */
  readonly emailDomains?: readonly string[] | undefined
}

const scopesDefault = ['openid', 'email', 'profile'] as const
const providersMax = 20

/** The providers with defaults filled in. Throws BAD_OPTION that names provider, field and way out. */
export function checkProviders(given: readonly SignInProvider[]): readonly CheckedProvider[] {
  if (given.length > providersMax) throw bad(`there are more than ${providersMax} sign-in providers`)
  const names = new Set<string>()
  return given.map(provider => {
    const { name, issuer, clientId, redirectUris, scopes = scopesDefault, label = name, join } = provider
    if (!/^[a-z0-9-]{1,40}$/.test(name))
      throw bad(`sign-in provider ${JSON.stringify(name)}: name must have 1 to 40 of a–z, 0–9 and hyphens`)
    const refuse = (why: string): EnneadError => bad(`sign-in provider "${name}": ${why}`)
    if (names.has(name)) throw refuse('there are two of this name')
    names.add(name)
    if (fetchableUrl(issuer) === undefined) throw refuse(`issuer must be an https URL, got ${issuer}`)
    if (clientId === '') throw refuse('clientId is empty')
    if (provider.clientSecret === '') throw refuse('clientSecret is empty; leave it out for a public client')
    if (!scopes.includes('openid')) throw refuse('scopes must have openid')
    if (redirectUris.length === 0) throw refuse('redirectUris must have the URL that people are sent back to')
    for (const uri of redirectUris)
      if (!isRedirectUri(uri)) throw refuse(`redirectUris: ${uri} is not allowed`)
    return { ...provider, label, scopes, join, clientSecret: provider.clientSecret }
  })
}

export interface CheckedProvider extends SignInProvider {
  readonly label: string
  readonly scopes: readonly string[]
}

function isRedirectUri(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.search !== '' || url.hash !== '' || url.username !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
}

function bad(message: string): EnneadError {
  return new EnneadError('BAD_OPTION', message)
}

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'

/** Somebody who has an account at the provider. */
export interface ProviderAccount {
  readonly email: string
  readonly email_verified: boolean
  readonly name?: string
}

/** A whole OIDC provider (npm oidc-provider) on this machine. */
export interface RealProvider extends AsyncDisposable {
  readonly issuer: string
  readonly provider: Provider
  readonly accounts: Map<string, ProviderAccount>
  /** While true every connection is cut. */
  down: boolean
  /** Requests by path, e.g. `/token`. */
  readonly asked: Map<string, number>
  /** An opaque access token (or a refresh token) of this account, as a login there would give it. */
  token(account: string, given?: TokenWishes): Promise<string>
  /** At its revocation endpoint (RFC 7009). */
  revoke(token: string): Promise<void>
  /** Does what a browser and a person with this account do; answers the URL the provider sends them back to. */
  signIn(authorizationUrl: string, account: string): Promise<string>
}

export interface TokenWishes {
  /** Default `ennead`; null: for nobody in particular. */
  readonly audience?: string | null
  /** Default tasks:read and tasks:write. */
  readonly scope?: string
  /** Seconds. Default 3,600. */
  readonly expiresIn?: number
  /** A refresh token instead. */
  readonly refresh?: boolean
}

export const introspecting = 'introspecting'
export const redirectUri = 'http://127.0.0.1:1/signed-in'
export const clientId = 'ennead'
export const clientSecret = 'a secret of the client of thirty-two bytes'

export async function startRealProvider(): Promise<RealProvider> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // It listens on TCP.
  const issuer = `http://127.0.0.1:${port}`
  const accounts = new Map<string, ProviderAccount>()
  const asked = new Map<string, number>()
  const provider = providerAt(issuer, accounts)
  const handle = provider.callback()
  const state = { down: false }
  server.on('request', (request, response) => {
    const path = URL.parse(request.url ?? '', issuer)?.pathname ?? ''
    asked.set(path, (asked.get(path) ?? 0) + 1)
    if (state.down) request.socket.destroy()
    else void handle(request, response)
  })
  return {
    issuer,
    provider,
    accounts,
    asked,
    get down() {
      return state.down
    },
    set down(value) {
      state.down = value
    },
    token: (account, given = {}) => tokenOf(provider, account, given),
    async revoke(token) {
      const authorization = `Basic ${Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString('base64')}`
      const response = await fetch(`${issuer}/token/revocation`, {
        method: 'POST',
        headers: { authorization },
        body: new URLSearchParams({ token }),
      })
      if (response.status !== 200) throw new Error(`revoking answered ${response.status}`)
    },
    signIn: (authorizationUrl, account) => walkThrough(authorizationUrl, account),
    [Symbol.asyncDispose]: () => closed(server),
  }
}

function providerAt(issuer: string, accounts: ReadonlyMap<string, ProviderAccount>): Provider {
  const client = { client_secret: clientSecret, grant_types: ['authorization_code'] }
  return new Provider(issuer, {
    clients: [
      { ...client, client_id: clientId, redirect_uris: [redirectUri] },
      { ...client, client_id: introspecting, redirect_uris: [], response_types: [], grant_types: [] },
    ],
    findAccount: (_context, sub) => {
      const account = accounts.get(sub)
      return account && { accountId: sub, claims: () => ({ sub, ...account }) }
    },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    pkce: { required: () => true },
    cookies: { keys: ['a key for cookies'] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    features: {
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: 'tasks:read tasks:write',
          audience: resource.replace('urn:', ''),
          accessTokenFormat: 'opaque',
          accessTokenTTL: 3_600,
        }),
      },
    },
  })
}

async function tokenOf(
  provider: Provider,
  account: string,
  { audience = 'ennead', scope = 'tasks:read tasks:write', expiresIn = 3_600, refresh = false }: TokenWishes,
): Promise<string> {
  const client = await provider.Client.find(clientId)
  if (client === undefined) throw new Error('the provider has no client')
  const grant = new provider.Grant({ accountId: account, clientId })
  grant.addOIDCScope('openid')
  grant.addResourceScope('urn:ennead', scope)
  const grantId = await grant.save()
  const common = { accountId: account, client, grantId, gty: 'authorization_code', scope, expiresIn }
  if (refresh) return new provider.RefreshToken(common).save()
  const token = new provider.AccessToken(common)
  if (audience !== null)
    token.resourceServer = new provider.ResourceServer(`urn:${audience}`, {
      scope,
      audience,
      accessTokenFormat: 'opaque',
      accessTokenTTL: expiresIn,
    })
  return token.save()
}

/** Follows redirects with cookies, fills in the provider's own forms, and stops where it would leave the provider. */
async function walkThrough(authorizationUrl: string, account: string): Promise<string> {
  const cookies = new Map<string, string>()
  const { origin } = new URL(authorizationUrl)
  let url = authorizationUrl
  let form: URLSearchParams | undefined
  for (let step = 0; step < 12; step++) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    form = undefined
    const text = await response.text()
    const location = response.headers.get('location')
    if (location !== null) {
      url = new URL(location, url).href
      if (new URL(url).origin !== origin) return url
    } else {
      const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1]
      if (prompt === undefined)
        throw new Error(`the provider answered ${response.status}: ${text.slice(0, 500)}`)
      form = new URLSearchParams({ prompt, login: account, password: 'any' })
    }
  }
  throw new Error('the provider never sent the person back')
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

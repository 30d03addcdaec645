import { SignJWT, UnsecuredJWT, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import { fetchableUrl } from '../../kernel/oidc/fetch-json.ts'
import { type Desk, openDesk } from './auth-desk.ts'
import { type OidcProvider, type ProviderMood, startOidcProvider } from './oidc-provider.ts'

const hourMs = 3_600_000

function openWith(provider: OidcProvider): Promise<Desk> {
  return openDesk({ oidc: { issuer: provider.issuer, audience: 'ennead' } })
}

/** What the provider says of Grace. */
function graceClaims(desk: Desk): { sub: string; email: string; email_verified: boolean; exp: number } {
  const exp = Math.floor((desk.clock.wall() + hourMs) / 1000)
  return { sub: 'idp|grace', email: 'Grace@Navy.example', email_verified: true, exp }
}

test('a token of the provider is taken for the member with the e-mail address it has verified', async () => {
  await using provider = await startOidcProvider()
  await using desk = await openWith(provider)
  const claims = graceClaims(desk)
  expect(await desk.who(await provider.token(claims))).toMatchObject({
    source: 'oauth',
    actorId: desk.grace.user.id,
    workspaceId: desk.workspace.id,
    role: 'OWNER',
    sessionId: undefined,
    expiresAt: claims.exp,
  })
})

test('our own tokens go on being taken beside it, and the provider is not asked about them', async () => {
  await using provider = await startOidcProvider()
  await using desk = await openWith(provider)
  const { accessToken } = await desk.signIn()
  expect(await desk.who(accessToken)).toMatchObject({ source: 'rbac' })
  expect(provider.asked).toBe(0)
  expect(desk.domain.health().agents.map(agent => [agent.name, agent.state])).toEqual([
    ['rbac', 'ok'],
    ['jwt', 'ok'],
    ['oauth', 'ok'],
  ])
})

test('a user is found by the subject of the provider, and then by nothing else', async () => {
  await using provider = await startOidcProvider()
  await using desk = await openWith(provider)
  const { administration } = desk.domain
  const email = 'alan@navy.example'
  const alan = await administration.createUser({
    email,
    displayName: 'Alan',
    subject: 'idp|alan',
    password: null,
  })
  await administration.addMember(desk.workspace.id, alan.user.id, 'MEMBER')
  const { exp } = graceClaims(desk)
  expect(await desk.who(await provider.token({ sub: 'idp|alan', exp }))).toMatchObject({
    actorId: alan.user.id,
    role: 'MEMBER',
  })
  // The address was given to somebody new.
  const recycled = await provider.token({ sub: 'idp|other', email, email_verified: true, exp })
  expect(await desk.who(recycled)).toBe('UNAUTHENTICATED')
})

test('a provider that knows our scopes limits what its tokens allow', async () => {
  await using provider = await startOidcProvider()
  await using desk = await openWith(provider)
  const claims = graceClaims(desk)
  const reader = await desk.who(await provider.token({ ...claims, scope: 'openid tasks:read' }))
  expect(reader).toMatchObject({ scopes: ['tasks:read'] })
  expect(JSON.stringify(reader)).not.toContain('manage')
  const all = await desk.who(await provider.token({ ...claims, scope: 'openid profile' }))
  expect(all).toMatchObject({ scopes: ['tasks:read', 'tasks:write'] })
})

test('forged and foreign tokens of the provider are refused', async () => {
  await using provider = await startOidcProvider()
  await using desk = await openWith(provider)
  const claims = graceClaims(desk)
  const { exp: _exp, ...withoutExp } = claims
  const { sub: _sub, ...withoutSub } = claims
  const stranger = await generateKeyPair('ES256')
  const full = { ...claims, iss: provider.issuer, aud: 'ennead' }
  const byStranger = (header: Record<string, unknown>): Promise<string> =>
    new SignJWT(full).setProtectedHeader({ alg: 'ES256', ...header }).sign(stranger.privateKey)
  const secret = new TextEncoder().encode('a secret of 32 bytes or even more')
  const forged: Record<string, string> = {
    'no algorithm': new UnsecuredJWT(full).encode(),
    'a secret': await new SignJWT(full).setProtectedHeader({ alg: 'HS256', kid: 'key-1' }).sign(secret),
    'a key of their own': await byStranger({ kid: 'key-1', typ: 'JWT' }),
    'an unknown kid': await byStranger({ kid: '../../key', typ: 'JWT' }),
    'an embedded key': await byStranger({ kid: 'key-1', jwk: { kty: 'EC' } }),
    'another audience': await provider.token({ ...claims, aud: 'another' }),
    'no end': await provider.token(withoutExp),
    'no subject': await provider.token(withoutSub),
    'an end in the past': await provider.token({ ...claims, exp: claims.exp - 2 * 3_600 }),
    'a beginning in the future': await provider.token({ ...claims, nbf: claims.exp }),
    'a token for another purpose': await provider.token(claims, { typ: 'logout+jwt' }),
    'an address that is not verified': await provider.token({ ...claims, email_verified: false }),
    'an address verified by a text': await provider.token({ ...claims, email_verified: 'true' }),
    'nobody we know': await provider.token({ ...claims, email: 'mallory@navy.example' }),
    'a critical header': await new SignJWT(full)
      .setProtectedHeader({ alg: 'ES256', kid: 'key-1', crit: ['x'], x: 1 })
      .sign(stranger.privateKey, { crit: { x: true } }),
  }
  for (const [what, token] of Object.entries(forged))
    expect(await desk.who(token), what).toBe('UNAUTHENTICATED')
  expect(await desk.who(await provider.token(claims))).toMatchObject({ source: 'oauth' })
})

test('a key that the provider has changed is found, and unknown keys do not make us ask without end', async () => {
  await using provider = await startOidcProvider()
  await using desk = await openWith(provider)
  const claims = graceClaims(desk)
  expect(await desk.who(await provider.token(claims))).toMatchObject({ source: 'oauth' })
  desk.clock.forward(6_000)
  await provider.rotate()
  expect(await desk.who(await provider.token(claims))).toMatchObject({ source: 'oauth' })
  const asked = provider.asked
  const unknown = await provider.token(claims, { typ: 'JWT', kid: 'key-9' })
  for (let round = 0; round < 20; round++) expect(await desk.who(unknown)).toBe('UNAUTHENTICATED')
  expect(provider.asked).toBe(asked)
})

test.each<ProviderMood>(['down', 'slow', 'huge', 'redirecting', 'html', 'lying'])(
  'while the provider is %s its known keys are used, and nothing is kept waiting',
  async mood => {
    await using provider = await startOidcProvider()
    await using desk = await openWith(provider)
    const claims = graceClaims(desk)
    expect(await desk.who(await provider.token(claims))).toMatchObject({ source: 'oauth' })
    provider.mood = mood
    desk.clock.forward(11 * 60_000)
    for (let round = 0; round < 5; round++) {
      const from = performance.now()
      expect(await desk.who(await provider.token(claims))).toMatchObject({ source: 'oauth' })
      expect(performance.now() - from).toBeLessThan(1_000)
    }
    desk.clock.forward(24 * hourMs)
    expect(await desk.who(await provider.token({ ...claims, exp: claims.exp + 86_400 }))).toBe('UNAVAILABLE')
  },
)

test('without its keys ever seen the answer is "unavailable", not "no", and ours are taken as ever', async () => {
  await using provider = await startOidcProvider()
  await using desk = await openWith(provider)
  provider.mood = 'down'
  const token = await provider.token(graceClaims(desk))
  expect(await desk.who(token)).toBe('UNAVAILABLE')
  const { accessToken } = await desk.signIn()
  expect(await desk.who(accessToken)).toMatchObject({ source: 'rbac' })
  expect(desk.domain.health().ready).toBe(true)
  provider.mood = 'well'
  desk.clock.forward(6_000)
  expect(await desk.who(token)).toMatchObject({ source: 'oauth' })
})

test('a token that claims the provider cannot pass as one of ours, nor the other way round', async () => {
  await using provider = await startOidcProvider()
  await using desk = await openWith(provider)
  const claims = graceClaims(desk)
  const posing = await provider.token({ ...claims, iss: 'urn:ennead', aud: 'urn:ennead:api' })
  expect(await desk.who(posing)).toBe('UNAUTHENTICATED')
  const third = await provider.token({ ...claims, iss: 'https://third.example' })
  expect(await desk.who(third)).toBe('UNAUTHENTICATED')
})

test.each([
  ['https://idp.example/realm', true],
  ['http://localhost:8080', true],
  ['http://127.0.0.1', true],
  ['http://127.1', true],
  ['http://[::1]:80', true],
  ['http://idp.example', false],
  ['http://127.0.0.1.evil.example', false],
  ['http://localhost.evil.example', false],
  ['http://169.254.169.254', false],
  ['https://user:password@idp.example', false],
  ['file:///etc/passwd', false],
  ['no url', false],
  [undefined, false],
])('%s may be fetched: %s', (url, may) => {
  expect(fetchableUrl(url) !== undefined).toBe(may)
})

import { expect, test } from 'vitest'
import { type Desk, codeOf, openDesk } from './auth-desk.ts'
import { type RealProvider, clientSecret, introspecting, startRealProvider } from './real-provider.ts'

const endpoint = '/token/introspection'

async function openWith(provider: RealProvider, secret = clientSecret): Promise<Desk> {
  const introspection = { clientId: introspecting, clientSecret: secret }
  const desk = await openDesk({ oidc: { issuer: provider.issuer, audience: 'ennead', introspection } })
  const { administration } = desk.domain
  const subject = 'idp|alan'
  provider.accounts.set(subject, { email: 'alan@idp.example', email_verified: true })
  const alan = { email: 'alan@navy.example', displayName: 'Alan', subject, password: null }
  const { user } = await administration.createUser(alan)
  await administration.addMember(desk.workspace.id, user.id, 'MEMBER')
  return desk
}

test('an opaque token acts for the user it is linked to, within its scopes, and is asked about once for many', async () => {
  await using provider = await startRealProvider()
  await using desk = await openWith(provider)
  const token = await provider.token('idp|alan')
  const all = await Promise.all(Array.from({ length: 20 }, () => desk.who(token)))
  for (const who of all)
    expect(who).toMatchObject({ source: 'oauth', role: 'MEMBER', scopes: ['tasks:read', 'tasks:write'] })
  expect(provider.asked.get(endpoint)).toBe(1)
  expect(await desk.who(await provider.token('idp|alan', { scope: 'tasks:read' }))).toMatchObject({
    role: 'MEMBER',
    scopes: ['tasks:read'],
  })
  // Trusted without a question for ten minutes at most, however long it lives.
  const [who] = all
  if (typeof who !== 'object') throw new Error(who)
  expect(who.expiresAt - desk.clock.wall() / 1_000).toBeLessThanOrEqual(600)
  expect(who.asOf).toBeUndefined()
  // Our own tokens, keys and its JWTs are no opaque ones.
  const asked = provider.asked.get(endpoint)
  expect(await desk.who((await desk.signIn()).accessToken)).toMatchObject({ source: 'rbac' })
  expect(await desk.who('ennead_key_x')).toBe('UNAUTHENTICATED')
  expect(provider.asked.get(endpoint)).toBe(asked)
})

test('what the provider does not call active, ours and of somebody here is refused, and stays refused', async () => {
  await using provider = await startRealProvider()
  await using desk = await openWith(provider)
  const refused: Readonly<Record<string, string>> = {
    'never issued': 'A'.repeat(43),
    'for another audience': await provider.token('idp|alan', { audience: 'other' }),
    'for nobody in particular': await provider.token('idp|alan', { audience: null }),
    'a refresh token': await provider.token('idp|alan', { refresh: true }),
    'of nobody we know': await provider.token('idp|eve'),
    'too long': 'A'.repeat(8_193),
  }
  for (const [what, token] of Object.entries(refused)) {
    expect([what, await desk.who(token)]).toEqual([what, 'UNAUTHENTICATED'])
    expect([what, await desk.who(token)]).toEqual([what, 'UNAUTHENTICATED'])
  }
  expect(provider.asked.get(endpoint)).toBe(5)
  provider.down = true
  desk.clock.forward(30_000)
  for (const [what, token] of Object.entries(refused))
    expect([what, typeof (await desk.who(token))]).toEqual([what, 'string'])
})

test('a revocation at the provider is seen within 30 seconds; an end by the clock at once', async () => {
  await using provider = await startRealProvider()
  await using desk = await openWith(provider)
  const token = await provider.token('idp|alan')
  const short = await provider.token('idp|alan', { expiresIn: 20 })
  expect(await desk.who(token)).toMatchObject({ source: 'oauth' })
  expect(await desk.who(short)).toMatchObject({ source: 'oauth' })
  await provider.revoke(token)
  desk.clock.forward(21_000)
  expect(await desk.who(token)).toMatchObject({ source: 'oauth' })
  expect(await desk.who(short)).toBe('UNAUTHENTICATED')
  desk.clock.forward(9_000)
  expect(await desk.who(token)).toBe('UNAUTHENTICATED')
})

test('while the provider is down what it said goes on holding for five minutes, with its age, and nothing new does', async () => {
  await using provider = await startRealProvider()
  await using desk = await openWith(provider)
  const token = await provider.token('idp|alan')
  const revoked = await provider.token('idp|alan')
  const unseen = await provider.token('idp|alan')
  expect(await desk.who(token)).toMatchObject({ source: 'oauth' })
  expect(await desk.who(revoked)).toMatchObject({ source: 'oauth' })
  const seenAt = Math.floor(desk.clock.wall() / 1_000)
  await provider.revoke(revoked)
  desk.clock.forward(30_000)
  expect(await desk.who(revoked)).toBe('UNAUTHENTICATED')
  provider.down = true
  const before = provider.asked.get(endpoint) ?? 0
  for (let time = 0; time < 5; time++) {
    const who = await desk.who(token)
    if (typeof who === 'string') throw new Error(who)
    expect(who).toMatchObject({ source: 'oauth', role: 'MEMBER' })
    expect(who.asOf).toBeGreaterThanOrEqual(seenAt - 1)
    expect(who.asOf).toBeLessThanOrEqual(seenAt + 1)
  }
  // It is left alone for a while after it could not be asked.
  expect((provider.asked.get(endpoint) ?? 0) - before).toBe(1)
  expect(await desk.who(unseen)).toBe('UNAVAILABLE')
  // What was refused is not let in again, and the role is the one of today.
  expect(await desk.who(revoked)).toBe('UNAUTHENTICATED')
  const alan = desk.domain.administration.findUser('alan@navy.example')
  await desk.domain.administration.addMember(desk.workspace.id, alan?.id ?? '', 'GUEST')
  expect(await desk.who(token)).toMatchObject({ role: 'GUEST' })
  desk.clock.forward(270_001)
  expect(await desk.who(token)).toBe('UNAVAILABLE')
  provider.down = false
  desk.clock.forward(5_000)
  await expect
    .poll(() => desk.who(token), { timeout: 10_000 })
    .toMatchObject({ source: 'oauth', role: 'GUEST' })
})

test('strangers with unknown tokens shut nobody out while the provider is down', async () => {
  await using provider = await startRealProvider()
  await using desk = await openWith(provider)
  const token = await provider.token('idp|alan')
  expect(await desk.who(token)).toMatchObject({ source: 'oauth' })
  provider.down = true
  desk.clock.forward(20_000)
  const answers: unknown[] = []
  for (let round = 0; round < 20; round++) {
    const strangers = Array.from({ length: 10 }, (_, index) => desk.who(`stranger-${round}-${index}`))
    answers.push(...(await Promise.all(strangers)))
    expect(await desk.who(token)).toMatchObject({ source: 'oauth' })
    desk.clock.forward(1_000)
  }
  expect(new Set(answers)).toEqual(new Set(['UNAVAILABLE']))
  expect(provider.asked.get(endpoint)).toBeLessThan(50)
})

test('without introspection opaque tokens are refused, and a wrong secret lets nobody in', async () => {
  await using provider = await startRealProvider()
  const token = await provider.token('idp|alan')
  await using plain = await openDesk({ oidc: { issuer: provider.issuer, audience: 'ennead' } })
  expect(await plain.who(token)).toBe('UNAUTHENTICATED')
  await using wrong = await openWith(provider, 'not the secret')
  expect(await wrong.who(token)).toBe('UNAVAILABLE')
  const half = {
    issuer: provider.issuer,
    audience: 'ennead',
    introspection: { clientId: '', clientSecret: 'x' },
  }
  expect(await openDesk({ oidc: half }).catch(codeOf)).toBe('BAD_OPTION')
})

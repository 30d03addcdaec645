import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import type { SignInProvider } from '../../subgraphs/auth/providers/provider-options.ts'
import type { StartedSignIn } from '../../subgraphs/auth/providers/provider-sign-in.ts'
import { openCounter } from './auth-counter.ts'
import { type Desk, codeOf, openDesk } from './auth-desk.ts'
import { type RealProvider, clientId, clientSecret, redirectUri, startRealProvider } from './real-provider.ts'

const idp = 'idp'

function openWith(provider: RealProvider, more: Partial<SignInProvider> = {}): Promise<Desk> {
  const one = {
    name: idp,
    issuer: provider.issuer,
    clientId,
    clientSecret,
    redirectUris: [redirectUri],
    ...more,
  }
  return openDesk({ signInProviders: [one] })
}

function start(desk: Desk, more: object = {}, by?: ActorPrincipal): Promise<StartedSignIn> {
  const input = {
    provider: idp,
    redirectUri,
    workspace: undefined,
    invitation: undefined,
    link: false,
    ...more,
  }
  return desk.domain.providers.start(input, by)
}

/** Comes back with this URL: the principal, or the code of the refusal. */
async function complete(
  desk: Desk,
  { flow }: StartedSignIn,
  callbackUrl: string,
  by?: ActorPrincipal,
): Promise<ActorPrincipal | string> {
  const outcome = await desk.domain.providers.complete({ flow, callbackUrl }, by, {}).catch(codeOf)
  if (typeof outcome === 'string') return outcome
  return outcome.is === 'signedIn' ? outcome.principal : outcome.code
}

/** The whole way of somebody at the provider. */
async function signInAs(
  desk: Desk,
  provider: RealProvider,
  account: string,
  more: object = {},
  by?: ActorPrincipal,
): Promise<ActorPrincipal | string> {
  const started = await start(desk, more, by)
  return complete(desk, started, await provider.signIn(started.authorizationUrl, account), by)
}

async function auditOf(desk: Desk): Promise<string> {
  return readFile(join(desk.path, 'auth', 'audit.ndjson'), 'utf8')
}

async function refusalsOf(desk: Desk): Promise<unknown[]> {
  const lines = (await auditOf(desk)).split('\n').filter(line => line.includes('PROVIDER_SIGN_IN_REFUSED'))
  return lines.map(line => (JSON.parse(line) as { why: unknown }).why)
}

test('somebody who was invited signs in at a provider, by GraphQL, and from then on without an invitation', async () => {
  await using provider = await startRealProvider()
  await using desk = await openWith(provider, { label: 'The IdP' })
  await using counter = await openCounter(desk)
  provider.accounts.set('mel-1', { email: 'Mel@navy.example', email_verified: true, name: 'Mel M.' })
  const { principal } = await desk.signIn()
  const invited = { email: 'mel@navy.example', role: 'MEMBER', expiresInDays: 1 } as const
  const { token } = await desk.domain.invitations.create(principal, invited, {})
  expect((await counter.ask(undefined, '{ signInProviders { name label } }')).data).toEqual({
    signInProviders: [{ name: idp, label: 'The IdP' }],
  })
  // Not known, and not invited.
  expect(await signInAs(desk, provider, 'mel-1')).toBe('FORBIDDEN')
  const startQuery = `mutation ($input: StartSignInInput!) { startSignIn(input: $input) { authorizationUrl flow expiresAt errors { code } } }`
  const input = { provider: idp, redirectUri, invitation: token }
  const started = (await counter.ask(undefined, startQuery, { input })).data as { startSignIn: StartedSignIn }
  const { authorizationUrl, flow } = started.startSignIn
  const asked = new URL(authorizationUrl).searchParams
  expect(asked.get('code_challenge_method')).toBe('S256')
  for (const secret of ['verifier', token.slice(-43)]) expect(authorizationUrl + flow).not.toContain(secret)
  const callbackUrl = await provider.signIn(authorizationUrl, 'mel-1')
  const completeQuery = `mutation ($flow: String!, $url: String!) { completeSignIn(input: { flow: $flow, callbackUrl: $url }) {
    accessToken refreshToken viewer { role actor { displayName } workspace { slug } sessions { current userAgent } linkedSignIns { id provider issuer } } errors { code message } } }`
  const done = await counter.ask(undefined, completeQuery, { flow, url: callbackUrl })
  expect(done.data).toMatchObject({
    completeSignIn: {
      accessToken: expect.stringMatching(/^ey/),
      refreshToken: expect.stringMatching(/^session_/),
      viewer: {
        role: 'MEMBER',
        actor: { displayName: 'Mel M.' },
        workspace: { slug: 'navy' },
        sessions: [{ current: true, userAgent: 'curl/8' }],
        linkedSignIns: [{ provider: idp, issuer: provider.issuer }],
      },
      errors: [],
    },
  })
  // Known by issuer and subject: an address that changes, or is not verified any more, changes nothing.
  provider.accounts.set('mel-1', { email: 'other@navy.example', email_verified: false })
  expect(await signInAs(desk, provider, 'mel-1')).toMatchObject({ role: 'MEMBER', source: 'auth' })
  expect(await refusalsOf(desk)).toEqual(['unknown'])
  const audit = await auditOf(desk)
  for (const told of ['"IDENTITY_LINKED"', '"INVITATION_ACCEPTED"', '"provider":"idp"'])
    expect(audit).toContain(told)
  for (const secret of ['mel@navy', clientSecret, token]) expect(audit).not.toContain(secret)
})

test('a wrong state, nonce, issuer, redirect or flow, a code used twice and a flow too old are refused, and told apart in the audit log', async () => {
  await using provider = await startRealProvider()
  await using desk = await openWith(provider, { join: { workspace: 'navy', role: 'GUEST' } })
  provider.accounts.set('mel', { email: 'mel@navy.example', email_verified: true })
  const changed = (url: string, name: string, value: string | undefined): string => {
    const to = new URL(url)
    if (value === undefined) to.searchParams.delete(name)
    else to.searchParams.set(name, value)
    return to.href
  }
  const expected: string[] = []
  const refused = async (why: string, started: StartedSignIn, url: string): Promise<void> => {
    expected.push(why)
    expect([why, await complete(desk, started, url)]).toEqual([why, 'FORBIDDEN'])
  }
  const fresh = async (): Promise<[StartedSignIn, string]> => {
    const started = await start(desk)
    return [started, await provider.signIn(started.authorizationUrl, 'mel')]
  }
  let [started, url] = await fresh()
  await refused('state', started, changed(url, 'state', 'forged'))
  ;[started, url] = await fresh()
  await refused('issuer', started, changed(url, 'iss', 'https://other.example'))
  ;[started, url] = await fresh()
  await refused('issuer', started, changed(url, 'iss', undefined))
  started = await start(desk)
  await refused(
    'nonce',
    started,
    await provider.signIn(changed(started.authorizationUrl, 'nonce', 'n'.repeat(43)), 'mel'),
  )
  ;[started, url] = await fresh()
  await refused('flow', started, url.replace('signed-in', 'elsewhere'))
  await refused('flow', { ...started, flow: `${started.flow.slice(0, -2)}AA` }, url)
  desk.clock.forward(10 * 60_000 + 1)
  await refused('flow', started, url)
  // A code that somebody else was given for their flow does not fit this one's verifier: no session swapping.
  const [, urlOfOther] = await fresh()
  started = await start(desk)
  const state = new URL(started.authorizationUrl).searchParams.get('state') ?? ''
  await refused('code', started, changed(urlOfOther, 'state', state))
  started = await start(desk)
  const denied = `${redirectUri}?error=access_denied&state=${new URL(started.authorizationUrl).searchParams.get('state')}&iss=${encodeURIComponent(provider.issuer)}`
  await refused('denied', started, denied)
  ;[started, url] = await fresh()
  // Two at once: one comes in.
  const both = await Promise.all([complete(desk, started, url), complete(desk, started, url)])
  expect(both.filter(one => typeof one === 'object')).toMatchObject([{ role: 'GUEST' }])
  expected.push('flow')
  await refused('flow', started, url)
  expect(await refusalsOf(desk)).toEqual(expected)
})

test('an address leads to no account that has another way in; its owner links the sign-in, and unlinks it', async () => {
  await using provider = await startRealProvider()
  await using desk = await openWith(provider, { join: { workspace: 'navy', role: 'ADMIN' } })
  const { administration, identities, authority } = desk.domain
  provider.accounts.set('g', { email: 'grace@navy.example', email_verified: true })
  provider.accounts.set('unverified', { email: 'new@navy.example', email_verified: false })
  expect(await signInAs(desk, provider, 'g')).toBe('FORBIDDEN')
  expect(await signInAs(desk, provider, 'unverified')).toBe('FORBIDDEN')
  const { principal } = await desk.signIn()
  expect(await start(desk, { link: true }).catch(codeOf)).toBe('FORBIDDEN')
  const linking = await start(desk, { link: true }, principal)
  const url = await provider.signIn(linking.authorizationUrl, 'g')
  // Somebody else's browser does not get it linked to them.
  const mel = (await desk.signIn(await desk.hire('Mel', 'MEMBER'))).principal
  expect(await complete(desk, linking, url, mel)).toBe('FORBIDDEN')
  expect(await complete(desk, linking, url)).toBe('FORBIDDEN')
  expect(await complete(desk, linking, url, principal)).toMatchObject({ actorId: desk.grace.user.id })
  expect(await signInAs(desk, provider, 'g')).toMatchObject({ actorId: desk.grace.user.id, role: 'OWNER' })
  expect(await signInAs(desk, provider, 'g', { link: true }, mel)).toBe('FORBIDDEN')
  const [linked] = await authority.call('identities', desk.grace.user.id)
  expect(await identities.unlink(mel, linked?.id ?? '', {}).catch(codeOf)).toBe('NOT_FOUND')
  await identities.unlink(principal, linked?.id ?? '', {})
  expect(await signInAs(desk, provider, 'g')).toBe('FORBIDDEN')
  // Who has no password comes in by the address that the provider has verified, and keeps a way in.
  provider.accounts.set('o', { email: 'otto@navy.example', email_verified: true })
  const otto = await administration.createUser({
    email: 'otto@navy.example',
    displayName: 'Otto',
    password: null,
  })
  await administration.addMember(desk.workspace.id, otto.user.id, 'MEMBER')
  const asOtto = await signInAs(desk, provider, 'o')
  if (typeof asOtto === 'string') throw new Error(asOtto)
  expect(asOtto).toMatchObject({ actorId: otto.user.id, role: 'MEMBER' })
  const [only] = await authority.call('identities', otto.user.id)
  expect(await identities.unlink(asOtto, only?.id ?? '', {}).catch(codeOf)).toBe('BAD_USER_INPUT')
  // The address was given to somebody new.
  provider.accounts.set('o2', { email: 'otto@navy.example', email_verified: true })
  expect(await signInAs(desk, provider, 'o2')).toBe('FORBIDDEN')
})

test('who may join does, with the role that is set and of the domains that are set, once and not again when removed', async () => {
  await using provider = await startRealProvider()
  const join = { workspace: 'navy', role: 'GUEST', emailDomains: ['navy.example'] } as const
  await using desk = await openWith(provider, { join })
  provider.accounts.set('a', { email: 'Al@Navy.example', email_verified: true })
  provider.accounts.set('b', { email: 'bo@navy.example.evil.test', email_verified: true })
  const al = await signInAs(desk, provider, 'a')
  expect(al).toMatchObject({ role: 'GUEST', workspaceId: desk.workspace.id })
  expect(await signInAs(desk, provider, 'b')).toBe('FORBIDDEN')
  if (typeof al === 'string') throw new Error(al)
  await desk.domain.members.remove((await desk.signIn()).principal, al.actorId, {})
  expect(await signInAs(desk, provider, 'a')).toBe('FORBIDDEN')
  const invited = { email: 'bo@navy.example', role: 'MEMBER', expiresInDays: 1 } as const
  const { token } = await desk.domain.invitations.create((await desk.signIn()).principal, invited, {})
  // An invitation is for the address that it names.
  expect(await signInAs(desk, provider, 'b', { invitation: token })).toBe('FORBIDDEN')
})

test('while the provider is down people are told so; a flow outlives rotated keys, and returns are throttled', async () => {
  await using provider = await startRealProvider()
  await using desk = await openWith(provider, { join: { workspace: 'navy', role: 'GUEST' } })
  provider.accounts.set('a', { email: 'al@navy.example', email_verified: true })
  provider.down = true
  expect(await start(desk).catch(codeOf)).toBe('UNAVAILABLE')
  provider.down = false
  // Asked again at once it is not asked for the provider's sake.
  expect(await start(desk).catch(codeOf)).toBe('UNAVAILABLE')
  desk.clock.forward(5_000)
  const cut = await start(desk)
  const urlOfCut = await provider.signIn(cut.authorizationUrl, 'a')
  provider.down = true
  expect(await complete(desk, cut, urlOfCut)).toBe('UNAVAILABLE')
  provider.down = false
  const started = await start(desk)
  await desk.domain.rotateKeys()
  const url = await provider.signIn(started.authorizationUrl, 'a')
  expect(await complete(desk, started, url)).toMatchObject({ role: 'GUEST' })
  expect(await start(desk, { provider: 'other' }).catch(codeOf)).toBe('NOT_FOUND')
  expect(await start(desk, { redirectUri: `${redirectUri}/..` }).catch(codeOf)).toBe('BAD_USER_INPUT')
  const outcomes: unknown[] = []
  for (let attempt = 0; attempt < 31; attempt++) {
    const given = { flow: `ennead_flow_${attempt}`, callbackUrl: url }
    const outcome = await desk.domain.providers
      .complete(given, undefined, { address: '192.0.2.7' })
      .catch(codeOf)
    outcomes.push(typeof outcome === 'string' ? outcome : outcome.is === 'refused' && outcome.code)
  }
  expect(outcomes).toContain('RATE_LIMITED')
})

test('a provider that is set wrongly is refused at the start, by name', async () => {
  const good = {
    name: idp,
    issuer: 'https://idp.example',
    clientId,
    redirectUris: ['https://app.example/in'],
  }
  const wrong: readonly Partial<SignInProvider>[] = [
    { name: 'My IdP' },
    { issuer: 'http://idp.example' },
    { issuer: 'https://me:secret@idp.example' },
    { clientId: '' },
    { clientSecret: '' },
    { scopes: ['email'] },
    { redirectUris: [] },
    { redirectUris: ['http://app.example/in'] },
    { redirectUris: ['https://app.example/in?next=1'] },
    { redirectUris: ['javascript:alert(1)'] },
  ]
  for (const one of wrong)
    expect([one, await openDesk({ signInProviders: [{ ...good, ...one }] }).catch(codeOf)]).toEqual([
      one,
      'BAD_OPTION',
    ])
  expect(await openDesk({ signInProviders: [good, good] }).catch(codeOf)).toBe('BAD_OPTION')
})

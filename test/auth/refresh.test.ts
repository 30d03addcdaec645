import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAuthDomain } from '../../subgraphs/auth/domain.ts'
import { openDesk, signedIn } from './auth-desk.ts'

const dayMs = 86_400_000

test('a refresh token gives a new pair of tokens and prolongs the session', async () => {
  await using desk = await openDesk()
  let { refreshToken, principal } = await desk.signIn()
  const sessionId = principal.sessionId
  for (let month = 0; month < 3; month++) {
    desk.clock.forward(29 * dayMs)
    const next = signedIn(await desk.domain.refresh(refreshToken, {}))
    expect(next.principal.sessionId).toBe(sessionId)
    expect(await desk.who(next.accessToken)).toMatchObject({ actorId: desk.grace.user.id })
    refreshToken = next.refreshToken
  }
  desk.clock.forward(31 * dayMs)
  expect(await desk.domain.refresh(refreshToken, {})).toMatchObject({ is: 'refused', code: 'FORBIDDEN' })
})

test('a refresh token used twice ends the session for both who hold it, and the log says so', async () => {
  await using desk = await openDesk()
  const first = await desk.signIn()
  const second = signedIn(await desk.domain.refresh(first.refreshToken, {}))
  expect(await desk.domain.refresh(first.refreshToken, { address: '192.0.2.1' })).toMatchObject({
    is: 'refused',
    code: 'FORBIDDEN',
  })
  expect(await desk.domain.refresh(second.refreshToken, {})).toMatchObject({ is: 'refused' })
  expect(await desk.who(second.accessToken)).toBe('UNAUTHENTICATED')
  expect(await desk.who(first.accessToken)).toBe('UNAUTHENTICATED')
  const audit = desk.lines.filter(line => line.includes('auth.refresh.replayed'))
  expect(audit).toHaveLength(1)
  expect(audit[0]).toContain('192.0.2.1')
  expect(audit[0]).not.toContain(first.refreshToken.split('.')[2])
})

test('a token three generations old ends the session too', async () => {
  await using desk = await openDesk()
  const first = await desk.signIn()
  let latest = first
  for (let round = 0; round < 3; round++)
    latest = signedIn(await desk.domain.refresh(latest.refreshToken, {}))
  await desk.domain.refresh(first.refreshToken, {})
  expect(await desk.who(latest.accessToken)).toBe('UNAUTHENTICATED')
})

test('of two uses at the same moment at most one succeeds, and the session ends', async () => {
  await using desk = await openDesk()
  const { refreshToken } = await desk.signIn()
  const outcomes = await Promise.all([
    desk.domain.refresh(refreshToken, {}),
    desk.domain.refresh(refreshToken, {}),
  ])
  expect(outcomes.map(outcome => outcome.is).sort()).toEqual(['refused', 'signedIn'])
  const winner = outcomes.find(outcome => outcome.is === 'signedIn')
  expect(await desk.who(winner?.is === 'signedIn' ? winner.accessToken : '')).toBe('UNAUTHENTICATED')
})

test('a stranger who knows the id of a session can neither use nor end it', async () => {
  await using desk = await openDesk()
  const { refreshToken, accessToken, principal } = await desk.signIn()
  const next = signedIn(await desk.domain.refresh(refreshToken, {}))
  const guesses = [
    `${principal.sessionId}.1.${'A'.repeat(65)}`,
    `${principal.sessionId}.2.${'A'.repeat(65)}`,
    `${principal.sessionId}.99.${refreshToken.split('.')[2]}`,
    `${principal.sessionId}.1.`,
    accessToken,
    '',
    'x'.repeat(100_000),
  ]
  for (const guess of guesses) {
    expect(await desk.domain.refresh(guess, {})).toMatchObject({ is: 'refused', code: 'FORBIDDEN' })
  }
  expect(await desk.domain.refresh(next.refreshToken, {})).toMatchObject({ is: 'signedIn' })
})

test('signing out ends the session at once, for its access token and its refresh token', async () => {
  await using desk = await openDesk()
  const { refreshToken, accessToken, principal } = await desk.signIn()
  const other = await desk.signIn()
  expect(await desk.domain.signOut(principal, {})).toBe(true)
  expect(await desk.who(accessToken)).toBe('UNAUTHENTICATED')
  expect(await desk.domain.refresh(refreshToken, {})).toMatchObject({ is: 'refused' })
  expect(await desk.who(other.accessToken)).toMatchObject({ source: 'rbac' })
})

test('a new role counts for tokens that are out already, and a member who left is refused', async () => {
  await using desk = await openDesk()
  const alan = await desk.hire('Alan', 'ADMIN')
  const { accessToken, refreshToken } = await desk.signIn(alan)
  await desk.domain.administration.addMember(desk.workspace.id, alan.user.id, 'GUEST')
  expect(await desk.who(accessToken)).toMatchObject({ role: 'GUEST', scopes: ['tasks:read'] })
  await desk.domain.administration.removeMember(desk.workspace.id, alan.user.id)
  expect(await desk.who(accessToken)).toBe('UNAUTHENTICATED')
  expect(await desk.domain.refresh(refreshToken, {})).toMatchObject({ is: 'refused' })
})

test('sessions and users are there after a restart, and no secret lies in the stores', async () => {
  await using desk = await openDesk()
  const { accessToken, refreshToken } = await desk.signIn()
  await desk.domain.close()
  const secret = refreshToken.split('.')[2] ?? ''
  for (const copy of ['rbac', 'issuer']) {
    const bytes = await readFile(join(desk.path, 'auth', copy, 'data.mdb'))
    expect(bytes.includes(desk.grace.user.email)).toBe(true)
    for (const text of [desk.grace.password, secret.slice(0, 22), secret.slice(22)]) {
      expect(bytes.includes(text)).toBe(false)
    }
  }
  const path = join(desk.path, 'auth')
  const again = await openAuthDomain({ path, keysPath: join(desk.path, 'keys'), clock: desk.clock })
  try {
    expect(await again.identify({ kind: 'bearer', token: accessToken })).toMatchObject({ source: 'rbac' })
    expect(await again.refresh(refreshToken, {})).toMatchObject({ is: 'signedIn' })
  } finally {
    await again.close()
  }
})

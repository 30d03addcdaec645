import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAuthDomain } from '../../subgraphs/auth/domain.ts'
import { until } from '../support/until.ts'
import { type Desk, openDesk, signedIn, tryToSignIn } from './auth-desk.ts'

const agents = ['rbac', 'oauth', 'jwt']
const signal = new AbortController().signal

/** Everything a user needs of the domain. */
async function useEverything(desk: Desk): Promise<void> {
  const { domain, workspace, grace } = desk
  const session = await desk.signIn()
  expect(await desk.who(session.accessToken)).toMatchObject({ actorId: grace.user.id, role: 'OWNER' })
  const next = signedIn(await domain.refresh(session.refreshToken, {}))
  expect(await desk.who(next.accessToken)).toMatchObject({ actorId: grace.user.id })
  const { authority } = domain
  const users = await authority.call('users', { workspaceId: workspace.id, ids: [grace.user.id, 'user_x'] })
  expect(users.map(user => user?.displayName)).toEqual(['Grace', undefined])
  expect((await authority.call('workspaces', [workspace.id])).map(one => one?.slug)).toEqual(['navy'])
  expect(await authority.call('countMembers', workspace.id)).toBeGreaterThan(0)
  expect(await domain.known(workspace.id, [grace.user.id, workspace.id, 'user_x'], signal)).toEqual(
    new Set([grace.user.id, workspace.id]),
  )
  expect(await domain.signOut(next.principal, {})).toBe(true)
  expect(await desk.who(next.accessToken)).toBe('UNAUTHENTICATED')
}

/** The agent's state in health. */
function stateOf({ domain }: Desk, agent: string): string | undefined {
  return domain.health().agents.find(one => one.name === agent)?.state
}

test.each(agents)('with %s switched off everything works, and health shows it as absent', async agent => {
  await using desk = await openDesk({ absent: new Map([[agent, 'switched off for the test']]) })
  await useEverything(desk)
  expect(desk.domain.health()).toMatchObject({ ready: true })
  expect(stateOf(desk, agent)).toBe('absent')
})

test.each(['rbac', 'issuer'] as const)('while the disk of %s is away everything works', async disk => {
  await using desk = await openDesk()
  desk.disks[disk].state = 'away'
  for (let round = 0; round < 3; round++) await useEverything(desk)
  const agent = disk === 'rbac' ? 'rbac' : 'oauth'
  expect(['failing', 'open']).toContain(stateOf(desk, agent))

  desk.disks[disk].state = 'works'
  await until(`${agent} is well again`, () => stateOf(desk, agent) !== 'failing', 10_000)
  await useEverything(desk)
})

test.each(['rbac', 'issuer'] as const)('while the disk of %s is full everything works', async disk => {
  await using desk = await openDesk()
  desk.disks[disk].state = 'full'
  for (let round = 0; round < 3; round++) await useEverything(desk)
  expect(desk.domain.health().ready).toBe(true)
})

test('with both disks away tokens are still taken, by their signed claims', async () => {
  await using desk = await openDesk()
  const { accessToken } = await desk.signIn()
  desk.disks.rbac.state = 'away'
  desk.disks.issuer.state = 'away'
  for (let round = 0; round < 30; round++) {
    expect(await desk.who(accessToken)).toMatchObject({
      source: 'jwt',
      actorId: desk.grace.user.id,
      role: 'OWNER',
    })
  }
  await expect(tryToSignIn(desk.domain, desk.grace.user.email, desk.grace.password)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  })
})

test('sign-ins that failed because nobody could tell do not count as guesses', async () => {
  await using desk = await openDesk()
  desk.disks.rbac.state = 'away'
  desk.disks.issuer.state = 'away'
  const { email } = desk.grace.user
  for (let round = 0; round < 7; round++) {
    await expect(tryToSignIn(desk.domain, email, desk.grace.password)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  }
  desk.disks.rbac.state = 'works'
  desk.disks.issuer.state = 'works'
  await until('somebody can sign in', async () => {
    const outcome = await tryToSignIn(desk.domain, email, desk.grace.password).catch(() => undefined)
    expect(outcome).not.toMatchObject({ code: 'RATE_LIMITED' })
    return outcome?.is === 'signedIn'
  })
})

test('a session that ended while one store was away is not taken when only that store is left', async () => {
  await using desk = await openDesk()
  const { accessToken, principal } = await desk.signIn()
  desk.disks.rbac.state = 'away'
  expect(await desk.domain.signOut(principal, {})).toBe(true)
  expect(await desk.who(accessToken)).toBe('UNAUTHENTICATED')
  desk.disks.rbac.state = 'works'
  await until('rbac has caught up', () => stateOf(desk, 'rbac') !== 'failing')
  desk.disks.issuer.state = 'away'
  expect(await desk.who(accessToken)).toBe('UNAUTHENTICATED')
})

test('a store that misses a write is not asked while another one has it', async () => {
  await using desk = await openDesk({ retryMs: 60_000 })
  const { accessToken, principal } = await desk.signIn()
  desk.disks.rbac.state = 'full'
  await desk.domain.signOut(principal, {})
  desk.disks.rbac.state = 'works'
  for (let round = 0; round < 20; round++) expect(await desk.who(accessToken)).toBe('UNAUTHENTICATED')
  expect(desk.domain.health().agents[0]).toMatchObject({ name: 'rbac', detail: 'catching up' })
})

test('a damaged store is told as damaged, the other one answers, and a new one is filled from it', async () => {
  await using desk = await openDesk()
  const { accessToken } = await desk.signIn()
  await desk.domain.close()
  for (const damaged of ['rbac', 'issuer']) {
    await writeFile(join(desk.path, 'auth', damaged, 'data.mdb'), 'x'.repeat(5_000))
    const options = { path: join(desk.path, 'auth'), keysPath: join(desk.path, 'keys'), retryMs: 10 }
    const domain = await openAuthDomain({ ...options, timeoutMs: 2_000, attemptMs: 1_000 })
    try {
      const agent = damaged === 'rbac' ? 'rbac' : 'oauth'
      const health = domain.health().agents.find(one => one.name === agent)
      expect(health?.state).toBe('failing')
      expect(health?.detail).toContain('damaged')
      expect(await domain.identify({ kind: 'bearer', token: accessToken })).toMatchObject({ role: 'OWNER' })
      expect(await tryToSignIn(domain, desk.grace.user.email, desk.grace.password)).toMatchObject({
        is: 'signedIn',
      })
      // What the message says to do.
      await rm(join(desk.path, 'auth', damaged), { recursive: true })
      await until(
        `${agent} is filled`,
        () => domain.health().agents.find(one => one.name === agent)?.state === 'ok',
        10_000,
      )
    } finally {
      await domain.close()
    }
  }
})

test('with both stores damaged the start fails and names the folder', async () => {
  await using desk = await openDesk()
  await desk.domain.close()
  for (const copy of ['rbac', 'issuer']) {
    await writeFile(join(desk.path, 'auth', copy, 'data.mdb'), 'x'.repeat(5_000))
  }
  const failure: unknown = await openAuthDomain({
    path: join(desk.path, 'auth'),
    keysPath: join(desk.path, 'keys'),
  }).catch(failure => failure)
  expect(failure).toMatchObject({ code: 'DATA_FOLDER_CORRUPT' })
  expect(failure instanceof Error && failure.message).toContain(join(desk.path, 'auth'))
})

test.each([
  [{ accessLifeMs: 0 }, 'accessLifeMs'],
  [{ sessionLifeMs: 1.5 }, 'sessionLifeMs'],
  [{ absent: new Map([['rabc', '']]) }, 'rabc'],
  [{ oidc: { issuer: 'http://idp.example', audience: 'ennead' } }, 'oidc.issuer'],
  [{ oidc: { issuer: 'https://user:secret@idp.example', audience: 'ennead' } }, 'oidc.issuer'],
  [{ oidc: { issuer: 'https://idp.example', audience: '' } }, 'oidc.audience'],
  [{ throttle: { accountMax: -1 } }, 'throttle.accountMax'],
])('an option that is not allowed is refused by name: %o', async (options, name) => {
  await expect(
    openAuthDomain({ path: '/nonexistent/a', keysPath: '/nonexistent/k', ...options }),
  ).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining(name) })
})

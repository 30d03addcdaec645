import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { subject } from '@casl/ability'
import { expect, test } from 'vitest'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import { abilityOf } from '../../subgraphs/auth/abilities.ts'
import type { NewApiKey } from '../../subgraphs/auth/api-keys/api-keys.ts'
import { openCounter } from './auth-counter.ts'
import { codeOf, openDesk } from './auth-desk.ts'
import type { Desk, Person } from './auth-desk.ts'

async function keyOf(
  desk: Desk,
  person: Person = desk.grace,
  given: Partial<NewApiKey> = {},
): Promise<{ readonly key: string; readonly id: string; readonly by: ActorPrincipal }> {
  const { principal: by } = await desk.signIn(person)
  const wanted = { name: 'CI', scopes: undefined, expiresInDays: 30, ...given }
  const { key, record } = await desk.domain.apiKeys.create(by, wanted, {})
  return { key, id: record.id, by }
}

test('a key acts for its maker, with the role of the moment and no scope but its own', async () => {
  await using desk = await openDesk()
  const mel = await desk.hire('Mel', 'MEMBER')
  const { key, id } = await keyOf(desk, mel, { scopes: ['tasks:read'] })
  expect(key).toMatch(/^ennead_key_[0-9a-z]{26}_[\w-]{43}$/)
  const who = await desk.who(key)
  expect(who).toMatchObject({ actorId: mel.user.id, keyId: id, role: 'MEMBER', scopes: ['tasks:read'] })
  if (typeof who === 'string') throw new Error(who)
  const ability = abilityOf(who.rules)
  const here = { workspaceId: desk.workspace.id }
  expect(ability.can('read', subject('Task', { ...here }))).toBe(true)
  expect(ability.can('update', subject('Task', { ...here }))).toBe(false)
  await desk.domain.administration.addMember(desk.workspace.id, mel.user.id, 'GUEST')
  expect(await desk.who(key)).toMatchObject({ role: 'GUEST' })
  await desk.domain.administration.removeMember(desk.workspace.id, mel.user.id)
  expect(await desk.who(key)).toBe('UNAUTHENTICATED')
})

test('forged, shortened, foreign, expired and revoked keys are refused alike', async () => {
  await using desk = await openDesk()
  const { key, id, by } = await keyOf(desk)
  const other = await keyOf(desk)
  const refused = [
    `${key}x`,
    key.slice(0, -1),
    `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`,
    `${key.slice(0, 38)}${other.key.slice(38)}`,
    'ennead_key_',
    `ennead_key_${'0'.repeat(26)}_${'A'.repeat(43)}`,
  ]
  for (const credential of refused)
    expect([credential, await desk.who(credential)]).toEqual([credential, 'UNAUTHENTICATED'])
  await desk.domain.apiKeys.revoke(by, id, {})
  expect(await desk.who(key)).toBe('UNAUTHENTICATED')
  expect(await desk.who(other.key)).toMatchObject({ actorId: desk.grace.user.id })
  desk.clock.forward(30 * 86_400_000)
  expect(await desk.who(other.key)).toBe('UNAUTHENTICATED')
})

test('a key works while one directory is away, and nobody is told that it does not exist while none can tell', async () => {
  await using desk = await openDesk()
  const { key, id, by } = await keyOf(desk)
  desk.disks.rbac.state = 'away'
  expect(await desk.who(key)).toMatchObject({ source: 'oauth', keyId: id })
  await desk.domain.apiKeys.revoke(by, id, {})
  expect(await desk.who(key)).toBe('UNAUTHENTICATED')
  const other = await keyOf(desk)
  desk.disks.issuer.state = 'away'
  expect(await desk.who(other.key)).toBe('UNAVAILABLE')
  expect(await desk.who(key)).toBe('UNAVAILABLE')
  desk.disks.rbac.state = 'works'
  desk.disks.issuer.state = 'works'
  await expect.poll(() => desk.who(other.key), { timeout: 10_000 }).toMatchObject({ keyId: other.id })
  expect(await desk.who(key)).toBe('UNAUTHENTICATED')
})

test('a key is trusted for ten minutes at most without being looked up again, and never beyond its end', async () => {
  await using desk = await openDesk()
  const { key } = await keyOf(desk, desk.grace, { expiresInDays: 1 })
  const left = async (): Promise<number> => {
    const who = await desk.who(key)
    return typeof who === 'string' ? -1 : who.expiresAt - Math.floor(desk.clock.wall() / 1_000)
  }
  expect(await left()).toBeGreaterThanOrEqual(599)
  desk.clock.forward(86_400_000 - 60_000)
  expect(await left()).toBeLessThanOrEqual(60)
})

test('what cannot be made is refused with its reason, and there are 50 keys at most', async () => {
  await using desk = await openDesk()
  const { principal } = await desk.signIn(await desk.hire('Gus', 'GUEST'))
  const wrong: readonly Partial<NewApiKey>[] = [
    { name: ' ' },
    { name: 'x'.repeat(101) },
    { scopes: [] },
    { scopes: ['tasks:write'] },
    { expiresInDays: 0 },
    { expiresInDays: 366 },
  ]
  const create = (given: Partial<NewApiKey>): Promise<unknown> =>
    desk.domain.apiKeys.create(principal, { name: 'CI', scopes: undefined, expiresInDays: 1, ...given }, {})
  for (const given of wrong)
    expect([given, await create(given).catch(codeOf)]).toEqual([given, 'BAD_USER_INPUT'])
  const made = await Promise.allSettled(Array.from({ length: 25 }, () => create({})))
  expect(made.every(({ status }) => status === 'fulfilled')).toBe(true)
  for (let more = 0; more < 25; more++) await create({})
  expect(await create({}).catch(codeOf)).toBe('BAD_USER_INPUT')
})

test('a key makes no keys and changes no account; the secret is in no store and no log', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const { principal } = await desk.signIn()
  const create =
    'mutation { createApiKey(input: { name: "CI" }) { key apiKey { id name prefix scopes createdAt expiresAt } errors { code } } }'
  const { data } = (await counter.ask(principal, create)) as {
    data: { createApiKey: { key: string; apiKey: { id: string; prefix: string }; errors: unknown[] } }
  }
  const { key, apiKey, errors } = data.createApiKey
  expect([errors, key.startsWith(`${apiKey.prefix}_`)]).toEqual([[], true])
  const byKey = await desk.domain.identify({ kind: 'bearer', token: key })
  const forbidden = [{ code: 'FORBIDDEN' }]
  for (const [mutation, selection] of [
    ['createApiKey(input: { name: "more" })', 'errors { code }'],
    [`revokeApiKey(id: "${apiKey.id}")`, 'errors { code }'],
    ['signOutEverywhere', 'errors { code }'],
    [`endSession(id: "${principal.sessionId}")`, 'errors { code }'],
    [`changeMemberRole(userId: "${principal.actorId}", role: GUEST)`, 'errors { code }'],
    [`removeMember(userId: "${principal.actorId}")`, 'errors { code }'],
  ]) {
    const answer = await counter.ask(byKey, `mutation { done: ${mutation} { ${selection} } }`)
    expect([mutation, answer]).toEqual([mutation, { data: { done: { errors: forbidden } } }])
  }
  const list = '{ viewer { apiKeys { id prefix } } }'
  expect(await counter.ask(principal, list)).toMatchObject({
    data: { viewer: { apiKeys: [{ id: apiKey.id }] } },
  })
  const mel = await desk.signIn(await desk.hire('Mel', 'ADMIN'))
  expect(await counter.ask(mel.principal, list)).toMatchObject({ data: { viewer: { apiKeys: [] } } })
  const revoke = `mutation { revokeApiKey(id: "${apiKey.id}") { apiKey { id } errors { code } } }`
  expect(await counter.ask(mel.principal, revoke)).toMatchObject({
    data: { revokeApiKey: { apiKey: null, errors: [{ code: 'NOT_FOUND' }] } },
  })
  expect(await counter.ask(principal, revoke)).toMatchObject({ data: { revokeApiKey: { errors: [] } } })
  expect(await counter.ask(principal, list)).toMatchObject({ data: { viewer: { apiKeys: [] } } })
  const secret = key.slice(-43)
  const audit = await readFile(join(desk.path, 'auth', 'audit.ndjson'), 'utf8')
  expect(audit).toContain('"KEY_CREATED"')
  expect(audit).toContain('"KEY_REVOKED"')
  const stored = await readFile(join(desk.path, 'auth', 'rbac', 'data.mdb'))
  for (const place of [audit, desk.lines.join('\n'), stored.toString('latin1')])
    expect(place).not.toContain(secret)
})

import { statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import { openAuthDomain } from '../../subgraphs/auth/domain.ts'
import { openSigningKeys } from '../../subgraphs/auth/tokens/signing-keys.ts'
import { codeOf, openDesk, temporaryFolder } from './auth-desk.ts'
import { forgeOf, forgedTokens } from './forged-tokens.ts'

const agents = ['rbac', 'oauth', 'jwt']

/** The domain with only one of its agents: what that one answers, nobody else corrects. */
function only(agent: string): ReadonlyMap<string, string> {
  return new Map(agents.filter(other => other !== agent).map(other => [other, 'for the test']))
}

test('every forged token is refused by every authority with one and the same text', async () => {
  await using desk = await openDesk()
  const { accessToken } = await desk.signIn()
  const forge = forgeOf(accessToken, desk.path)
  const now = Math.floor(desk.clock.wall() / 1000)
  const forged = forgedTokens(forge, now)
  await desk.domain.close()

  const texts = new Set<string>()
  for (const agent of agents) {
    const domain = await openAuthDomain({
      path: join(desk.path, 'auth'),
      keysPath: join(desk.path, 'keys'),
      clock: desk.clock,
      absent: only(agent),
      timeoutMs: 2_000,
      attemptMs: 1_000,
    })
    // The forge itself works: untouched, its token is taken. So a refusal is about what was changed.
    const token = forge.ours(forge.header, forge.payload)
    await expect(domain.identify({ kind: 'bearer', token })).resolves.toMatchObject({ source: agent })
    for (const [what, bad] of forged) {
      const failure: unknown = await domain.identify({ kind: 'bearer', token: bad }).catch(failure => failure)
      expect(failure, `${agent}: ${what}`).toBeInstanceOf(EnneadError)
      expect(failure, `${agent}: ${what}`).toMatchObject({ code: 'UNAUTHENTICATED', facts: {} })
      texts.add(failure instanceof Error ? failure.message : '')
    }
    await domain.close()
  }
  expect(texts.size).toBe(1)
})

test('an access token ends when it says', async () => {
  await using desk = await openDesk({ accessLifeMs: 60_000 })
  const { accessToken, expiresAt } = await desk.signIn()
  expect(Date.parse(expiresAt) - desk.clock.wall()).toBeGreaterThan(57_000)
  desk.clock.forward(58_000)
  expect(await desk.who(accessToken)).toMatchObject({ source: 'rbac' })
  desk.clock.forward(3_000)
  expect(await desk.who(accessToken)).toBe('UNAUTHENTICATED')
})

test('refusals of callers never open a breaker', async () => {
  await using desk = await openDesk()
  const { accessToken } = await desk.signIn()
  const parts = accessToken.split('.')
  const bad = `${parts[0]}.${parts[1]}.${'A'.repeat(86)}`
  for (let round = 0; round < 50; round++) expect(await desk.who(bad)).toBe('UNAUTHENTICATED')
  expect(desk.domain.health().agents.map(agent => agent.state)).toEqual(['ok', 'ok', 'ok'])
  expect(await desk.who(accessToken)).toMatchObject({ source: 'rbac' })
})

test('after a rotation old tokens go on being taken and new ones have a new key', async () => {
  await using desk = await openDesk()
  const before = (await desk.signIn()).accessToken
  await desk.domain.rotateKeys()
  const after = (await desk.signIn()).accessToken
  expect(before.split('.')[0]).not.toBe(after.split('.')[0])
  expect(await desk.who(before)).toMatchObject({ actorId: desk.grace.user.id })
  expect(await desk.who(after)).toMatchObject({ actorId: desk.grace.user.id })
  expect(desk.domain.jwks().keys).toHaveLength(2)
})

test('keys cannot be rotated so often that tokens in use are refused', async () => {
  await using desk = await openDesk({ accessLifeMs: 60_000 })
  const { accessToken } = await desk.signIn()
  for (let round = 0; round < 3; round++) await desk.domain.rotateKeys()
  expect(await desk.domain.rotateKeys().catch(codeOf)).toBe('BAD_USER_INPUT')
  expect(await desk.who(accessToken)).toMatchObject({ actorId: desk.grace.user.id })
  desk.clock.forward(60_001)
  await desk.domain.rotateKeys()
  expect(desk.domain.jwks().keys).toHaveLength(4)
})

test('of five keys the oldest is forgotten, and none of the published ones has a private part', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'keys', 'signing-keys.json')
  const keys = await openSigningKeys({ path })
  const first = keys.newest.kid
  for (let round = 0; round < 4; round++) await keys.rotate()
  expect(keys.find(first)).toBeUndefined()
  expect(keys.jwks().keys).toHaveLength(4)
  for (const key of keys.jwks().keys) {
    expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  }
})

test('signing keys survive a restart, and only their owner can read them', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'keys', 'signing-keys.json')
  const first = await openSigningKeys({ path })
  await first.rotate()
  const second = await openSigningKeys({ path })
  expect(second.jwks()).toEqual(first.jwks())
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a damaged key file stops the start with its reason', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'signing-keys.json')
  for (const text of [
    '',
    '{',
    '{}',
    '{"keys":[]}',
    '{"keys":[{"kid":"a","createdAtMs":1,"privateKey":"x"}]}',
  ]) {
    await writeFile(path, text)
    await expect(openSigningKeys({ path })).rejects.toMatchObject({ code: 'DATA_FOLDER_CORRUPT' })
  }
})

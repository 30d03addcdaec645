import { join } from 'node:path'
import { type MongoAbility, subject } from '@casl/ability'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Agent } from '../../dispatch/port.ts'
import { silentLog } from '../../kernel/log.ts'
import type { ActorPrincipal, Role } from '../../kernel/principal.ts'
import { abilityOf, grantOf, narrowGrant } from '../../subgraphs/auth/abilities.ts'
import { jwtAgent } from '../../subgraphs/auth/agents/jwt/agent.ts'
import { localIssuerAgent } from '../../subgraphs/auth/agents/oauth/local-issuer.ts'
import { rbacAgent } from '../../subgraphs/auth/agents/rbac/agent.ts'
import type { Authority } from '../../subgraphs/auth/authority.ts'
import { Directories } from '../../subgraphs/auth/directory/directories.ts'
import { openDirectory } from '../../subgraphs/auth/directory/lmdb-directory.ts'
import { PasswordHasher } from '../../subgraphs/auth/sign-in/password.ts'
import { signAccessToken } from '../../subgraphs/auth/tokens/access-token.ts'
import { openSigningKeys } from '../../subgraphs/auth/tokens/signing-keys.ts'
import { codeOf, temporaryFolder, travelClock } from './auth-desk.ts'
import { memberRecord, sessionRecord } from './records.ts'

const roles = fc.constantFrom<Role>('OWNER', 'ADMIN', 'MEMBER', 'GUEST')
const actions = ['create', 'read', 'update', 'delete', 'restore', 'assign', 'comment', 'manage', 'anything']
const subjects = ['Task', 'Project', 'Label', 'Comment', 'Workspace']
const attempt = { signal: new AbortController().signal, remainingMs: 1_000, number: 1 }

/** Own and others' things, here and in another workspace. */
const things = subjects.flatMap(type =>
  ['workspace-1', 'workspace-2'].flatMap(workspaceId =>
    ['user-1', 'user-2', undefined].map(creatorId => ({ type, workspaceId, creatorId })),
  ),
)

/** Everything an ability allows. */
function allowed(ability: MongoAbility): Set<string> {
  const may = things.flatMap(({ type, ...thing }) =>
    actions
      .filter(action => ability.can(action, subject(type, { ...thing, projectId: 'project-1' })))
      .map(action => `${action} ${type} ${thing.workspaceId} ${String(thing.creatorId)}`),
  )
  return new Set(may)
}

function ask(agent: Agent<Authority>, token: string): Promise<ActorPrincipal | string | undefined> {
  return (
    agent.operations.identify?.({ kind: 'bearer', token }, attempt).catch(codeOf) ??
    Promise.resolve(undefined)
  )
}

/** What an answer allows, scopes among it. Nothing, when it is a refusal. */
function allowedBy(answer: ActorPrincipal | string | undefined): Set<string> {
  return typeof answer === 'object'
    ? allowed(abilityOf(answer.rules)).union(new Set(answer.scopes))
    : new Set()
}

function withoutSource(answer: ActorPrincipal | string | undefined): unknown {
  return typeof answer === 'object' ? { ...answer, source: '' } : answer
}

// A process that has only just begun.
const neverTold = { of: () => undefined }

test('no authority that stands in for rbac allows more than rbac does', async () => {
  await using folder = await temporaryFolder()
  const clock = travelClock()
  const audience = { issuer: 'urn:test', audience: 'urn:test:api' }
  const keys = await openSigningKeys({ path: join(folder.path, 'keys.json') })
  const copies = ['rbac', 'oauth'].map(name => ({ name, path: join(folder.path, name) }))
  const log = silentLog
  const directories = await Directories.open({ copies, open: openDirectory, clock, log, retryMs: 1_000 })
  const parts = { directories, passwords: new PasswordHasher(), clock, keys, audience, endings: neverTold }
  const [rbac, oauth, jwt] = [rbacAgent(parts), localIssuerAgent(parts), jwtAgent(parts)]
  let version = 0
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          signed: roles,
          now: roles,
          left: fc.boolean(),
          revoked: fc.boolean(),
          expired: fc.boolean(),
          ofOther: fc.boolean(),
        }),
        async ({ signed, now, left, revoked, expired, ofOther }) => {
          version++
          const sessionId = `session-${version}`
          const ended = '2026-01-01T00:00:00.000Z'
          await directories.put([
            memberRecord({ version, role: now, leftAt: left ? ended : null }),
            sessionRecord({
              id: sessionId,
              revokedAt: revoked ? ended : null,
              ...(expired ? { expiresAt: ended } : {}),
              ...(ofOther ? { userId: 'user-2' } : {}),
            }),
          ])
          const grant = grantOf(signed, 'workspace-1', 'user-1')
          const issuedAt = Math.floor(clock.wall() / 1000)
          const who = { userId: 'user-1', workspaceId: 'workspace-1', sessionId, expiresAt: issuedAt + 600 }
          const token = signAccessToken(keys.newest, { ...who, ...grant }, audience, issuedAt)
          const [byRbac, byOauth, byJwt] = [
            await ask(rbac, token),
            await ask(oauth, token),
            await ask(jwt, token),
          ]

          // The other one with a store says the very same, whatever it is.
          expect(withoutSource(byOauth)).toEqual(withoutSource(byRbac))
          expect(byRbac === 'UNAUTHENTICATED').toBe(left || revoked || expired || ofOther)

          // The one without says what was true when the token was signed, and not a bit more.
          const believed = allowedBy(byJwt)
          expect(believed).toEqual(allowed(abilityOf(grant.rules)).union(new Set(grant.scopes)))
          // So while that is still true, it allows nothing that rbac does not.
          const current = typeof byRbac === 'object' && signed === now
          const beyond = current ? believed.difference(allowedBy(byRbac)) : new Set()
          expect(beyond).toEqual(new Set())
        },
      ),
      { numRuns: 60 },
    )
  } finally {
    await directories.close()
  }
})

test('no role allows anything in another workspace', () => {
  fc.assert(
    fc.property(roles, role => {
      const all = [...allowed(abilityOf(grantOf(role, 'workspace-1', 'user-1').rules))]
      expect(all.length).toBeGreaterThan(0)
      expect(all.filter(one => one.includes('workspace-2'))).toEqual([])
    }),
  )
})

test('fewer scopes never allow more', () => {
  const scopes = fc.subarray(['tasks:read', 'tasks:write', 'tasks:everything'])
  fc.assert(
    fc.property(roles, scopes, (role, given) => {
      const whole = grantOf(role, 'workspace-1', 'user-1')
      const narrow = narrowGrant(whole, given, 'workspace-1', 'user-1')
      expect(allowed(abilityOf(narrow.rules)).difference(allowed(abilityOf(whole.rules)))).toEqual(new Set())
      expect(narrow.scopes.filter(scope => !whole.scopes.includes(scope) || !given.includes(scope))).toEqual(
        [],
      )
    }),
  )
})

test.each<[Role, Record<string, boolean>]>([
  ['OWNER', { update: true, 'delete own': true, 'delete other': true, comment: true }],
  ['ADMIN', { update: true, 'delete own': true, 'delete other': true, comment: true }],
  ['MEMBER', { update: true, 'delete own': true, 'delete other': false, comment: true }],
  ['GUEST', { update: false, 'delete own': false, 'delete other': false, comment: true }],
])('a %s may do with a task what the handbook says', (role, expected) => {
  const ability = abilityOf(grantOf(role, 'workspace-1', 'user-1').rules)
  const task = (creatorId: string): ReturnType<typeof subject> =>
    subject('Task', { workspaceId: 'workspace-1', projectId: 'p', creatorId })
  expect({
    update: ability.can('update', task('user-2')),
    'delete own': ability.can('delete', task('user-1')),
    'delete other': ability.can('delete', task('user-2')),
    comment: ability.can('comment', task('user-2')),
  }).toEqual(expected)
})

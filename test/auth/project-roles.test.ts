import { subject } from '@casl/ability'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ActorPrincipal, Role } from '../../kernel/principal.ts'
import { abilityOf, grantOf } from '../../subgraphs/auth/abilities.ts'
import { newGlobalId } from '../../kernel/global-id.ts'
import { codeOf, openDesk } from './auth-desk.ts'

const roles: readonly Role[] = ['OWNER', 'ADMIN', 'MEMBER', 'GUEST']
const actions = ['read', 'create', 'update', 'assign', 'comment', 'delete', 'restore'] as const

function may(
  principal: Pick<ActorPrincipal, 'rules'>,
  action: string,
  task: Record<string, unknown>,
): boolean {
  return abilityOf(principal.rules).can(action, subject('Task', { ...task }))
}

test('a role in a project adds to the one in the workspace, there and nowhere else', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...roles),
      fc.array(fc.record({ projectId: fc.constantFrom('p1', 'p2'), role: fc.constantFrom(...roles) }), {
        maxLength: 3,
      }),
      fc.constantFrom('p1', 'p2', 'p3'),
      fc.constantFrom('w1', 'w2'),
      fc.constantFrom('me', 'other'),
      (role, projects, projectId, workspaceId, creatorId) => {
        const grant = grantOf(role, 'w1', 'me', projects)
        const task = { workspaceId, projectId, creatorId }
        const here = workspaceId === 'w1' ? projects.filter(one => one.projectId === projectId) : []
        for (const action of actions) {
          const most = [role, ...here.map(one => one.role)]
          const expected = most.some(one => may(grantOf(one, 'w1', 'me'), action, task))
          expect([action, may(grant, action, task)]).toEqual([action, expected])
        }
        // No role in a project is one over members, accounts or invitations of the workspace.
        for (const kind of ['Member', 'ServiceAccount', 'Invitation'])
          for (const action of ['create', 'update', 'delete']) {
            const target = subject(kind, { workspaceId: 'w1', role: 'GUEST', userId: 'other' })
            const alone = abilityOf(grantOf(role, 'w1', 'me').rules).can(action, target)
            expect(abilityOf(grant.rules).can(action, target)).toBe(alone)
          }
      },
    ),
    { numRuns: 500 },
  )
})

test('a guest who is a member of one project works there; tokens follow, also while no directory can be read', async () => {
  await using desk = await openDesk()
  const owner = (await desk.signIn()).principal
  const gus = await desk.hire('Gus', 'GUEST')
  const { projectRoles } = desk.domain
  const [one, two] = [newGlobalId('Project'), newGlobalId('Project')]
  const before = await desk.signIn(gus)
  const given = await projectRoles.set(owner, { actorId: gus.user.id, projectId: one, role: 'MEMBER' }, {})
  expect(given).toMatchObject([{ projectId: one, role: 'MEMBER' }])
  const in1 = { workspaceId: desk.workspace.id, projectId: one }
  const now = await desk.who(before.accessToken)
  if (typeof now === 'string') throw new Error(now)
  expect([now.role, now.scopes]).toEqual(['GUEST', ['tasks:read', 'tasks:write']])
  expect([may(now, 'update', in1), may(now, 'update', { ...in1, projectId: two })]).toEqual([true, false])
  const after = await desk.signIn(gus)
  desk.disks.rbac.state = 'away'
  desk.disks.issuer.state = 'away'
  // What the old token says is less than is so, what the new one says was signed before this process was told of a change.
  expect(await desk.who(before.accessToken)).toBe('UNAVAILABLE')
  desk.disks.rbac.state = 'works'
  desk.disks.issuer.state = 'works'
  await expect.poll(() => desk.who(after.accessToken), { timeout: 10_000 }).toMatchObject({ source: 'rbac' })
  await projectRoles.set(owner, { actorId: gus.user.id, projectId: one, role: null }, {})
  desk.disks.rbac.state = 'away'
  desk.disks.issuer.state = 'away'
  expect(await desk.who(after.accessToken)).toBe('UNAVAILABLE')
})

test('an admin of a project gives roles in it, but not in others, nor OWNER; leaving ends them', async () => {
  await using desk = await openDesk()
  const owner = (await desk.signIn()).principal
  const pia = await desk.hire('Pia', 'GUEST')
  const gus = await desk.hire('Gus', 'GUEST')
  const { projectRoles, members, administration, authority } = desk.domain
  const [one, two] = [newGlobalId('Project'), newGlobalId('Project')]
  await projectRoles.set(owner, { actorId: pia.user.id, projectId: one, role: 'ADMIN' }, {})
  const lead = (await desk.signIn(pia)).principal
  const set = (projectId: string, role: Role | null, actorId = gus.user.id): Promise<unknown> =>
    projectRoles.set(lead, { actorId, projectId, role }, {}).then(list => list.length, codeOf)
  expect(await set(one, 'MEMBER')).toBe(1)
  expect(await set(two, 'MEMBER')).toBe('FORBIDDEN')
  expect(await set(one, 'OWNER')).toBe('FORBIDDEN')
  expect(await set(one, 'MEMBER', 'user_nobody')).toBe('NOT_FOUND')
  expect(await set('p1', 'MEMBER')).toBe('BAD_USER_INPUT')
  await projectRoles.set(owner, { actorId: owner.actorId, projectId: one, role: 'OWNER' }, {})
  expect(await set(one, null, owner.actorId)).toBe('FORBIDDEN')
  const account = await desk.domain.serviceAccounts.create(owner, { name: 'Robot', role: 'GUEST' }, {})
  expect(await set(one, 'MEMBER', account.id)).toBe(1)
  await members.remove(owner, gus.user.id, {})
  await administration.addMember(desk.workspace.id, gus.user.id, 'GUEST')
  const question = { workspaceId: desk.workspace.id, actorId: gus.user.id }
  expect(await authority.call('projectRoles', question)).toEqual([])
  const many = Array.from({ length: 30 }, () => newGlobalId('Project'))
  for (const [index, projectId] of many.entries()) {
    const role = index % 2 === 0 ? 'MEMBER' : 'ADMIN'
    await projectRoles.set(owner, { actorId: gus.user.id, projectId, role }, {})
  }
  const more = { actorId: gus.user.id, projectId: one, role: 'MEMBER' } as const
  expect(await projectRoles.set(owner, more, {}).catch(codeOf)).toBe('BAD_USER_INPUT')
  // As many roles as there can be fit into a token.
  const token = (await desk.signIn(gus)).accessToken
  expect(token.length).toBeLessThan(8_192)
  expect(await desk.who(token)).toMatchObject({ actorId: gus.user.id })
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Role } from '../../kernel/principal.ts'
import { openCounter } from './auth-counter.ts'
import { codeOf, openDesk, tryToSignIn } from './auth-desk.ts'

const dayMs = 86_400_000
const profile = { displayName: 'Alan', password: 'enigma machine' }
const given = { email: 'Alan@Navy.example', role: 'MEMBER', expiresInDays: 7 } as const

test('who is invited becomes a member with an account of their own, once', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const { principal } = await desk.signIn()
  const create = `mutation { createInvitation(input: { email: " Alan@Navy.example" }) {
    token invitation { id email role invitedBy { displayName } createdAt expiresAt } errors { code message } } }`
  const { data } = (await counter.ask(principal, create)) as {
    data: { createInvitation: { token: string; invitation: { id: string } } }
  }
  expect(data.createInvitation).toMatchObject({
    token: expect.stringMatching(/^ennead_invite_[0-9a-z]{26}_[\w-]{43}$/),
    invitation: { email: 'alan@navy.example', role: 'MEMBER', invitedBy: { displayName: 'Grace' } },
  })
  const { token, invitation } = data.createInvitation
  const list = '{ viewer { workspace { invitations { id email } } } }'
  expect(await counter.ask(principal, list)).toMatchObject({
    data: { viewer: { workspace: { invitations: [{ id: invitation.id }] } } },
  })
  const accept = `mutation ($token: String!, $name: String, $password: String) {
    acceptInvitation(input: { token: $token, displayName: $name, password: $password }) {
      accessToken refreshToken viewer { role actor { displayName } workspace { slug } sessions { current } } errors { code message } } }`
  const incomplete = await counter.ask(undefined, accept, { token })
  expect(incomplete.data).toMatchObject({ acceptInvitation: { errors: [{ code: 'VALIDATION' }] } })
  const variables = { token, name: profile.displayName, password: profile.password }
  const accepted = await counter.ask(undefined, accept, variables)
  expect(accepted.data).toMatchObject({
    acceptInvitation: {
      viewer: {
        role: 'MEMBER',
        actor: { displayName: 'Alan' },
        workspace: { slug: 'navy' },
        sessions: [{ current: true }],
      },
      errors: [],
    },
  })
  const again = await counter.ask(undefined, accept, variables)
  expect(again.data).toMatchObject({
    acceptInvitation: { accessToken: null, errors: [{ code: 'FORBIDDEN' }] },
  })
  expect(await counter.ask(principal, list)).toMatchObject({
    data: { viewer: { workspace: { invitations: [] } } },
  })
  expect((await tryToSignIn(desk.domain, 'alan@navy.example', profile.password)).is).toBe('signedIn')
  const audit = await readFile(join(desk.path, 'auth', 'audit.ndjson'), 'utf8')
  for (const kind of ['INVITATION_CREATED', 'INVITATION_ACCEPTED', 'USER_CREATED', 'MEMBER_CHANGED'])
    expect(audit).toContain(kind)
  const stored = await readFile(join(desk.path, 'auth', 'rbac', 'data.mdb'))
  for (const place of [audit, desk.lines.join('\n'), stored.toString('latin1')])
    expect(place).not.toContain(token.slice(-43))
})

test('a token alone does not get into an account: its owner signs in and accepts', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const { domain } = desk
  const { principal: by } = await desk.signIn()
  const army = await domain.administration.createWorkspace({ slug: 'army', name: 'Army' })
  const alan = await domain.administration.createUser({ email: given.email, displayName: 'Alan' })
  const inArmy = await domain.administration.addMember(army.id, alan.user.id, 'OWNER')
  const { token } = await domain.invitations.create(by, given, {})
  expect(await domain.acceptInvitation(token, undefined, profile, {}).catch(codeOf)).toBe('FORBIDDEN')
  // The one who invites has the token as well.
  expect(await domain.acceptInvitation(token, by, profile, {}).catch(codeOf)).toBe('FORBIDDEN')
  const session = await desk.signIn({ user: alan.user, member: inArmy, password: alan.password ?? '' })
  const key = await domain.apiKeys.create(
    session.principal,
    { name: 'k', scopes: undefined, expiresInDays: 1 },
    {},
  )
  const byKey = await domain.identify({ kind: 'bearer', token: key.key })
  const accept = `mutation { acceptInvitation(input: { token: "${token}" }) { viewer { role workspace { slug } } errors { code } } }`
  expect((await counter.ask(byKey, accept)).data).toMatchObject({
    acceptInvitation: { errors: [{ code: 'FORBIDDEN' }] },
  })
  expect((await counter.ask(session.principal, accept)).data).toEqual({
    acceptInvitation: { viewer: { role: 'MEMBER', workspace: { slug: 'navy' } }, errors: [] },
  })
  // The password of the account is still the one it had.
  expect((await tryToSignIn(domain, given.email, profile.password)).is).toBe('refused')
})

test('revoked, expired, forged and outlived invitations are refused alike', async () => {
  await using desk = await openDesk()
  const { domain } = desk
  const owner = (await desk.signIn()).principal
  const ada = await desk.hire('Ada', 'ADMIN')
  const admin = (await desk.signIn(ada)).principal
  const make = async (by: typeof owner, role: Role = 'MEMBER'): Promise<{ token: string; id: string }> => {
    const { token, record } = await domain.invitations.create(by, { ...given, role }, {})
    return { token, id: record.id }
  }
  const accept = (token: string): Promise<string> =>
    domain.acceptInvitation(token, undefined, profile, {}).then(({ is }) => is, codeOf)
  const [revoked, byAdmin, late, good] = [
    await make(owner),
    await make(admin),
    await make(owner),
    await make(owner),
  ]
  await domain.invitations.revoke(owner, revoked.id, {})
  await domain.administration.addMember(desk.workspace.id, ada.user.id, 'MEMBER')
  const forged = `${good.token.slice(0, -1)}${good.token.endsWith('A') ? 'B' : 'A'}`
  const crossed = `${good.token.slice(0, 40)}${late.token.slice(40)}`
  for (const token of [revoked.token, byAdmin.token, forged, crossed, 'ennead_invite_', `${good.token}x`])
    expect([token, await accept(token)]).toEqual([token, 'FORBIDDEN'])
  desk.clock.forward(7 * dayMs + 1)
  expect(await accept(late.token)).toBe('FORBIDDEN')
  const { principal } = await desk.signIn()
  const fresh = await make(principal)
  // Two at once: one becomes a member.
  expect((await Promise.all([accept(fresh.token), accept(fresh.token)])).sort()).toEqual([
    'FORBIDDEN',
    'signedIn',
  ])
})

test('nobody invites above their own role, elsewhere, or whom the workspace has; other roles see no addresses', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const { invitations, administration } = desk.domain
  const owner = (await desk.signIn()).principal
  const admin = (await desk.signIn(await desk.hire('Ada', 'ADMIN'))).principal
  const member = (await desk.signIn(await desk.hire('Mel', 'MEMBER'))).principal
  const create = (by: typeof owner, more: object = {}): Promise<string> =>
    invitations.create(by, { ...given, ...more }, {}).then(({ record }) => record.id, codeOf)
  expect(await create(admin, { role: 'OWNER' })).toBe('FORBIDDEN')
  expect(await create(member, { role: 'GUEST' })).toBe('FORBIDDEN')
  for (const wrong of [
    { email: 'nobody' },
    { email: 'mel@navy.example' },
    { expiresInDays: 0 },
    { expiresInDays: 31 },
  ])
    expect([wrong, await create(owner, wrong)]).toEqual([wrong, 'BAD_USER_INPUT'])
  const id = await create(owner, { role: 'OWNER' })
  expect(await invitations.revoke(admin, id, {}).catch(codeOf)).toBe('FORBIDDEN')
  const army = await administration.createWorkspace({ slug: 'army', name: 'Army' })
  const { user, password = '' } = await administration.createUser({
    email: 'eve@army.example',
    displayName: 'Eve',
  })
  const joined = await administration.addMember(army.id, user.id, 'OWNER')
  const eve = (await desk.signIn({ user, member: joined, password })).principal
  expect(await invitations.revoke(eve, id, {}).catch(codeOf)).toBe('NOT_FOUND')
  const seen = await counter.ask(member, '{ viewer { role workspace { slug invitations { email } } } }')
  expect(seen.data).toMatchObject({
    viewer: { role: 'MEMBER', workspace: { slug: 'navy', invitations: null } },
  })
  expect(seen.errors?.map(error => error.extensions?.['code'])).toEqual(['FORBIDDEN'])
  for (let more = 1; more < 100; more++) await create(owner, { email: `user${more}@navy.example` })
  expect(await create(owner, { email: 'more@navy.example' })).toBe('BAD_USER_INPUT')
})

test('while one directory is away an invitation works, and works once when it is back', async () => {
  await using desk = await openDesk()
  const { domain } = desk
  const { principal } = await desk.signIn()
  const { token } = await domain.invitations.create(principal, given, {})
  desk.disks.rbac.state = 'away'
  expect(await domain.acceptInvitation(token, undefined, profile, {})).toMatchObject({ is: 'signedIn' })
  desk.disks.rbac.state = 'works'
  desk.disks.issuer.state = 'away'
  // The copy that is back does not know of it, and is not read before it does.
  expect(await domain.acceptInvitation(token, undefined, profile, {}).catch(codeOf)).not.toBe('signedIn')
  desk.disks.issuer.state = 'works'
  await expect
    .poll(() => domain.acceptInvitation(token, undefined, profile, {}).catch(codeOf), { timeout: 10_000 })
    .toBe('FORBIDDEN')
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ActorPrincipal, Role } from '../../kernel/principal.ts'
import type { Desk, Person } from './auth-desk.ts'
import { codeOf, openDesk } from './auth-desk.ts'
import { openCounter } from './auth-counter.ts'
import type { SessionRecord } from '../../subgraphs/auth/authority.ts'
import { RecentEndings } from '../../subgraphs/auth/tokens/recent-endings.ts'
import { manualClock } from '../support/manual-clock.ts'

const asked = (person: Person, desk: Desk): Promise<ActorPrincipal> =>
  desk.signIn(person).then(({ principal }) => principal)

test('a role is changed by whoever may, from the next request on, and the audit log says by whom', async () => {
  await using desk = await openDesk()
  const [admin, member] = [await desk.hire('Ada', 'ADMIN'), await desk.hire('Mel', 'MEMBER')]
  const theirs = await desk.signIn(member)
  const changed = await desk.domain.members.changeRole(await asked(admin, desk), member.user.id, 'ADMIN', {})
  expect(changed).toMatchObject({ userId: member.user.id, role: 'ADMIN', version: 2 })
  expect(await desk.who(theirs.accessToken)).toMatchObject({ role: 'ADMIN' })
})

test('members and guests change nobody, and admins neither make nor unmake owners', async () => {
  await using desk = await openDesk()
  const [admin, member, guest] = [
    await desk.hire('Ada', 'ADMIN'),
    await desk.hire('Mel', 'MEMBER'),
    await desk.hire('Gus', 'GUEST'),
  ]
  const { members } = desk.domain
  const refused = async (by: Person, of: Person, role: Role): Promise<void> => {
    expect(await members.changeRole(await asked(by, desk), of.user.id, role, {}).catch(codeOf)).toBe(
      'FORBIDDEN',
    )
  }
  for (const by of [member, guest]) {
    await refused(by, by, 'OWNER')
    await refused(by, admin, 'GUEST')
    expect(await members.remove(await asked(by, desk), admin.user.id, {}).catch(codeOf)).toBe('FORBIDDEN')
  }
  await refused(admin, admin, 'OWNER')
  await refused(admin, desk.grace, 'MEMBER')
  expect(await members.remove(await asked(admin, desk), desk.grace.user.id, {}).catch(codeOf)).toBe(
    'FORBIDDEN',
  )
})

test('a token of before counts no more than the role of today', async () => {
  await using desk = await openDesk()
  const admin = await desk.hire('Ada', 'ADMIN')
  const member = await desk.hire('Mel', 'MEMBER')
  const before = await asked(admin, desk)
  await desk.domain.administration.addMember(desk.workspace.id, admin.user.id, 'MEMBER')
  const late = desk.domain.members.changeRole(before, member.user.id, 'GUEST', {})
  expect(await late.catch(codeOf)).toBe('FORBIDDEN')
})

test('everyone may leave, but a workspace keeps an owner; another workspace has no such member', async () => {
  await using desk = await openDesk()
  const { members, administration } = desk.domain
  const guest = await desk.hire('Gus', 'GUEST')
  const owner = await asked(desk.grace, desk)
  const left = await desk.signIn(guest)
  expect(await members.remove(left.principal, guest.user.id, {})).toMatchObject({
    leftAt: expect.any(String),
  })
  expect(await desk.who(left.accessToken)).toBe('UNAUTHENTICATED')
  expect(await members.remove(owner, owner.actorId, {}).catch(codeOf)).toBe('BAD_USER_INPUT')
  expect(await members.changeRole(owner, owner.actorId, 'MEMBER', {}).catch(codeOf)).toBe('BAD_USER_INPUT')
  const army = await administration.createWorkspace({ slug: 'army', name: 'Army' })
  const { user } = await administration.createUser({ email: 'a@army.example', displayName: 'A' })
  await administration.addMember(army.id, user.id, 'MEMBER')
  expect(await members.changeRole(owner, user.id, 'GUEST', {}).catch(codeOf)).toBe('NOT_FOUND')
  const heir = await desk.hire('Heir', 'OWNER')
  expect(await members.remove(owner, owner.actorId, {})).toMatchObject({ role: 'OWNER' })
  expect(await members.remove(await asked(heir, desk), heir.user.id, {}).catch(codeOf)).toBe('BAD_USER_INPUT')
})

test('no order of changes, by anybody to anybody, raises somebody above who raised them or leaves no owner', async () => {
  await using desk = await openDesk()
  const people = [
    desk.grace,
    await desk.hire('Ada', 'ADMIN'),
    await desk.hire('Mel', 'MEMBER'),
    await desk.hire('Gus', 'GUEST'),
  ]
  const principals = await Promise.all(people.map(person => asked(person, desk)))
  const rank: Record<Role, number> = { OWNER: 3, ADMIN: 2, MEMBER: 1, GUEST: 0 }
  const roles = new Map<string, Role | undefined>(people.map(({ user, member }) => [user.id, member.role]))
  const who = fc.integer({ min: 0, max: people.length - 1 })
  const role = fc.constantFrom<Role>('OWNER', 'ADMIN', 'MEMBER', 'GUEST')
  const steps = fc.array(fc.record({ by: who, of: who, role }), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(steps, async taken => {
      for (const { by, of, role: wanted } of taken) {
        const [actor, target] = [principals[by], people[of]]
        if (actor === undefined || target === undefined) continue
        const mine = roles.get(actor.actorId)
        const theirs = roles.get(target.user.id)
        const done = await desk.domain.members.changeRole(actor, target.user.id, wanted, {}).catch(codeOf)
        if (typeof done === 'string') continue
        roles.set(target.user.id, done.role)
        if (done.role === theirs) continue
        // Whoever changed something manages members, and nobody above themselves.
        expect(rank[mine ?? 'GUEST']).toBeGreaterThanOrEqual(rank.ADMIN)
        expect(rank[mine ?? 'GUEST']).toBeGreaterThanOrEqual(
          Math.max(rank[done.role], rank[theirs ?? 'GUEST']),
        )
        expect([...roles.values()]).toContain('OWNER')
      }
    }),
    { numRuns: 30 },
  )
})

test('sessions are ended one by one or all at once, on every device and in every workspace', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const { administration } = desk.domain
  const army = await administration.createWorkspace({ slug: 'army', name: 'Army' })
  await administration.addMember(army.id, desk.grace.user.id, 'MEMBER')
  const [here, phone, tablet] = [await desk.signIn(), await desk.signIn(), await desk.signIn()]
  const there = await desk.domain.issueAccessToken(desk.grace.user.email, 'army')
  const list = async (principal: ActorPrincipal, everywhere: boolean): Promise<unknown> => {
    const asked = `{ viewer { sessions(everywhere: ${everywhere}) { id workspaceSlug current } } }`
    const { data, errors } = await counter.ask(principal, asked)
    const viewer = data?.['viewer'] as { sessions: { workspaceSlug: string }[] } | null // As asked.
    return viewer?.sessions.map(session => session.workspaceSlug).sort() ?? errors?.[0]?.extensions?.['code']
  }
  expect(await list(here.principal, false)).toEqual(['navy', 'navy', 'navy'])
  expect(await list(here.principal, true)).toEqual(['army', 'navy', 'navy', 'navy'])
  const wanted = { name: 'CI', scopes: undefined, expiresInDays: 1 }
  const { key } = await desk.domain.apiKeys.create(here.principal, wanted, {})
  const byKey = await desk.domain.identify({ kind: 'bearer', token: key })
  expect(await list(byKey, false)).toHaveLength(3)
  expect(await list(byKey, true)).toBe('FORBIDDEN')
  const end = `mutation ($id: ID!) { endSession(id: $id) { endedCount errors { code } } }`
  const endOne = (id: string | undefined): Promise<unknown> => counter.ask(here.principal, end, { id })
  expect(await endOne(phone.principal.sessionId)).toEqual({
    data: { endSession: { endedCount: 1, errors: [] } },
  })
  expect(await endOne(phone.principal.sessionId)).toEqual({
    data: { endSession: { endedCount: 0, errors: [] } },
  })
  const mel = await desk.signIn(await desk.hire('Mel', 'MEMBER'))
  for (const foreign of [mel.principal.sessionId, 'session_nonsense', ''])
    expect(await endOne(foreign)).toEqual({
      data: { endSession: { endedCount: 0, errors: [{ code: 'NOT_FOUND' }] } },
    })
  expect(await desk.who(phone.accessToken)).toBe('UNAUTHENTICATED')
  expect(await desk.who(tablet.accessToken)).toMatchObject({ actorId: desk.grace.user.id })
  const all = 'mutation ($keep: Boolean!) { signOutEverywhere(keepCurrent: $keep) { endedCount } }'
  expect(await counter.ask(here.principal, all, { keep: true })).toEqual({
    data: { signOutEverywhere: { endedCount: 2 } },
  })
  for (const { accessToken, refreshToken } of [tablet, there]) {
    expect(await desk.who(accessToken)).toBe('UNAUTHENTICATED')
    expect(await desk.domain.refresh(refreshToken, {})).toMatchObject({ is: 'refused' })
  }
  expect(await desk.who(here.accessToken)).toMatchObject({ actorId: desk.grace.user.id })
  expect(await counter.ask(here.principal, all, { keep: false })).toEqual({
    data: { signOutEverywhere: { endedCount: 1 } },
  })
  expect([await desk.who(here.accessToken), await desk.who(mel.accessToken)]).toEqual([
    'UNAUTHENTICATED',
    expect.objectContaining({ actorId: mel.principal.actorId }),
  ])
})

test('more sessions than one reading brings are all ended', async () => {
  await using desk = await openDesk()
  const { administration } = desk.domain
  const tokens: string[] = []
  for (const slug of ['navy', 'army']) {
    if (slug === 'army') {
      const army = await administration.createWorkspace({ slug, name: slug })
      await administration.addMember(army.id, desk.grace.user.id, 'MEMBER')
    }
    for (let session = 0; session < 70; session++)
      tokens.push((await desk.domain.issueAccessToken(desk.grace.user.email, slug)).accessToken)
  }
  const { principal } = await desk.signIn()
  expect(await desk.domain.sessions.endAll(principal, false, {})).toBe(141)
  const who = await Promise.all(tokens.map(token => desk.who(token)))
  expect(new Set(who)).toEqual(new Set(['UNAUTHENTICATED']))
})

test('what a token cannot know is known from memory: sessions that ended and roles that changed', async () => {
  await using desk = await openDesk()
  const [mel, gus] = [await desk.hire('Mel', 'MEMBER'), await desk.hire('Gus', 'GUEST')]
  const owner = await desk.signIn()
  const [ended, demoted, left] = [await desk.signIn(), await desk.signIn(mel), await desk.signIn(gus)]
  await desk.domain.sessions.end(owner.principal, ended.principal.sessionId ?? '', {})
  await desk.domain.members.changeRole(owner.principal, mel.user.id, 'GUEST', {})
  await desk.domain.members.remove(owner.principal, gus.user.id, {})
  desk.disks.rbac.state = 'away'
  desk.disks.issuer.state = 'away'
  expect(await desk.who(owner.accessToken)).toMatchObject({ source: 'jwt', role: 'OWNER' })
  expect(await desk.who(ended.accessToken)).toBe('UNAUTHENTICATED')
  expect(await desk.who(left.accessToken)).toBe('UNAUTHENTICATED')
  expect(await desk.who(demoted.accessToken)).toBe('UNAVAILABLE')
})

test('endings are forgotten when no token can outlive them, and the oldest beyond the limit', () => {
  const clock = manualClock()
  const endings = new RecentEndings({ clock, lifeMs: 1_000, entriesMax: 2 })
  const of = (sessionId: string): unknown =>
    endings.of({ sessionId, workspaceId: 'w', userId: 'u', role: 'MEMBER', issuedAt: 0 })
  const end = (id: string): void => {
    const session = { kind: 'session', id, revokedAt: '2026-01-01T00:00:00.000Z' } as SessionRecord
    endings.stored([session])
  }
  for (const id of ['a', 'b', 'c']) end(id)
  expect(['a', 'b', 'c'].map(of)).toEqual([undefined, 'sessionEnded', 'sessionEnded'])
  clock.advance(1_001)
  end('d')
  expect(['b', 'c', 'd'].map(of)).toEqual([undefined, undefined, 'sessionEnded'])
})

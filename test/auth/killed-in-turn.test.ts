import { expect, test } from 'vitest'
import { newGlobalId } from '../../kernel/global-id.ts'
import { seededRandom } from '../support/seeded-random.ts'
import type { Disk } from './auth-desk.ts'
import { openDesk } from './auth-desk.ts'

/** At once; fewer than an authority takes, so that none is passed over for being busy. */
const clients = 20
const invitation = { email: 'new@navy.example', role: 'MEMBER', expiresInDays: 1 } as const
const profile = { displayName: 'New', password: 'a new password' }
/** In each state of the authorities. */
const checksEach = 400

test(
  'each authority is killed in turn under load: what should pass passes, what should not never does',
  { timeout: 120_000 },
  async () => {
    await using desk = await openDesk()
    const mel = await desk.hire('Mel', 'MEMBER')
    const { apiKeys, sessions, members } = desk.domain
    const wanted = { name: 'CI', scopes: undefined, expiresInDays: 1 }
    const owner = await desk.signIn()
    const { serviceAccounts, projectRoles, invitations } = desk.domain
    const change = { name: undefined, role: undefined, disabled: undefined }
    const robot = await serviceAccounts.create(owner.principal, { name: 'Robot', role: 'GUEST' }, {})
    const projectId = newGlobalId('Project')
    await projectRoles.set(owner.principal, { actorId: robot.id, projectId, role: 'MEMBER' }, {})
    const robotKey = await apiKeys.create(owner.principal, { ...wanted, serviceAccountId: robot.id }, {})
    const invited = await invitations.create(owner.principal, invitation, {})
    const newcomer = await desk.domain.acceptInvitation(invited.token, undefined, profile, {})
    const off = await serviceAccounts.create(owner.principal, { name: 'Off', role: 'ADMIN' }, {})
    const offKey = await apiKeys.create(owner.principal, { ...wanted, serviceAccountId: off.id }, {})
    await serviceAccounts.update(owner.principal, { ...change, id: off.id, disabled: true }, {})
    const good = [
      owner.accessToken,
      (await desk.signIn(mel)).accessToken,
      (await apiKeys.create(owner.principal, wanted, {})).key,
      robotKey.key,
      newcomer.accessToken,
    ]
    const ended = await desk.signIn()
    await sessions.end(owner.principal, ended.principal.sessionId ?? '', {})
    const revoked = await apiKeys.create(owner.principal, wanted, {})
    await apiKeys.revoke(owner.principal, revoked.record.id, {})
    const gone = await desk.hire('Gus', 'ADMIN')
    const left = await desk.signIn(gone)
    const keyOfGone = await apiKeys.create(left.principal, wanted, {})
    await members.remove(owner.principal, gone.user.id, {})
    const [header, payload] = owner.accessToken.split('.')
    const bad = [
      ended.accessToken,
      revoked.key,
      left.accessToken,
      keyOfGone.key,
      offKey.key,
      invited.token,
      `${header}.${payload}.${'A'.repeat(86)}`,
      `${good[2]?.slice(0, -1)}!`,
    ]
    const random = seededRandom(1)
    const wrong: string[] = []
    let checked = 0
    const load = async (state: string): Promise<void> => {
      let todo = checksEach
      const client = async (): Promise<void> => {
        while (todo-- > 0) {
          const list = random() < 0.5 ? good : bad
          const index = Math.floor(random() * list.length)
          const who = await desk.who(list[index] ?? '')
          const passed = typeof who === 'object'
          // Never more than today's role and roles in projects give.
          if (passed && who.actorId === robot.id && (who.role !== 'GUEST' || who.scopes.length !== 2))
            wrong.push(`${state}: the robot is ${JSON.stringify(who)}`)
          if (passed !== (list === good))
            wrong.push(`${state}: ${list === good ? 'good' : 'bad'} ${index} is ${JSON.stringify(who)}`)
          checked++
        }
      }
      await Promise.all(Array.from({ length: clients }, client))
    }
    await load('all work')
    for (const [name, disk] of Object.entries<Disk>({ ...desk.disks })) {
      for (const state of ['away', 'full'] as const) {
        disk.state = state
        await load(`${name} is ${state}`)
        disk.state = 'works'
        await load(`${name} is back`)
        await expect
          .poll(() => desk.who(owner.accessToken), { timeout: 20_000 })
          .toMatchObject({ source: 'rbac' })
        await load(`${name} works`)
      }
    }
    expect(wrong).toEqual([])
    expect(checked).toBe(checksEach * 13)
  },
)

import { expect, test } from 'vitest'
import { seededRandom } from '../support/seeded-random.ts'
import { openDesk } from './auth-desk.ts'
import type { Desk } from './auth-desk.ts'
import { startOidcProvider } from './oidc-provider.ts'
import { clientSecret, introspecting, startRealProvider } from './real-provider.ts'

/** At once, and in each state of the authorities. */
const clients = 20
const checksEach = 200

/** That nothing can be said of a token now, not that it is bad. */
const tryAgain = new Map(['UNAVAILABLE', 'OVERLOADED'].map(code => [code, 'is asked to try again']))

interface Credentials {
  readonly good: readonly string[]
  readonly bad: readonly string[]
  /** Takes the provider away, or gives it back. */
  readonly away: (away: boolean) => void
}

/** A member whom the provider knows by this subject. */
async function linked(desk: Desk, name: string): Promise<{ readonly id: string; readonly subject: string }> {
  const subject = `idp|${name}`
  const { administration } = desk.domain
  const person = { email: `${name}@navy.example`, displayName: name, subject, password: null }
  const { user } = await administration.createUser(person)
  await administration.addMember(desk.workspace.id, user.id, 'MEMBER')
  return { id: user.id, subject }
}

async function killedInTurn(desk: Desk, { good, bad, away }: Credentials): Promise<void> {
  const own = (await desk.signIn()).accessToken
  const random = seededRandom(1)
  const wrong: string[] = []
  let checked = 0
  const load = async (state: string, expected: 'passes' | 'is asked to try again'): Promise<void> => {
    let todo = checksEach
    const client = async (): Promise<void> => {
      while (todo-- > 0) {
        const list = random() < 0.5 ? good : bad
        const index = Math.floor(random() * list.length)
        const who = await desk.who(list[index] ?? '')
        const found = typeof who === 'object' ? 'passes' : (tryAgain.get(who) ?? who)
        const right = list === good ? found === expected : found !== 'passes'
        if (!right) wrong.push(`${state}: ${list === good ? 'good' : 'bad'} ${index} is ${found}`)
        const ours = await desk.who(own)
        if (typeof ours !== 'object') wrong.push(`${state}: our own token is ${ours}`)
        checked++
      }
    }
    await Promise.all(Array.from({ length: clients }, client))
  }
  await load('all work', 'passes')
  away(true)
  await load('the provider is away', 'passes')
  away(false)
  await load('the provider is back', 'passes')
  desk.disks.rbac.state = 'full'
  await load('rbac is full', 'passes')
  // What somebody may do is only there: who cannot be looked up is let in by nobody, and not told to sign in again.
  desk.disks.rbac.state = 'away'
  await load('rbac is away', 'is asked to try again')
  desk.disks.rbac.state = 'works'
  await expect.poll(() => desk.who(good[0] ?? ''), { timeout: 20_000 }).toMatchObject({ source: 'oauth' })
  await load('rbac works', 'passes')
  expect(wrong).toEqual([])
  expect(checked).toBe(checksEach * 6)
}

test('signed tokens of a provider: each authority is killed in turn, and only what should pass does', async () => {
  await using provider = await startOidcProvider()
  await using desk = await openDesk({ oidc: { issuer: provider.issuer, audience: 'ennead' } })
  const [alan, gone] = [await linked(desk, 'alan'), await linked(desk, 'gus')]
  const exp = Math.floor(desk.clock.wall() / 1_000) + 3_600
  const of = ({ subject }: typeof alan, more: object = {}): Promise<string> =>
    provider.token({ sub: subject, exp, ...more })
  const owner = await desk.signIn()
  const left = await of(gone)
  expect(await desk.who(left)).toMatchObject({ actorId: gone.id })
  await desk.domain.members.remove(owner.principal, gone.id, {})
  const good = [await of(alan), await of(alan, { scope: 'tasks:read' })]
  const [header, payload] = good[0]?.split('.') ?? []
  const bad = [
    left,
    await of(alan, { exp: exp - 7_200 }),
    await of(alan, { aud: 'other' }),
    await of({ id: '', subject: 'idp|eve' }),
    `${header}.${payload}.${'A'.repeat(86)}`,
  ]
  await killedInTurn(desk, { good, bad, away: is => void (provider.mood = is ? 'down' : 'well') })
})

test('introspected tokens of a provider: each authority is killed in turn, and only what should pass does', async () => {
  await using provider = await startRealProvider()
  const introspection = { clientId: introspecting, clientSecret }
  await using desk = await openDesk({ oidc: { issuer: provider.issuer, audience: 'ennead', introspection } })
  const [alan, gone] = [await linked(desk, 'alan'), await linked(desk, 'gus')]
  for (const { subject } of [alan, gone])
    provider.accounts.set(subject, { email: `${subject}@idp.example`, email_verified: true })
  const owner = await desk.signIn()
  const [left, revoked] = [await provider.token(gone.subject), await provider.token(alan.subject)]
  expect(await desk.who(left)).toMatchObject({ actorId: gone.id })
  await desk.domain.members.remove(owner.principal, gone.id, {})
  await provider.revoke(revoked)
  const good = [
    await provider.token(alan.subject),
    await provider.token(alan.subject, { scope: 'tasks:read' }),
  ]
  const bad = [
    left,
    revoked,
    await provider.token(alan.subject, { audience: 'other' }),
    await provider.token(alan.subject, { refresh: true }),
    'A'.repeat(43),
  ]
  // Each was asked about before the provider goes: of a token that was never seen nothing is known then.
  for (const token of [...good, ...bad]) await desk.who(token)
  await killedInTurn(desk, { good, bad, away: is => void (provider.down = is) })
})

import { expect, test } from 'vitest'
import { PasswordHasher } from '../../subgraphs/auth/sign-in/password.ts'
import { SignInThrottle } from '../../subgraphs/auth/sign-in/throttle.ts'
import { manualClock } from '../support/manual-clock.ts'
import { openDesk, tryToSignIn } from './auth-desk.ts'

test('the right password signs in, in any case of the address', async () => {
  await using desk = await openDesk()
  const outcome = await tryToSignIn(desk.domain, ' GRACE@Navy.Example ', desk.grace.password)
  expect(outcome).toMatchObject({ is: 'signedIn', principal: { actorId: desk.grace.user.id, role: 'OWNER' } })
})

test('a wrong password, an unknown address, a foreign workspace and no password at all are refused alike', async () => {
  await using desk = await openDesk()
  const { administration } = desk.domain
  const other = await administration.createWorkspace({ slug: 'army', name: 'Army' })
  await administration.createUser({ email: 'keyless@navy.example', displayName: 'K', password: null })
  await administration.createUser({ email: 'lonely@navy.example', displayName: 'L', password: 'right horse' })
  const { email } = desk.grace.user
  const { password } = desk.grace
  const attempts = [
    { email, password: 'wrong', workspace: undefined },
    { email: 'nobody@navy.example', password, workspace: undefined },
    { email, password, workspace: other.slug },
    { email, password, workspace: 'nowhere' },
    { email: 'keyless@navy.example', password: '', workspace: undefined },
    { email: 'lonely@navy.example', password: 'right horse', workspace: undefined },
    { email: 'x'.repeat(300), password, workspace: undefined },
  ]
  const outcomes = await Promise.all(attempts.map(attempt => desk.domain.signIn(attempt, {})))
  for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0])
  expect(outcomes[0]).toMatchObject({ is: 'refused', code: 'FORBIDDEN' })
})

test('an unknown address takes as much work as a known one', async () => {
  const passwords = new PasswordHasher()
  const hash = await passwords.hash('right horse')
  const time = async (stored: string | undefined): Promise<number> => {
    const times: number[] = []
    for (let round = 0; round < 9; round++) {
      const from = process.cpuUsage()
      expect(await passwords.verify('wrong horse', stored)).toBe(false)
      const { user, system } = process.cpuUsage(from)
      times.push(user + system)
    }
    return times.sort((a, b) => a - b)[4] ?? 0
  }
  const [known, unknown] = [await time(hash), await time(undefined)]
  expect(unknown / known).toBeGreaterThan(0.5)
  expect(unknown / known).toBeLessThan(2)
})

test('a password is stored as argon2id with a salt of its own, and equal texts in two notations are one', async () => {
  const passwords = new PasswordHasher()
  const [one, two] = [await passwords.hash('caf\u00e9 horse'), await passwords.hash('caf\u00e9 horse')]
  expect(one).toMatch(/^argon2id\$m=19456,t=2,p=1\$/)
  expect(one).not.toBe(two)
  expect(await passwords.verify('cafe\u0301 horse', one)).toBe(true)
})

test('who leaves while waiting to sign in leaves the queue at once', async () => {
  const passwords = new PasswordHasher()
  const hash = await passwords.hash('right horse')
  const leaving = new AbortController()
  const waiting = Array.from({ length: 20 }, () => passwords.verify('right horse', hash, leaving.signal))
  const left = Promise.allSettled(waiting)
  leaving.abort(new Error('left'))
  const outcomes = await left
  // At most two had begun and are let go on; the others have done no work.
  expect(outcomes.filter(outcome => outcome.status === 'rejected').length).toBeGreaterThanOrEqual(18)
  expect(await passwords.verify('right horse', hash)).toBe(true)
})

test('too many sign-ins at once are refused as overload, not made to wait without end', async () => {
  const passwords = new PasswordHasher()
  const hash = await passwords.hash('right horse')
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, () => passwords.verify('right horse', hash)),
  )
  const refused = outcomes.filter(outcome => outcome.status === 'rejected')
  expect(refused.length).toBeGreaterThan(0)
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'OVERLOADED', kind: 'overload' })
  expect(await passwords.verify('right horse', hash)).toBe(true)
})

test('the sixth guess in a minute is refused for a known and an unknown account alike, even the right one', async () => {
  await using desk = await openDesk()
  for (const email of [desk.grace.user.email, 'nobody@navy.example']) {
    for (let guess = 0; guess < 5; guess++) {
      expect(await tryToSignIn(desk.domain, email, `guess ${guess}`)).toMatchObject({ code: 'FORBIDDEN' })
    }
    const outcome = await tryToSignIn(desk.domain, email.toUpperCase(), desk.grace.password)
    expect(outcome).toEqual({
      is: 'refused',
      code: 'RATE_LIMITED',
      message: 'too many sign-ins have failed; wait and try again',
    })
  }
  desk.clock.forward(60_001)
  expect(await tryToSignIn(desk.domain, desk.grace.user.email, desk.grace.password)).toMatchObject({
    is: 'signedIn',
  })
})

test('guesses made all at once are counted like guesses made one after the other', async () => {
  await using desk = await openDesk()
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => tryToSignIn(desk.domain, desk.grace.user.email, 'wrong')),
  )
  const codes = outcomes.map(outcome => (outcome.is === 'refused' ? outcome.code : outcome.is))
  expect(codes.filter(code => code === 'FORBIDDEN')).toHaveLength(5)
  expect(codes.filter(code => code === 'RATE_LIMITED')).toHaveLength(15)
})

test('one address cannot try many accounts, and others are not harmed by it', async () => {
  await using desk = await openDesk({ throttle: { addressMax: 3 } })
  for (let guess = 0; guess < 3; guess++) {
    await tryToSignIn(desk.domain, `user${guess}@navy.example`, 'wrong', '192.0.2.1')
  }
  const { email } = desk.grace.user
  const { password } = desk.grace
  expect(await tryToSignIn(desk.domain, email, password, '192.0.2.1')).toMatchObject({ code: 'RATE_LIMITED' })
  expect(await tryToSignIn(desk.domain, email, password, '192.0.2.2')).toMatchObject({ is: 'signedIn' })
})

test('signing in often with the right password is not a guess', async () => {
  const throttle = new SignInThrottle(manualClock(), { accountMax: 2, addressMax: 2 })
  for (let round = 0; round < 10; round++) throttle.admit('grace', '192.0.2.1')?.takeBack()
  expect(throttle.admit('grace', '192.0.2.1')).toBeDefined()
})

test('whoever goes on guessing waits twice as long each time, up to a bound, and is forgiven after an hour', () => {
  const clock = manualClock()
  const throttle = new SignInThrottle(clock, { accountMax: 2, windowMs: 60_000, restMsMax: 200_000 })
  /** How long the account has to wait after two guesses. */
  const waitMs = (): number => {
    for (let guess = 0; guess < 2; guess++) throttle.admit('grace', undefined)
    for (let waited = 0; ; waited += 10_000, clock.advance(10_000)) {
      const admission = throttle.admit('grace', undefined)
      if (admission === undefined) continue
      admission.takeBack()
      return waited
    }
  }
  expect([waitMs(), waitMs(), waitMs(), waitMs()]).toEqual([60_000, 120_000, 200_000, 200_000])
  clock.advance(3_600_001)
  expect(waitMs()).toBe(60_000)
})

test('a wait that began with an attempt that then succeeds is taken back with it', () => {
  const throttle = new SignInThrottle(manualClock(), { accountMax: 2 })
  throttle.admit('grace', undefined)
  const right = throttle.admit('grace', undefined)
  expect(throttle.admit('grace', undefined)).toBeUndefined()
  right?.takeBack()
  expect(throttle.admit('grace', undefined)).toBeDefined()
})

test('addresses of one IPv6 network are one, however they are written', () => {
  const throttle = new SignInThrottle(manualClock(), { addressMax: 2 })
  throttle.admit('a', '2001:db8::1')
  throttle.admit('b', '2001:0db8:0:0:ffff::2')
  expect(throttle.admit('c', '2001:db8:0:0:1234:5678:9abc:def0')).toBeUndefined()
  expect(throttle.admit('c', '2001:db8:0:1::1')).toBeDefined()
})

test('the throttle remembers a bounded number of accounts', () => {
  const throttle = new SignInThrottle(manualClock(), { accountMax: 1, entriesMax: 10 })
  for (let account = 0; account < 11; account++) throttle.admit(`account ${account}`, undefined)
  expect(throttle.admit('account 10', undefined)).toBeUndefined()
  expect(throttle.admit('account 0', undefined)).toBeDefined()
})

test('a user without a password given gets one of 20 characters, and names are unique', async () => {
  await using desk = await openDesk()
  const { administration } = desk.domain
  expect(desk.grace.password).toMatch(/^[A-Za-z2-9]{20}$/)
  await expect(
    administration.createUser({ email: 'GRACE@navy.example', displayName: 'Other' }),
  ).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  await expect(administration.createWorkspace({ slug: 'navy', name: 'Other' })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
  })
  const both = await Promise.allSettled([
    administration.createWorkspace({ slug: 'air', name: 'Air' }),
    administration.createWorkspace({ slug: 'air', name: 'Air' }),
  ])
  expect(both.map(outcome => outcome.status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('what does not fit is refused by name', async () => {
  await using desk = await openDesk()
  const { administration } = desk.domain
  const refusals = [
    administration.createWorkspace({ slug: 'No Slug', name: 'x' }),
    administration.createWorkspace({ slug: 'x', name: ' ' }),
    administration.createUser({ email: 'no address', displayName: 'x' }),
    administration.createUser({ email: 'a@b', displayName: '' }),
    administration.createUser({ email: 'a@b', displayName: 'x', password: 'short' }),
    administration.createUser({ email: 'a@b', displayName: 'x', timezone: 'Mars/Olympus' }),
  ]
  for (const refusal of refusals) await expect(refusal).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  await expect(administration.addMember('workspace_x', desk.grace.user.id, 'GUEST')).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
  await expect(desk.domain.issueAccessToken('nobody@navy.example')).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
})

test('the 101st session of a user ends the first', async () => {
  await using desk = await openDesk()
  const { email } = desk.grace.user
  const first = await desk.domain.issueAccessToken(email)
  for (let count = 1; count < 100; count++) await desk.domain.issueAccessToken(email)
  expect(await desk.who(first.accessToken)).toMatchObject({ source: 'rbac' })
  desk.clock.forward(1)
  const last = await desk.domain.issueAccessToken(email)
  expect(await desk.who(first.accessToken)).toBe('UNAUTHENTICATED')
  expect(await desk.who(last.accessToken)).toMatchObject({ source: 'rbac' })
})

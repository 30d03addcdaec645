import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { codeOf, openDesk } from './auth-desk.ts'

test('who somebody is says how old it may be while no directory can be read, and not otherwise', async () => {
  await using desk = await openDesk()
  const { accessToken } = await desk.signIn()
  expect(await desk.who(accessToken)).not.toHaveProperty('asOf')
  const signedInAt = Math.floor(desk.clock.wall() / 1000)
  desk.disks.rbac.state = 'away'
  desk.disks.issuer.state = 'away'
  desk.clock.forward(60_000)
  const believed = await desk.who(accessToken)
  expect(believed).toMatchObject({ source: 'jwt', role: 'OWNER' })
  if (typeof believed === 'string') throw new Error(believed)
  // Never younger than the sign-in at which role and session were looked up.
  expect(believed.asOf).toBeLessThanOrEqual(signedInAt)
  expect(believed.asOf).toBeGreaterThan(signedInAt - 20)
})

test('a directory that lacks a write is not read, not even when the one that has it is away', async () => {
  await using desk = await openDesk()
  const { workspace } = desk
  const read = (id: string): Promise<unknown> =>
    desk.domain.authority.call('users', { workspaceId: workspace.id, ids: [id] }).then(
      ([user]) => user?.displayName,
      (failure: unknown) => codeOf(failure),
    )
  desk.disks.issuer.state = 'full'
  const alan = await desk.hire('Alan', 'MEMBER')
  expect(await read(alan.user.id)).toBe('Alan')
  desk.disks.rbac.state = 'away'
  desk.disks.issuer.state = 'works'
  // Looking at itself again and again does not make it whole.
  for (let round = 0; round < 5; round++) {
    expect(await read(alan.user.id)).not.toBeUndefined()
    expect(await read(alan.user.id)).not.toBe('Alan')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  desk.disks.rbac.state = 'works'
  await until('the one that knows him is back', async () => (await read(alan.user.id)) === 'Alan', 10_000)
  await until('the other one has caught up', () => {
    const { agents } = desk.domain.health()
    return agents.every(({ detail }) => detail !== 'catching up')
  })
  desk.disks.rbac.state = 'away'
  await until('the other one knows him', async () => (await read(alan.user.id)) === 'Alan')
})

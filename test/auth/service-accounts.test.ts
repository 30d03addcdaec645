import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openCounter } from './auth-counter.ts'
import { codeOf, openDesk } from './auth-desk.ts'

const wanted = { name: 'CI', scopes: undefined, expiresInDays: 30 }

test('a service account acts by its own keys with its own role, and is seen as what it is', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const { principal } = await desk.signIn()
  const create = `mutation { createServiceAccount(input: { name: " Robot ", role: MEMBER }) {
    serviceAccount { id displayName avatarUrl role disabledAt apiKeys { id } projectRoles { role } } errors { code } } }`
  const made = (await counter.ask(principal, create)) as {
    data: { createServiceAccount: { serviceAccount: { id: string } } }
  }
  expect(made).toMatchObject({
    data: { createServiceAccount: { serviceAccount: { displayName: 'Robot', role: 'MEMBER', apiKeys: [] } } },
  })
  const { id } = made.data.createServiceAccount.serviceAccount
  expect(id).toMatch(/^serviceaccount_/)
  const key = `mutation { createApiKey(input: { name: "CI", serviceAccountId: "${id}" }) { key apiKey { id scopes } errors { message } } }`
  const keyed = (await counter.ask(principal, key)) as {
    data: { createApiKey: { key: string; apiKey: { id: string }; errors: [] } }
  }
  expect(keyed.data.createApiKey).toMatchObject({
    apiKey: { scopes: ['tasks:read', 'tasks:write'] },
    errors: [],
  })
  const robot = await desk.domain.identify({ kind: 'bearer', token: keyed.data.createApiKey.key })
  expect(robot).toMatchObject({ actorId: id, role: 'MEMBER', workspaceId: desk.workspace.id })
  const seen = await counter.ask(
    robot,
    '{ viewer { actor { __typename id displayName } role workspace { slug } sessions { id } } }',
  )
  expect(seen).toEqual({
    data: {
      viewer: {
        actor: { __typename: 'ServiceAccount', id, displayName: 'Robot' },
        role: 'MEMBER',
        workspace: { slug: 'navy' },
        sessions: [],
      },
    },
  })
  const entities = `query ($of: [_Any!]!) { _entities(representations: $of) { __typename ... on Actor { displayName } } }`
  const of = ['Actor', 'ServiceAccount', 'User'].map(__typename => ({ __typename, id }))
  expect((await counter.ask(principal, entities, { of })).data?.['_entities']).toEqual([
    { __typename: 'ServiceAccount', displayName: 'Robot' },
    { __typename: 'ServiceAccount', displayName: 'Robot' },
    null,
  ])
  const list = '{ viewer { workspace { serviceAccounts { id apiKeys { id } } members { totalCount } } } }'
  expect(await counter.ask(principal, list)).toMatchObject({
    data: { viewer: { workspace: { serviceAccounts: [{ id, apiKeys: [{}] }], members: { totalCount: 1 } } } },
  })
  expect(await desk.domain.known(desk.workspace.id, [id, 'x'], new AbortController().signal)).toEqual(
    new Set([id]),
  )
  // A program decides about no accounts.
  expect(await counter.ask(robot, create)).toMatchObject({
    data: { createServiceAccount: { serviceAccount: null, errors: [{ code: 'FORBIDDEN' }] } },
  })
})

test('disabled, its keys are refused; enabled, they work again; revoked ones never', async () => {
  await using desk = await openDesk()
  const { principal: by } = await desk.signIn()
  const { serviceAccounts, apiKeys } = desk.domain
  const { id } = await serviceAccounts.create(by, { name: 'Robot', role: 'ADMIN' }, {})
  const first = await apiKeys.create(by, { ...wanted, serviceAccountId: id }, {})
  const second = await apiKeys.create(by, { ...wanted, serviceAccountId: id }, {})
  const change = { id, name: undefined, role: undefined, disabled: undefined }
  await serviceAccounts.update(by, { ...change, disabled: true }, {})
  expect(await desk.who(first.key)).toBe('UNAUTHENTICATED')
  await apiKeys.revoke(by, second.record.id, {})
  await serviceAccounts.update(by, { ...change, disabled: false, role: 'GUEST' }, {})
  expect(await desk.who(first.key)).toMatchObject({ role: 'GUEST', scopes: ['tasks:read'] })
  expect(await desk.who(second.key)).toBe('UNAUTHENTICATED')
  // While one directory is away as well, and never wider.
  desk.disks.rbac.state = 'away'
  expect(await desk.who(first.key)).toMatchObject({ role: 'GUEST', source: 'oauth' })
  const log = await readFile(join(desk.path, 'auth', 'audit.ndjson'), 'utf8')
  const roles = log.split('\n').filter(line => line.includes('SERVICE_ACCOUNT_CHANGED'))
  expect(roles.map(line => (JSON.parse(line) as { role: unknown }).role)).toEqual(['ADMIN', null, 'GUEST'])
  expect(log).toContain(`"userId":"${id}","workspaceId":"${desk.workspace.id}","by":"${by.actorId}"`)
})

test('nobody makes a service account that may do more than they do, or touches one of elsewhere', async () => {
  await using desk = await openDesk()
  const owner = (await desk.signIn()).principal
  const admin = (await desk.signIn(await desk.hire('Ada', 'ADMIN'))).principal
  const mel = await desk.hire('Mel', 'MEMBER')
  const member = (await desk.signIn(mel)).principal
  const { serviceAccounts, apiKeys, administration } = desk.domain
  const create = (by: typeof owner, role: 'OWNER' | 'ADMIN' | 'MEMBER' | 'GUEST'): Promise<unknown> =>
    serviceAccounts.create(by, { name: 'Robot', role }, {}).then(({ id }) => id, codeOf)
  expect(await create(admin, 'OWNER')).toBe('FORBIDDEN')
  expect(await create(member, 'GUEST')).toBe('FORBIDDEN')
  const id = String(await create(owner, 'OWNER'))
  const change = { id, name: undefined, role: undefined, disabled: undefined }
  expect(await serviceAccounts.update(admin, { ...change, disabled: true }, {}).catch(codeOf)).toBe(
    'FORBIDDEN',
  )
  expect(await apiKeys.create(admin, { ...wanted, serviceAccountId: id }, {}).catch(codeOf)).toBe('FORBIDDEN')
  const { record } = await apiKeys.create(owner, { ...wanted, serviceAccountId: id }, {})
  for (const by of [admin, member])
    expect(await apiKeys.revoke(by, record.id, {}).catch(codeOf)).toBe('FORBIDDEN')
  const modest = String(await create(admin, 'ADMIN'))
  const promote = { ...change, id: modest, role: 'OWNER' } as const
  expect(await serviceAccounts.update(admin, promote, {}).catch(codeOf)).toBe('FORBIDDEN')
  // The token of yesterday's admin does not help.
  await administration.addMember(desk.workspace.id, admin.actorId, 'MEMBER')
  expect(await create(admin, 'GUEST')).toBe('FORBIDDEN')
  const army = await administration.createWorkspace({ slug: 'army', name: 'Army' })
  const { user, password } = await administration.createUser({
    email: 'eve@army.example',
    displayName: 'Eve',
  })
  const joined = await administration.addMember(army.id, user.id, 'OWNER')
  const eve = (await desk.signIn({ user, member: joined, password: password ?? '' })).principal
  expect(await serviceAccounts.update(eve, { ...change, disabled: true }, {}).catch(codeOf)).toBe('NOT_FOUND')
  expect(await apiKeys.create(eve, { ...wanted, serviceAccountId: id }, {}).catch(codeOf)).toBe('NOT_FOUND')
  expect(await apiKeys.revoke(eve, record.id, {}).catch(codeOf)).toBe('NOT_FOUND')
  expect(await desk.domain.known(army.id, [id], new AbortController().signal)).toEqual(new Set())
  for (const name of ['  ', 'x'.repeat(101)])
    expect(await serviceAccounts.update(owner, { ...change, name }, {}).catch(codeOf)).toBe('BAD_USER_INPUT')
})

test('when a key was last used is known to a minute, is merged apart, and is in the audit log once an hour', async () => {
  await using desk = await openDesk()
  const { principal: by } = await desk.signIn()
  const { apiKeys, authority } = desk.domain
  const { key, record } = await apiKeys.create(by, wanted, {})
  const lastUsed = async (): Promise<string | undefined> =>
    (await authority.call('apiKey', record.id))?.lastUsedAt
  expect(await lastUsed()).toBeUndefined()
  const usedAt = (): string => new Date(desk.clock.wall()).toISOString()
  const before = usedAt()
  for (let use = 0; use < 5; use++) await desk.who(key)
  await desk.domain.writeKeyUse()
  const first = await lastUsed()
  expect(first).toSatisfy((at: string) => at >= before && at <= usedAt())
  desk.clock.forward(60_000)
  await desk.who(key)
  // A revocation that is stored meanwhile stays, and so does the use.
  await apiKeys.revoke(by, record.id, {})
  await desk.domain.writeKeyUse()
  const after = await authority.call('apiKey', record.id)
  expect(after?.revokedAt).not.toBeNull()
  expect(after?.lastUsedAt).toSatisfy((at: string) => at > String(first))
  const log = await readFile(join(desk.path, 'auth', 'audit.ndjson'), 'utf8')
  const told = log.split('\n').filter(line => line.includes('"KEY_USED"'))
  expect(told.map(line => (JSON.parse(line) as { lookups: unknown }).lookups)).toEqual([5])
})

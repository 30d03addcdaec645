import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { DirectoryStore } from '../../subgraphs/auth/directory/directory-store.ts'
import { openDirectory } from '../../subgraphs/auth/directory/lmdb-directory.ts'
import { codeOf, temporaryFolder } from './auth-desk.ts'
import { memberRecord, sessionRecord, userRecord } from './records.ts'

const now = '2026-06-01T00:00:00.000Z'

interface OpenStore extends AsyncDisposable {
  readonly store: DirectoryStore
  readonly path: string
}

async function openStore(): Promise<OpenStore> {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'directory')
  const store = await openDirectory(path)
  return {
    store,
    path,
    async [Symbol.asyncDispose]() {
      await store.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test('a user is found by id, address and subject, and no more by an address they no longer have', async () => {
  await using opened = await openStore()
  const { store } = opened
  const user = userRecord({ subject: 'idp|1', passwordHash: 'argon2id$' })
  await store.merge([user])
  expect(store.get('user', user.id)).toMatchObject(user)
  expect(store.userByEmail(user.email)?.id).toBe(user.id)
  expect(store.userBySubject('idp|1')?.id).toBe(user.id)
  await store.merge([userRecord({ version: 2, email: 'new@navy.example' })])
  expect(store.userByEmail(user.email)).toBeUndefined()
  expect(store.userBySubject('idp|1')).toBeUndefined()
  expect(store.userByEmail('new@navy.example')?.id).toBe(user.id)
  expect(store.userByEmail('new@navy.exampl')).toBeUndefined()
  expect(store.get('workspace', user.id)).toBeUndefined()
})

test('members are listed in the order they joined, page by page, without those who left', async () => {
  await using opened = await openStore()
  const { store } = opened
  const members = Array.from({ length: 25 }, (_, index) =>
    memberRecord({
      userId: `user-${index}`,
      // Two join at each instant; the id decides between them.
      joinedAt: new Date(Date.UTC(2026, 0, 1, Math.floor(index / 2))).toISOString(),
    }),
  )
  await store.merge([...members].reverse())
  await store.merge([memberRecord({ workspaceId: 'workspace-2', userId: 'user-1' })])
  const left = memberRecord({ ...members[3], version: 2, leftAt: now })
  await store.merge([left])
  const expected = members
    .filter(member => member.userId !== 'user-3')
    .sort((a, b) => (a.joinedAt + a.id < b.joinedAt + b.id ? -1 : 1))
    .map(member => member.id)
  const listed: string[] = []
  for (;;) {
    const page = store.membersOf('workspace-1', listed.at(-1), 7)
    if (page.length === 0) break
    listed.push(...page.map(member => member.id))
  }
  expect(listed).toEqual(expected)
  expect(store.countMembers('workspace-1')).toBe(24)
  expect(store.membershipsOf('user-1').map(member => member.workspaceId)).toEqual([
    'workspace-1',
    'workspace-2',
  ])
  expect(store.membersOf('workspace-1', left.id, 1)[0]?.id).toBe(expected[3])
  expect(() => store.membersOf('workspace-2', left.id, 1)).toThrow(
    expect.objectContaining({ code: 'CURSOR_INVALID' }),
  )
})

test('live sessions are listed newest first, expired and revoked ones are not', async () => {
  await using opened = await openStore()
  const { store } = opened
  const at = (day: number): string => new Date(Date.UTC(2026, 0, day)).toISOString()
  await store.merge([
    sessionRecord({ id: 'one', createdAt: at(1) }),
    sessionRecord({ id: 'three', createdAt: at(3) }),
    sessionRecord({ id: 'two', createdAt: at(2) }),
    sessionRecord({ id: 'over', createdAt: at(4), expiresAt: at(5) }),
    sessionRecord({ id: 'ended', createdAt: at(5), revokedAt: at(6) }),
    sessionRecord({ id: 'elsewhere', workspaceId: 'workspace-2' }),
    sessionRecord({ id: 'other', userId: 'user-10' }),
  ])
  const ids = (limit: number): string[] =>
    store.sessionsOf('user-1', 'workspace-1', now, limit).map(session => session.id)
  expect(ids(100)).toEqual(['three', 'two', 'one'])
  expect(ids(2)).toEqual(['three', 'two'])
})

test('sessions that are long over are forgotten, whole', async () => {
  await using opened = await openStore()
  const { store } = opened
  await store.merge([
    sessionRecord({ id: 'old', expiresAt: '2020-01-01T00:00:00.000Z' }),
    sessionRecord({
      id: 'older',
      expiresAt: '2019-01-01T00:00:00.000Z',
      revokedAt: '2019-01-01T00:00:00.000Z',
    }),
    sessionRecord({ id: 'live' }),
  ])
  expect(await store.forgetExpired(now, 1)).toBe(1)
  expect(await store.forgetExpired(now, 10)).toBe(1)
  expect(await store.forgetExpired(now, 10)).toBe(0)
  expect(store.scan(undefined, 10).map(record => record.id)).toEqual(['live'])
})

test('two records of one object in one write are merged with each other too', async () => {
  await using opened = await openStore()
  const { store } = opened
  await store.merge([sessionRecord({ generation: 2 }), sessionRecord({ generation: 1, revokedAt: now })])
  expect(store.get('session', 'session-1')).toMatchObject({ generation: 2, revokedAt: now })
})

test('every session that was told to be durable is there after kill -9', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'directory')
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'writer-child.ts'), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let told = 0
    for await (const line of createInterface({ input: child.stdout })) {
      told = Number(line)
      if (told === 100 + 37 * round) child.kill('SIGKILL')
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    expect(told).toBeGreaterThanOrEqual(100)
    const store = await openDirectory(path)
    for (let number = 1; number <= told; number++) {
      expect(store.get('session', `session-${number}`)).toBeDefined()
    }
    await store.close()
  }
})

test('a file that was cut, overwritten or altered is told as damaged, and ends no process of ours', async () => {
  await using opened = await openStore()
  const { store, path } = opened
  const users = Array.from({ length: 2_000 }, (_, index) =>
    userRecord({ id: `user-${index}`, email: `user-${index}@navy.example` }),
  )
  await store.merge(users)
  await store.close()
  const file = join(path, 'data.mdb')
  const good = await readFile(file)
  const damage: Record<string, () => Promise<void>> = {
    cut: () => truncate(file, 50_000),
    text: () => writeFile(file, 'this is not a database'),
    noise: () => writeFile(file, Buffer.alloc(good.length, 0xa5)),
    'one letter': async () => {
      const altered = Buffer.from(good)
      // LMDB copies pages when it writes; the letter is changed wherever it stands.
      for (let at = altered.indexOf('"User 1"'); at >= 0; at = altered.indexOf('"User 1"', at + 1))
        altered[at + 1] = 0x55 ^ 1
      await writeFile(file, altered)
    },
  }
  for (const [what, doDamage] of Object.entries(damage)) {
    await writeFile(file, good)
    await doDamage()
    const outcome = await openDirectory(path).then(() => 'opened', codeOf)
    expect(outcome, what).toBe('DATA_FOLDER_CORRUPT')
  }
  await writeFile(file, good)
  const again = await openDirectory(path)
  expect(again.get('user', 'user-1999')).toBeDefined()
  await again.close()
})

test('a folder that cannot be made is told as unreadable', async () => {
  await using folder = await temporaryFolder()
  const inTheWay = join(folder.path, 'file')
  await writeFile(inTheWay, '')
  await expect(openDirectory(join(inTheWay, 'directory'))).rejects.toMatchObject({
    code: 'DATA_FOLDER_UNREADABLE',
  })
})

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../kernel/clock.ts'
import type { DirectoryStore } from '../../subgraphs/auth/directory/directory-store.ts'
import { type ExaminedCopy, examineDirectory } from '../../subgraphs/auth/directory/examine-directory.ts'
import { openDirectory } from '../../subgraphs/auth/directory/lmdb-directory.ts'
import { temporaryFolder } from './auth-desk.ts'
import { memberRecord, sessionRecord, userRecord } from './records.ts'

const revokedAt = '2026-02-01T00:00:00.000Z'

interface Copies extends AsyncDisposable {
  readonly rbac: DirectoryStore
  readonly oauth: DirectoryStore
}

async function twoCopies(): Promise<Copies> {
  const folder = await temporaryFolder()
  const rbac = await openDirectory(join(folder.path, 'rbac'))
  const oauth = await openDirectory(join(folder.path, 'issuer'))
  return {
    rbac,
    oauth,
    async [Symbol.asyncDispose]() {
      await rbac.close()
      await oauth.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

function look(copies: readonly ExaminedCopy[], repair = false) {
  return examineDirectory({ copies, repair, clock: systemClock, signal: new AbortController().signal })
}

test('what one copy lacks, and what it holds otherwise, is told of the copy that is wrong and put right on request only', async () => {
  await using copies = await twoCopies()
  const { rbac, oauth } = copies
  const both: readonly ExaminedCopy[] = [
    { name: 'rbac', store: rbac },
    { name: 'oauth', store: oauth },
  ]
  for (const store of [rbac, oauth]) await store.merge([userRecord(), memberRecord(), sessionRecord()])
  expect(await look(both)).toEqual({ copies: ['rbac', 'oauth'], findings: [], cut: false })

  await rbac.merge([userRecord({ id: 'user-2', email: 'two@navy.example' })])
  await oauth.merge([sessionRecord({ revokedAt }), userRecord({ version: 2, displayName: 'Newer' })])
  const found = await look(both)
  expect(found.findings.map(({ copy, key, says }) => `${copy} ${key}: ${says}`)).toEqual([
    'rbac session/session-1: its session is another than in another copy, which is newer or says more',
    'rbac user/user-1: its user is another than in another copy, which is newer or says more',
    'oauth user/user-2: it lacks the user, which another copy has',
  ])
  expect((await look(both, true)).findings).toEqual(found.findings)
  expect((await look(both)).findings).toEqual([])
  for (const store of [rbac, oauth]) {
    expect(store.get('session', 'session-1')).toMatchObject({ revokedAt })
    expect(store.get('user', 'user-1')).toMatchObject({ displayName: 'Newer' })
    expect(store.get('user', 'user-2')).toBeDefined()
  }
})

test('a write that is on its way to the second copy is no difference', async () => {
  await using copies = await twoCopies()
  const { rbac, oauth } = copies
  await rbac.merge([userRecord()])
  let looks = 0
  // The second look finds what the first did not.
  const late: DirectoryStore = Object.create(oauth, {
    scan: { value: oauth.scan.bind(oauth) },
    get: { value: (kind: 'user', id: string) => (++looks < 2 ? undefined : rbac.get(kind, id)) },
  }) as DirectoryStore
  const found = await look([
    { name: 'rbac', store: rbac },
    { name: 'oauth', store: late },
  ])
  expect(found.findings).toEqual([])
  expect(looks).toBe(2)
})

test('a copy that could not be opened is told with the reason, and the other is compared with nobody', async () => {
  await using copies = await twoCopies()
  expect(
    await look([
      { name: 'rbac', why: 'the directory in /data/auth/rbac cannot be opened' },
      { name: 'oauth', store: copies.oauth },
    ]),
  ).toEqual({
    copies: ['oauth'],
    findings: [
      {
        copy: 'rbac',
        what: 'closed',
        says: 'it takes no part: the directory in /data/auth/rbac cannot be opened',
        repairable: false,
      },
    ],
    cut: false,
  })
})

test('of very many differences the first are told, and all are put right', async () => {
  await using copies = await twoCopies()
  const { rbac, oauth } = copies
  const many = Array.from({ length: 600 }, (_, index) =>
    userRecord({ id: `user-${index}`, email: `${index}@navy.example` }),
  )
  await rbac.merge(many)
  const both: readonly ExaminedCopy[] = [
    { name: 'rbac', store: rbac },
    { name: 'oauth', store: oauth },
  ]
  const found = await look(both, true)
  expect(found.findings).toHaveLength(500)
  expect(found.cut).toBe(true)
  expect((await look(both)).findings).toEqual([])
})

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../../../kernel/log.ts'
import { openDirectory } from '../../../subgraphs/auth/directory/lmdb-directory.ts'
import { openLmdbStore } from '../../../subgraphs/db/agents/nosql/lmdb-store.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { attempt } from '../../contract/store-under-test.ts'
import { userRecord } from '../../auth/records.ts'
import { openSmallDisk } from '../../support/small-disk.ts'

const megabytes = 16
const noSpace = {
  code: 'AGENT_FAULT',
  message: 'LMDB has no disk space left; free some, and it goes on by itself (ENOSPC)',
}
const entries = Array.from({ length: 200 }, (_, index) =>
  entryOf(
    index + 1,
    commitOf(`c${index + 1}`, task(`task_${index + 1}`, { description: 'x'.repeat(20_000) })),
  ),
)

test('a full disk is said with the way out, takes nothing that was there, and the record store goes on when there is room', async ({
  skip,
}) => {
  await using disk = await openSmallDisk(megabytes)
  if (disk === undefined) {
    skip('small disks need Linux, and root to mount them')
    return
  }
  const directory = join(disk.folder, 'nosql')
  const engine = await openLmdbStore({ directory, log: silentLog })
  const absorb = (from: number, to: number) => engine.operations.absorb?.(entries.slice(from, to), attempt())
  const head = () => engine.operations.head?.(undefined, attempt())
  try {
    expect(await absorb(0, 10)).toMatchObject({ seq: 10 })
    await disk.fill()
    await expect(absorb(10, 200)).rejects.toMatchObject(noSpace)
    expect(await head()).toMatchObject({ seq: 10 })
    await disk.free()
    expect(await absorb(10, 200)).toMatchObject({ seq: 200 })
  } finally {
    await engine.close()
  }
  await using again = {
    engine: await openLmdbStore({ directory, log: silentLog }),
    [Symbol.asyncDispose]: () => again.engine.close(),
  }
  const keys = entries.map((_, index) => ({ kind: 'task', id: `task_${index + 1}` }) as const)
  const found = (await again.engine.operations.read?.(keys, attempt())) ?? []
  expect(found.filter(record => record !== undefined)).toHaveLength(200)
})

test('so does a copy of the directory of users', async ({ skip }) => {
  await using disk = await openSmallDisk(megabytes)
  if (disk === undefined) {
    skip('small disks need Linux, and root to mount them')
    return
  }
  const directory = await openDirectory(join(disk.folder, 'rbac'))
  const many = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) =>
      userRecord({ id: `user_${from + index}`, email: `user_${from + index}@navy.example` }),
    )
  try {
    await directory.merge(many(0, 10))
    await disk.fill()
    await expect(directory.merge(many(10, 5_000))).rejects.toMatchObject(noSpace)
    expect(directory.get('user', 'user_9')).toMatchObject({ id: 'user_9' })
    expect(directory.get('user', 'user_10')).toBe(undefined)
    await disk.free()
    await directory.merge(many(10, 5_000))
    expect(directory.get('user', 'user_4999')).toMatchObject({ id: 'user_4999' })
  } finally {
    await directory.close()
  }
})

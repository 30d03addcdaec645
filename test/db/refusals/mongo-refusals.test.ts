import { mongo } from 'mongoose'
import { expect, test } from 'vitest'
import { silentLog } from '../../../kernel/log.ts'
import { mongoFailure } from '../../../subgraphs/db/agents/nosql/mongo-failure.ts'
import { openMongoStore } from '../../../subgraphs/db/agents/nosql/mongo-store.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { attempt } from '../../contract/store-under-test.ts'
import { describeWithService } from '../../services/availability.ts'
import { findMongo, startMongo } from '../../services/mongo.ts'
import { openSmallDisk } from '../../support/small-disk.ts'
import { until } from '../../support/until.ts'

test.each([
  [18, 'AGENT_FAULT', 'MongoDB refused the user or the password; correct them in its URL (code 18)'],
  [
    13,
    'AGENT_FAULT',
    'MongoDB does not allow the user to do this; grant it readWrite on the database (code 13)',
  ],
  [14_031, 'AGENT_FAULT', 'MongoDB has no disk space left; free some, and it goes on by itself (code 14031)'],
  [11_600, 'UNAVAILABLE', 'MongoDB is stopping (code 11600)'],
  [99_999, 'AGENT_FAULT', 'MongoDB failed (code 99999)'],
])(
  'what the server means by code %i is said with the way out, and not in its own words',
  (number, code, message) => {
    const failure = mongoFailure(new mongo.MongoServerError({ code: number, errmsg: 'user secret@host' }))
    expect(failure).toMatchObject({ code, message })
  },
)

const entries = Array.from({ length: 200 }, (_, index) =>
  entryOf(
    index + 1,
    commitOf(`c${index + 1}`, task(`task_${index + 1}`, { description: 'x'.repeat(20_000) })),
  ),
)
const noRoot = 'small disks need Linux, and root to mount them'

describeWithService('MongoDB', findMongo(), command => {
  test('a disk that is too full for indexes is said with the way out', async ({ skip }) => {
    await using disk = await openSmallDisk(320)
    if (disk === undefined) {
      skip(noRoot)
      return
    }
    await using server = await startMongo(command, disk.folder)
    await expect(openMongoStore({ url: server.url, log: silentLog })).rejects.toMatchObject({
      code: 'AGENT_FAULT',
      message: 'MongoDB has no disk space left; free some, and it goes on by itself (code 14031)',
    })
  })

  test('a MongoDB that ends itself when its disk is full cannot be reached, and has what it had when there is room and it runs', async ({
    skip,
  }) => {
    // It makes indexes only where 500 MB are free.
    await using disk = await openSmallDisk(640)
    if (disk === undefined) {
      skip(noRoot)
      return
    }
    await using server = await startMongo(command, disk.folder)
    const engine = await openMongoStore({ url: server.url, connectTimeoutMs: 1_000, log: silentLog })
    const absorb = (from: number, to: number) =>
      engine.operations.absorb?.(entries.slice(from, to), attempt())
    try {
      expect(await absorb(0, 10)).toMatchObject({ seq: 10 })
      await disk.fill()
      await expect(absorb(10, 200)).rejects.toMatchObject({ code: 'UNKNOWN_COMMIT_OUTCOME' })
      await expect(engine.operations.head?.(undefined, attempt())).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      })
      await disk.free()
      await server.process.revive(10_000)
      await until('it is connected again', async () => {
        const head = await engine.operations.head?.(undefined, attempt()).catch(() => undefined)
        return (head?.seq ?? 0) >= 10
      })
      expect(await absorb(10, 200)).toMatchObject({ seq: 200 })
      const keys = entries.map((_, index) => ({ kind: 'task', id: `task_${index + 1}` }) as const)
      const found = (await engine.operations.read?.(keys, attempt())) ?? []
      expect(found.filter(record => record !== undefined)).toHaveLength(200)
    } finally {
      await engine.close()
    }
  })
})

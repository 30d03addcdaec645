import { expect, test } from 'vitest'
import postgres from 'postgres'
import { openSqlStore } from '../../../subgraphs/db/agents/sql/sql-store.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { attempt } from '../../contract/store-under-test.ts'
import { describeWithService } from '../../services/availability.ts'
import { findPostgres, startPostgres } from '../../services/postgres.ts'
import { openSmallDisk } from '../../support/small-disk.ts'

/** Enough for a server that has just been made. */
const diskMegabytes = 160
const entries = Array.from({ length: 200 }, (_, index) =>
  entryOf(
    index + 1,
    commitOf(`c${index + 1}`, task(`task_${index + 1}`, { description: 'x'.repeat(20_000) })),
  ),
)

describeWithService('PostgreSQL', findPostgres(), binaries => {
  test('a full disk and rights that were taken away are said with the way out, and it goes on when they are back', async ({
    skip,
  }) => {
    await using disk = await openSmallDisk(diskMegabytes)
    if (disk === undefined) {
      skip('small disks need Linux, and root to mount them')
      return
    }
    await using server = await startPostgres(binaries, disk.folder)
    const admin = postgres(server.url, { max: 1 })
    await admin`create role guest login password 'of-this-test'`
    await admin`grant create on database postgres to guest`
    const url = server.url.replace(/\/\/[^@]*@/, '//guest:of-this-test@')
    const engine = await openSqlStore({ connection: { kind: 'url', url } })
    const absorb = () => engine.operations.absorb?.(entries, attempt())
    try {
      await disk.fill()
      await expect(absorb()).rejects.toMatchObject({
        message: expect.stringContaining('has no disk space left; free some, and it goes on by itself'),
      })
      await disk.free()
      expect(await absorb()).toMatchObject({ seq: 200 })
      await admin`revoke all on all tables in schema ennead from guest`
      const head = () => engine.operations.head?.(undefined, attempt())
      await expect(head()).rejects.toMatchObject({
        message: expect.stringContaining(
          'does not allow the user to do this; make it the owner of the schema',
        ),
      })
      await admin`grant all on all tables in schema ennead to guest`
      expect(await head()).toMatchObject({ seq: 200 })
    } finally {
      await admin.end()
      await engine.close()
    }
  })
})

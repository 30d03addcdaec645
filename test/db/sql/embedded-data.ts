import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import { madeOnce } from '../../support/made-once.ts'

/** Puts the data of an embedded PostgreSQL below `directory` as its first start makes it, unless there is some. */
export async function provideEmbeddedData(directory: string): Promise<void> {
  if (existsSync(join(directory, 'data'))) return
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await madeOnce('embedded-postgres', join(directory, 'data'), async path => {
    const folder = await mkdtemp(join(tmpdir(), 'ennead-postgres-'))
    const server = await startEmbeddedPostgres({ directory: folder })
    await server.stop()
    await rename(join(folder, 'data'), path)
    await rm(folder, { recursive: true })
  })
}

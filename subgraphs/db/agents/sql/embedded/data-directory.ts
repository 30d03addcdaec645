import { access, open, readFile, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EnneadError } from '../../../../../kernel/errors.ts'
import type { Binaries } from './binaries.ts'
import { unreadable } from './folders.ts'
import type { Identity } from './run-program.ts'
import { runProgram } from './run-program.ts'
import { startFailure } from './start-failure.ts'

const initMs = 120_000

/** The superuser of an embedded server, and the database its tables are in: what initdb makes, no more. */
export const embeddedUser = 'ennead'
export const embeddedDatabase = 'postgres'

/**
 * Is there a data directory of this major version? False when there is none yet. Throws DATA_FOLDER_CORRUPT, naming
 * what is wrong and the way out, for one that is another version's, incomplete or not PostgreSQL's.
 */
export async function dataExists(data: string, major: string): Promise<boolean> {
  const entries = await readdir(data).catch((failure: NodeJS.ErrnoException) => {
    if (failure.code === 'ENOENT') return undefined
    throw unreadable(data, failure)
  })
  if (entries === undefined) return false
  const written = await readFile(join(data, 'PG_VERSION'), 'utf8').catch((failure: NodeJS.ErrnoException) => {
    if (failure.code === 'ENOENT') return undefined
    throw unreadable(data, failure)
  })
  if (written === undefined) {
    throw corrupt(data, 'it has no PG_VERSION, so it is not a PostgreSQL data directory')
  }
  if (written.trim() !== major) {
    throw corrupt(
      data,
      `PostgreSQL ${written.trim()} wrote it and this Ennead brings ${major}; start the Ennead that wrote it`,
    )
  }
  for (const file of ['global/pg_control', 'base', 'pg_wal']) {
    await access(join(data, file)).catch(cause => {
      throw corrupt(data, `it lacks ${file}`, cause)
    })
  }
  return true
}

/** Makes a data directory; it appears whole or not at all. UTF-8, text in code point order, its socket the only door. */
export async function createData(data: string, identity: Identity, binaries: Binaries): Promise<void> {
  const unfinished = `${data}.unfinished`
  await rm(unfinished, { recursive: true, force: true }).catch(cause => {
    throw unreadable(data, cause)
  })
  const args = ['-D', unfinished, '-U', embeddedUser, '-E', 'UTF8', '--locale=C', '--no-instructions']
  const program = {
    file: binaries.initdb,
    args: [...args, '--auth-local=trust', '--auth-host=reject'],
    environment: binaries.environment,
  }
  try {
    await runProgram(identity, program, initMs)
  } catch (failure) {
    const said = failure instanceof EnneadError && failure.cause instanceof Error ? failure.cause.message : ''
    throw startFailure(data, [said])
  }
  await rename(unfinished, data)
  await syncFolder(dirname(data))
}

async function syncFolder(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function corrupt(data: string, what: string, cause?: unknown): EnneadError {
  return new EnneadError(
    'DATA_FOLDER_CORRUPT',
    `PostgreSQL cannot use ${data}: ${what}; or restore a copy, or move it away to start empty`,
    { cause },
  )
}

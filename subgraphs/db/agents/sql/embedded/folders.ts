import { createHash } from 'node:crypto'
import { chmod, lchown, lstat, mkdir, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EnneadError } from '../../../../../kernel/errors.ts'
import type { Identity } from './run-program.ts'

/** The longest path of a unix socket everywhere: 107 bytes on Linux, 103 on macOS. */
const socketPathBytesMax = 103
const longestSocketName = '/.s.PGSQL.5432.lock'

/** Makes a folder only its owner may enter, or closes one that is there. Throws DATA_FOLDER_UNREADABLE. */
export async function privateFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const facts = await lstat(directory)
    if (!facts.isDirectory()) throw new Error('it is not a folder')
    const us = process.geteuid?.() ?? facts.uid
    if (us !== 0 && facts.uid !== us) throw new Error(`it belongs to user ${facts.uid}`)
    if ((facts.mode & 0o077) !== 0) await chmod(directory, 0o700)
  } catch (cause) {
    throw unreadable(directory, cause)
  }
}

/** Gives a folder and all in it to whom PostgreSQL runs as. Nothing is done when the folder is theirs already. */
export async function giveTo(identity: Identity, directory: string): Promise<void> {
  const { uid, gid } = identity.owner
  try {
    if ((await lstat(directory)).uid === uid) return
    await changeOwner(directory, uid, gid)
  } catch (cause) {
    throw unreadable(directory, cause)
  }
}

/** The folder itself last, so that a change that was interrupted is done again. */
async function changeOwner(path: string, uid: number, gid: number): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const below = join(path, entry.name)
    if (entry.isDirectory()) await changeOwner(below, uid, gid)
    else await lchown(below, uid, gid)
  }
  await lchown(path, uid, gid)
}

/**
 * Where PostgreSQL's socket is: beside the data, or, where that path is longer than a socket's may be, a private folder
 * for temporary files that is named after it.
 */
export function socketFolder(directory: string): string {
  const beside = join(directory, 'socket')
  if (fits(beside)) return beside
  const name = `ennead-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}`
  const temporary = join(tmpdir(), name)
  return fits(temporary) ? temporary : join('/tmp', name)
}

function fits(folder: string): boolean {
  return Buffer.byteLength(folder + longestSocketName) <= socketPathBytesMax
}

export function unreadable(directory: string, cause: unknown): EnneadError {
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const why = typeof code === 'string' ? code : cause instanceof Error ? cause.message : 'unknown'
  return new EnneadError(
    'DATA_FOLDER_UNREADABLE',
    `the PostgreSQL data folder ${directory} cannot be used (${why}); make it writable for the user Ennead runs as, ` +
      'or choose another',
    { cause },
  )
}

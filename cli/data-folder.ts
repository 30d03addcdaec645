import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, readFile, realpath, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EnneadError } from '../kernel/errors.ts'
import { lockFolder, type FolderLock } from './folder-lock.ts'
import { parseHopSecrets } from './hop-secret.ts'

/** What this version writes; another number needs a migration. */
const formatVersion = 1
/** Longest unix socket path every supported system takes, with its end (sun_path of Linux 108, macOS 104). */
const socketPathBytesMax = 100

/** The one place where state lives: `.ennead/` with db/, auth/, keys/, run/ and the file `format`. */
export interface DataFolder extends AsyncDisposable {
  readonly path: string
  /** The deployment's hop secrets, the one to sign with first; one is made at first use. */
  hopSecrets(): Promise<readonly [Buffer, ...Buffer[]]>
  /** Where they are. */
  readonly hopSecretFile: string
  /** Where to listen for `name`; a short path elsewhere when this folder's is too long for a socket. */
  socketPath(name: string): Promise<string>
  join(...parts: readonly string[]): string
  /** No `format` file was there before: this is the first start. */
  readonly fresh: boolean
}

/**
 * Opens or creates a data folder and locks it for `role` (`start`, `db`, `auth` …: one running process each).
 * Throws DATA_FOLDER_UNREADABLE, DATA_FOLDER_CORRUPT or DATA_FOLDER_IN_USE.
 */
export async function openDataFolder(given: string, roles: readonly string[]): Promise<DataFolder> {
  const path = await makeFolder(given)
  const locks: FolderLock[] = []
  try {
    for (const role of roles) locks.push(await lockFolder(join(path, 'run'), role))
    const fresh = await checkFormat(path)
    return {
      path,
      fresh,
      hopSecrets: () => readHopSecrets(hopSecretFile(path)),
      hopSecretFile: hopSecretFile(path),
      socketPath: name => socketPath(path, name),
      join: (...parts) => join(path, ...parts),
      [Symbol.asyncDispose]: async () => {
        for (const lock of locks) await lock.release()
      },
    }
  } catch (failure) {
    for (const lock of locks) await lock.release()
    throw failure
  }
}

async function makeFolder(given: string): Promise<string> {
  try {
    for (const folder of [given, join(given, 'run'), join(given, 'keys')]) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
    }
    const path = await realpath(given)
    // A probe: mkdir succeeds on a folder that exists and cannot be written to.
    const probe = await open(join(path, 'run', '.probe'), 'w')
    await probe.close()
    return path
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new EnneadError(
      'DATA_FOLDER_UNREADABLE',
      `the data folder ${given} cannot be read and written (${reason}); give another with --data, or correct its permissions`,
      { cause },
    )
  }
}

async function checkFormat(path: string): Promise<boolean> {
  const file = join(path, 'format')
  const found = await readFile(file, 'utf8').catch((failure: unknown) => {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined
    throw new EnneadError('DATA_FOLDER_UNREADABLE', `${file} cannot be read`, { cause: failure })
  })
  if (found === undefined) {
    await writeFile(file, `${formatVersion}\n`, { mode: 0o600 })
    return true
  }
  if (found.trim() === String(formatVersion)) return false
  const shown = JSON.stringify(found.slice(0, 40))
  throw new EnneadError(
    'DATA_FOLDER_CORRUPT',
    `${file} says ${shown}, this version reads format ${formatVersion}; start the version that wrote it, or move the folder away to begin anew`,
  )
}

function hopSecretFile(path: string): string {
  return join(path, 'keys', 'hop')
}

async function readHopSecrets(file: string): Promise<readonly [Buffer, ...Buffer[]]> {
  try {
    await writeFile(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (failure) {
    if (!(failure instanceof Error && 'code' in failure && failure.code === 'EEXIST')) {
      throw new EnneadError('DATA_FOLDER_UNREADABLE', `${file} cannot be written`, { cause: failure })
    }
  }
  const [first, ...others] = parseHopSecrets(await readFile(file, 'utf8')) ?? []
  if (first !== undefined) return [first, ...others]
  throw new EnneadError(
    'DATA_FOLDER_CORRUPT',
    `${file} does not hold a secret of 32 bytes or more; restore it from a backup, or delete it to have a new one made`,
  )
}

async function socketPath(path: string, name: string): Promise<string> {
  const own = join(path, 'run', `${name}.sock`)
  if (Buffer.byteLength(own) <= socketPathBytesMax) return own
  const user = process.getuid?.() ?? 0
  const folder = join(
    tmpdir(),
    `ennead-${user}-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`,
  )
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return join(folder, `${name}.sock`)
}

/** Where the process that runs on a data folder listens for the command line; says nothing about whether one runs. */
export async function controlSocketPath(given: string, name = 'control'): Promise<string> {
  const path = await realpath(given).catch((cause: unknown) => {
    throw new EnneadError(
      'NOT_RUNNING',
      `there is no data folder ${given}; start one with: ennead start --data ${given}`,
      { cause },
    )
  })
  return socketPath(path, name)
}

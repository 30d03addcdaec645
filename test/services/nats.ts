import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { findCommand, isExecutable } from './availability.ts'
import { freePort, ServiceProcess } from './service-process.ts'

/** Older ones lose what JetStream had acknowledged when the machine crashes. test/services/install.sh says the same. */
const oldest = [2, 10, 23] as const

/** A nats-server that keeps its word: on the PATH, or where test/services/install.sh puts it. */
export function findNats(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const installed = join(cache, 'ennead', 'nats', 'nats-server')
  return [findCommand('nats-server'), installed].find(
    file => file !== undefined && isExecutable(file) && isNewEnough(file),
  )
}

export interface NatsServer extends AsyncDisposable {
  /** `nats://127.0.0.1:port` */
  readonly url: string
  readonly process: ServiceProcess
  /** Forgets every stream: a server that lost its disk. Only while it is stopped. */
  empty(): Promise<void>
}

/** Starts a NATS of its own with JetStream below the folder `under`, which writes every message to disk before it acknowledges it. */
export async function startNats(command: string, under = tmpdir()): Promise<NatsServer> {
  const folder = await mkdtemp(join(under, 'ennead-nats-'))
  const port = await freePort()
  const streams = join(folder, 'streams')
  const file = join(folder, 'nats.conf')
  await writeFile(
    file,
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${streams}", sync_interval: always }\n`,
  )
  const server = new ServiceProcess({ command, args: ['--config', file], probe: () => greet(port) })
  await server.start()
  return {
    url: `nats://127.0.0.1:${port}`,
    process: server,
    empty: () => rm(streams, { recursive: true, force: true }),
    async [Symbol.asyncDispose]() {
      await server.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A server greets with what it is and can: https://docs.nats.io/reference/reference-protocols/nats-protocol#info */
async function greet(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    const [greeting] = (await once(socket, 'data')) as [Buffer]
    if (!/^INFO .*"jetstream":true/.test(greeting.toString())) throw new Error('JetStream is not ready')
  } finally {
    socket.destroy()
  }
}

function isNewEnough(file: string): boolean {
  const text = execFileSync(file, ['--version'], { encoding: 'utf8' })
  const [, major = '0', minor = '0', patch = '0'] = /v(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []
  const found = [Number(major), Number(minor), Number(patch)]
  const differs = oldest.findIndex((part, at) => part !== found[at])
  return differs < 0 || (found[differs] ?? 0) > (oldest[differs] ?? 0)
}

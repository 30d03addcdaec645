import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { findCommand } from './availability.ts'
import { freePort, ServiceProcess } from './service-process.ts'

/** The file of redis-server (or valkey-server), if there is one. */
export function findRedis(): string | undefined {
  return findCommand('redis-server') ?? findCommand('valkey-server')
}

export interface RedisServer extends AsyncDisposable {
  /** `redis://127.0.0.1:port` */
  readonly url: string
  readonly process: ServiceProcess
}

/** Starts a Redis of its own that writes every change to its append-only file before it answers. */
export function startRedis(command: string, ...settings: readonly string[]): Promise<RedisServer> {
  return startRedisIn(tmpdir(), command, ...settings)
}

/** As `startRedis`, with its data below the folder `under`. */
export async function startRedisIn(
  under: string,
  command: string,
  ...settings: readonly string[]
): Promise<RedisServer> {
  const folder = await mkdtemp(join(under, 'ennead-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const server = new ServiceProcess({
    command,
    args: [...args, '--appendonly', 'yes', '--appendfsync', 'always', ...settings],
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

async function ping(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.ping()
  } finally {
    client.disconnect()
  }
}

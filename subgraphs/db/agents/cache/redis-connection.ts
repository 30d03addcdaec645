import { Redis } from 'ioredis'
import { EnneadError } from '../../../../kernel/errors.ts'
import type { Log } from '../../../../kernel/log.ts'

export interface RedisConnectionOptions {
  /** `redis://user:password@host:port/db` or `rediss://…` */
  readonly url: string
  /** Milliseconds until a connection must be ready. */
  readonly connectTimeoutMs: number
  readonly log: Log
}

/** Commands that may wait for an answer at once; further ones are refused. */
const pendingMax = 1_000
/** A connection on which commands wait and nothing arrives for this long is given up, so that a new one is tried. */
const silenceMs = 5_000
const reconnectMaxMs = 2_000

/** One connection to Redis that never queues what it cannot send, and never sends a command twice. */
export class RedisConnection {
  readonly detail: string
  readonly #client: Redis
  #pending = 0

  private constructor(client: Redis, detail: string) {
    this.#client = client
    this.detail = detail
  }

  /** Rejects with UNAVAILABLE, naming host and port only, when Redis does not answer. */
  static async open({ url, connectTimeoutMs, log }: RedisConnectionOptions): Promise<RedisConnection> {
    const place = placeOf(url)
    const client = new Redis(url, {
      lazyConnect: true,
      connectTimeout: connectTimeoutMs,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      socketTimeout: silenceMs,
      retryStrategy: times => Math.min(50 * 2 ** Math.min(times, 10), reconnectMaxMs),
    })
    // Without a listener ioredis prints; every command that fails is reported by its own promise as well.
    client.on('error', (failure: unknown) => log.debug('db.redis.connection', { place, failure }))
    try {
      await client.connect()
      return new RedisConnection(client, versionIn(await client.info('server')))
    } catch (cause) {
      client.disconnect()
      throw new EnneadError('UNAVAILABLE', `Redis at ${place} cannot be reached`, { cause })
    }
  }

  /** Runs a command; rejects with the signal's reason when it aborts, while the answer is still awaited and dropped. */
  run<T>(signal: AbortSignal, command: (client: Redis) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason)
        return
      }
      if (this.#pending >= pendingMax) {
        reject(new EnneadError('OVERLOADED', `${pendingMax} commands are waiting for Redis`))
        return
      }
      if (this.#client.status !== 'ready') {
        reject(new EnneadError('UNAVAILABLE', 'Redis is not connected'))
        return
      }
      const left = (): void => reject(signal.reason)
      signal.addEventListener('abort', left, { once: true })
      this.#pending++
      command(this.#client)
        .then(resolve, (cause: unknown) => reject(new EnneadError('AGENT_FAULT', 'Redis failed', { cause })))
        .finally(() => {
          this.#pending--
          signal.removeEventListener('abort', left)
        })
    })
  }

  close(): void {
    this.#client.disconnect()
  }
}

function placeOf(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null || !['redis:', 'rediss:'].includes(parsed.protocol)) {
    throw new EnneadError('BAD_OPTION', 'the URL of Redis must begin with redis:// or rediss://')
  }
  return `${parsed.hostname}:${parsed.port === '' ? '6379' : parsed.port}`
}

function versionIn(info: string): string {
  const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1]
  return valkey === undefined ? `Redis ${/^redis_version:(\S+)/m.exec(info)?.[1] ?? ''}` : `Valkey ${valkey}`
}

import { Redis } from 'ioredis'
import { EnneadError } from '../../../../kernel/errors.ts'
import type { Log } from '../../../../kernel/log.ts'
import { knownRedisFailure, redisFailure } from './redis-failure.ts'

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
  /** Why this server must not vote, as it was when it was opened; undefined: it may. */
  readonly whyNoVote: string | undefined
  readonly #client: Redis
  /** Looked up anew with every connection: it may be another server, or one with other settings. */
  #forgetful: Promise<string | undefined>
  #pending = 0

  private constructor(client: Redis, detail: string, whyNoVote: string | undefined) {
    this.#client = client
    this.detail = detail
    this.whyNoVote = whyNoVote
    this.#forgetful = Promise.resolve(whyNoVote)
    client.on('ready', () => {
      this.#forgetful = whyForgetful(client)
    })
  }

  /** Rejects with UNAVAILABLE, naming host and port only, when Redis does not answer, with a way out when it refuses. */
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
    let last: unknown = undefined
    client.on('error', (failure: unknown) => {
      last = failure
      log.debug('db.redis.connection', { place, failure })
    })
    try {
      await client.connect()
      const whyNoVote = await whyForgetful(client)
      if (whyNoVote !== undefined) log.warn('db.redis.no_vote', { place, why: whyNoVote })
      return new RedisConnection(client, versionIn(await client.info('server')), whyNoVote)
    } catch (cause) {
      client.disconnect()
      // ioredis rejects with "closed" what the server has refused with a reason.
      throw (
        knownRedisFailure(cause) ??
        knownRedisFailure(last) ??
        new EnneadError('UNAVAILABLE', `Redis at ${place} cannot be reached`, { cause })
      )
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
        .then(resolve, (cause: unknown) => reject(redisFailure(cause)))
        .finally(() => {
          this.#pending--
          signal.removeEventListener('abort', left)
        })
    })
  }

  /** Rejects with AGENT_FAULT when what this Redis acknowledges may be forgotten. */
  async requireMemory(): Promise<void> {
    const why = await this.#forgetful
    if (why !== undefined) throw new EnneadError('AGENT_FAULT', why)
  }

  close(): void {
    this.#client.disconnect()
  }
}

const settings = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' } as const

/** Why this Redis may forget what it has acknowledged; undefined: it does not. */
async function whyForgetful(client: Redis): Promise<string | undefined> {
  try {
    for (const [name, wanted] of Object.entries(settings)) {
      // The answer to CONFIG GET of one name: the name and its value.
      const [, value] = (await client.config('GET', name)) as readonly string[]
      if (value !== wanted) return `Redis runs with ${name} ${value ?? 'unset'}; to vote it needs ${wanted}`
    }
    return undefined
  } catch {
    return 'Redis does not let this user see its settings (CONFIG GET), so that nobody knows whether it forgets'
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

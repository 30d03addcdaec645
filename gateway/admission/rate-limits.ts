import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { networkOf } from '../../kernel/network-of.ts'
import { subjectOf } from '../../kernel/principal.ts'
import type { ClientPrincipal } from '../../kernel/principal.ts'
import type { PreparedOperation } from '../engine.ts'

/** How much one client may ask in one window; 0 or absent: as much as it likes. */
export interface RateLimitOptions {
  /** Length of a window. Milliseconds, at least 1,000. Default 60,000. */
  readonly windowMs?: number
  /** Requests from one address. Default 0. */
  readonly perAddress?: number
  /** Operations of one signed-in principal. Default 0. */
  readonly perPrincipal?: number
  /** Cost of all operations of one client: the principal, or the address without one. Default 0. */
  readonly costPerClient?: number
  /** Uses of a root field by one client, aliases counted, e.g. `Mutation.signIn` → 5. Default none. */
  readonly perField?: ReadonlyMap<string, number>
  /** Counts in this Redis, for all gateways together; in this process while it does not answer. Default: in this process. */
  readonly redis?: unknown
}

/** Who is counted. */
export interface RateClient {
  readonly address: string | undefined
  readonly principal: ClientPrincipal | undefined
}

/** What is left of one limit. */
export interface RateState {
  readonly policy: string
  readonly limit: number
  readonly remaining: number
  readonly resetMs: number
  readonly windowMs: number
}

/** Counts uses of a key; rejects with a RateLimiterRes when there are too many. */
interface Counter {
  consume(key: string, points: number): Promise<RateLimiterRes>
}

/** How long Redis is left alone after it did not answer, milliseconds. */
const redisRestMs = 1_000

/** Limits of rate. Times are those of the library: the process's clock. */
export class RateLimits {
  readonly #limiters = new Map<string, { readonly counter: Counter; readonly limit: number }>()
  readonly #fields: ReadonlyMap<string, number>
  readonly #windowMs: number
  readonly #redis: unknown
  #fallback = false

  /** Throws BAD_OPTION. */
  constructor(options: RateLimitOptions, log: Log, clock: Clock) {
    const {
      windowMs = 60_000,
      perAddress = 0,
      perPrincipal = 0,
      costPerClient = 0,
      perField = new Map(),
    } = options
    if (!Number.isSafeInteger(windowMs) || windowMs < 1_000) {
      throw new EnneadError('BAD_OPTION', `rateLimits.windowMs must be an integer >= 1000, got ${windowMs}`)
    }
    this.#windowMs = windowMs
    this.#redis = options.redis
    this.#fields = perField
    const given = { address: perAddress, principal: perPrincipal, cost: costPerClient }
    for (const [policy, limit] of [...Object.entries(given), ...perField]) {
      if (!Number.isSafeInteger(limit) || limit < 0) {
        throw new EnneadError(
          'BAD_OPTION',
          `the rate limit of ${policy} must be an integer >= 0, got ${limit}`,
        )
      }
      if (limit > 0) this.#limiters.set(policy, { counter: this.#make(policy, limit, log, clock), limit })
    }
  }

  /** False: nothing is limited, and nobody needs to ask. */
  get active(): boolean {
    return this.#limiters.size > 0
  }

  /** For health: where it counts. */
  get store(): 'memory' | 'redis' | 'memory, because redis does not answer' {
    if (this.#redis === undefined) return 'memory'
    return this.#fallback ? 'memory, because redis does not answer' : 'redis'
  }

  /** Counts a request before it is read. Rejects with RATE_LIMITED; `states` gets what is left either way. */
  request({ address }: RateClient, states: RateState[]): Promise<void> {
    return this.#consume([{ policy: 'address', key: networkOf(address), points: 1 }], states)
  }

  /** Counts an operation before it runs, as above. */
  operation(client: RateClient, operation: PreparedOperation, states: RateState[]): Promise<void> {
    const subject = client.principal && subjectOf(client.principal)
    const key = subject === undefined ? networkOf(client.address) : `principal ${subject}`
    const wanted = [
      ...(subject === undefined ? [] : [{ policy: 'principal', key, points: 1 }]),
      { policy: 'cost', key, points: Math.ceil(operation.cost?.estimated ?? 0) },
    ]
    if (this.#fields.size > 0) {
      for (const [field, points] of operation.rootFields ?? []) wanted.push({ policy: field, key, points })
    }
    return this.#consume(
      wanted.filter(({ points }) => points > 0),
      states,
    )
  }

  async #consume(
    wanted: readonly { readonly policy: string; readonly key: string; readonly points: number }[],
    states: RateState[],
  ): Promise<void> {
    for (const { policy, key, points } of wanted) {
      const entry = this.#limiters.get(policy)
      if (entry === undefined) continue
      const { counter, limit } = entry
      try {
        states.push(this.#state(policy, limit, await counter.consume(key, points)))
      } catch (failure) {
        if (!(failure instanceof RateLimiterRes)) throw failure
        const state = this.#state(policy, limit, failure)
        states.push(state)
        throw limited(state)
      }
    }
  }

  #state(policy: string, limit: number, { remainingPoints, msBeforeNext }: RateLimiterRes): RateState {
    const resetMs = Math.max(0, Math.ceil(msBeforeNext))
    return { policy, limit, remaining: Math.max(0, remainingPoints), resetMs, windowMs: this.#windowMs }
  }

  #make(policy: string, points: number, log: Log, clock: Clock): Counter {
    const options = { points, duration: this.#windowMs / 1000, keyPrefix: `ennead:rate:${policy}` }
    const memory = new RateLimiterMemory(options)
    if (this.#redis === undefined) return memory
    const redis = new RateLimiterRedis({ ...options, storeClient: this.#redis, rejectIfRedisNotReady: true })
    return new WithFallback(redis, memory, clock, fallback => {
      if (fallback === this.#fallback) return
      this.#fallback = fallback
      if (fallback)
        log.warn('rate-limits.fallback', { reason: 'redis does not answer; counting in this process' })
      else log.info('rate-limits.recovered', { store: 'redis' })
    })
  }
}

/** Counts in Redis, and in memory while that fails. The library's own insurance does not say when it is used. */
class WithFallback implements Counter {
  readonly #redis: RateLimiterRedis
  readonly #memory: RateLimiterMemory
  readonly #clock: Clock
  readonly #used: (fallback: boolean) => void
  #restsUntil = -Infinity

  constructor(
    redis: RateLimiterRedis,
    memory: RateLimiterMemory,
    clock: Clock,
    used: (fallback: boolean) => void,
  ) {
    this.#redis = redis
    this.#memory = memory
    this.#clock = clock
    this.#used = used
  }

  async consume(key: string, points: number): Promise<RateLimiterRes> {
    if (this.#clock.now() < this.#restsUntil) return this.#memory.consume(key, points)
    try {
      const result = await this.#redis.consume(key, points)
      this.#used(false)
      return result
    } catch (failure) {
      this.#used(!(failure instanceof RateLimiterRes))
      if (failure instanceof RateLimiterRes) throw failure
      this.#restsUntil = this.#clock.now() + redisRestMs
      return this.#memory.consume(key, points)
    }
  }
}

function limited(state: RateState): EnneadError {
  const { policy, limit, resetMs, windowMs } = state
  const message = `more than ${limit} in ${windowMs / 1000} s (${policy}); try again in ${resetMs} ms`
  return new EnneadError('RATE_LIMITED', message, {
    facts: { retryAfterMs: resetMs, rateLimit: shown([state]) },
  })
}

/** For `extensions.rateLimit`. */
export function shown(states: readonly RateState[]): Readonly<Record<string, object>> {
  return Object.fromEntries(
    states.map(({ policy, limit, remaining, resetMs }) => [policy, { limit, remaining, resetMs }]),
  )
}

/** `RateLimit-Policy` and `RateLimit` of https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (10). */
export function rateLimitHeaders(states: readonly RateState[]): Readonly<Record<string, string>> {
  if (states.length === 0) return {}
  const seconds = (ms: number): number => Math.ceil(ms / 1000)
  return {
    'ratelimit-policy': states
      .map(({ policy, limit, windowMs }) => `"${policy}";q=${limit};w=${seconds(windowMs)}`)
      .join(', '),
    ratelimit: states
      .map(({ policy, remaining, resetMs }) => `"${policy}";r=${remaining};t=${seconds(resetMs)}`)
      .join(', '),
  }
}

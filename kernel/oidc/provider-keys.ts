import { type JWTVerifyGetKey, createLocalJWKSet } from 'jose'
import type { Clock } from '../clock.ts'
import { EnneadError } from '../errors.ts'
import { fetchJsonObject, fetchableUrl, isLoopback } from './fetch-json.ts'
import { type ProviderFetch, providerFetch } from './provider-network.ts'

/** Keys are looked up anew after this long … */
const freshMs = 10 * 60_000
/** … and used for this long when that fails. */
const staleMsMax = 24 * 3_600_000
/** A token with an unknown key, or a failure, makes us ask again, but not more often than this. */
const askAgainMs = 5_000
const keysMax = 100
/** Discovery and keys together. */
export const providerMsMax = 3_000

interface Known {
  readonly keys: JWTVerifyGetKey
  readonly at: number
}

/** The keys of an OIDC provider, found by discovery (OpenID Connect Discovery 1.0) and kept. */
export class ProviderKeys {
  readonly #issuer: string
  readonly #clock: Clock
  readonly #fetchFrom: ProviderFetch
  readonly #closing = new AbortController()
  #known: Known | undefined
  #asking: Promise<Known> | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  #failure: unknown

  /** `issuer` is one that `fetchableUrl` takes. */
  constructor(issuer: string, clock: Clock, fetch: ProviderFetch = providerFetch(new URL(issuer))) {
    this.#issuer = issuer
    this.#clock = clock
    this.#fetchFrom = fetch
  }

  /** Why the last attempt to get keys failed; undefined when it did not. */
  get failure(): unknown {
    return this.#failure
  }

  /** The keys to check with. Old ones are answered while new ones are on their way. Rejects with AGENT_FAULT. */
  async current(): Promise<JWTVerifyGetKey> {
    const age = this.#clock.now() - (this.#known?.at ?? Number.NEGATIVE_INFINITY)
    if (this.#known !== undefined && age < staleMsMax) {
      if (age >= freshMs && this.#mayAsk()) this.#ask().catch(() => undefined)
      return this.#known.keys
    }
    return (await (this.#asking ?? this.#askIfAllowed())).keys
  }

  /** The keys after asking for an unknown one; undefined: asked a moment ago, or it failed. */
  async renewed(): Promise<JWTVerifyGetKey | undefined> {
    if (this.#asking === undefined && !this.#mayAsk()) return undefined
    return (await this.#ask().catch(() => undefined))?.keys
  }

  close(): void {
    this.#closing.abort(new EnneadError('CANCELLED', 'the identity provider is not needed any more'))
  }

  #mayAsk(): boolean {
    return this.#asking === undefined && this.#clock.now() - this.#askedAt >= askAgainMs
  }

  #askIfAllowed(): Promise<Known> {
    if (this.#mayAsk()) return this.#ask()
    return Promise.reject(
      new EnneadError('AGENT_FAULT', 'the identity provider could not be asked', { cause: this.#failure }),
    )
  }

  /** One question at a time, whoever asks. */
  #ask(): Promise<Known> {
    this.#asking ??= this.#fetch()
      .then(
        keys => {
          this.#failure = undefined
          this.#known = { keys, at: this.#clock.now() }
          return this.#known
        },
        (failure: unknown) => {
          this.#failure = failure
          throw failure
        },
      )
      .finally(() => {
        this.#askedAt = this.#clock.now()
        this.#asking = undefined
      })
    return this.#asking
  }

  async #fetch(): Promise<JWTVerifyGetKey> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(providerMsMax)])
    const base = new URL(`${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    const discovered = await fetchJsonObject(this.#fetchFrom, base, signal)
    const place = fetchableUrl(discovered['jwks_uri'])
    // A provider elsewhere must not lead us to a service of this machine.
    const safe = place !== undefined && (!isLoopback(place) || isLoopback(base))
    if (discovered['issuer'] !== this.#issuer || place === undefined || !safe) {
      throw new EnneadError('AGENT_FAULT', 'the identity provider describes itself wrongly')
    }
    const { keys } = await fetchJsonObject(this.#fetchFrom, place, signal)
    if (!Array.isArray(keys) || keys.length > keysMax) {
      throw new EnneadError('AGENT_FAULT', 'the identity provider published no usable keys')
    }
    try {
      return createLocalJWKSet({ keys })
    } catch (cause) {
      throw new EnneadError('AGENT_FAULT', 'the identity provider published no usable keys', { cause })
    }
  }
}

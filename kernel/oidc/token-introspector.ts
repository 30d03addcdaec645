import { createHash } from 'node:crypto'
import { type IntrospectionResponse, tokenIntrospection } from 'openid-client'
import type { Clock } from '../clock.ts'
import { EnneadError } from '../errors.ts'
import { ProviderConfiguration } from './provider-configuration.ts'
import type { VerifiedPayload } from './token-verifier.ts'

export interface TokenIntrospectorOptions {
  /** The provider's issuer URL; one that `fetchableUrl` takes. */
  readonly issuer: string
  /** What the provider must say that a token is for (`aud`). */
  readonly audience: string
  /** Who we are to the provider's introspection endpoint. */
  readonly clientId: string
  readonly clientSecret: string
  readonly clock: Clock
  /** An answer is used so long, which is how long a revocation goes unseen. Milliseconds. Default 30,000. */
  readonly freshMs?: number
  /** … and so long, since it was given, while the provider cannot be asked. Milliseconds. Default 300,000. */
  readonly staleMsMax?: number
  /** Answers kept; the one used longest ago is forgotten first. Default 10,000. */
  readonly entriesMax?: number
}

const defaults = { freshMs: 30_000, staleMsMax: 300_000, entriesMax: 10_000 } as const

export interface IntrospectedToken {
  readonly payload: VerifiedPayload
  /** Seconds since 1970 when the provider said so, if it cannot be asked now; undefined: within `freshMs`. */
  readonly asOf: number | undefined
}

type Verdict = { readonly is: 'active'; readonly payload: VerifiedPayload } | { readonly is: 'inactive' }
interface Entry {
  readonly verdict: Verdict
  readonly at: number
  readonly wallMs: number
}

/** Questions under way at once. */
const askingMax = 64
/** After the provider could not be asked, it is not asked for so long. */
const restMs = 5_000
/** What a provider says is believed for so long at most, also when it tells no end. Seconds. */
const trustedMax = 600
const clockSkewSeconds = 30
const lengthMax = 8_192

/**
 * Asks an OIDC provider about opaque tokens (RFC 7662). Answers are kept by the SHA-256 of the token. While the provider is down, what
 * it said lately goes on holding for a stated time and is marked with its age; nobody is let in whom it has not let in.
 */
export class TokenIntrospector {
  readonly #options: Required<TokenIntrospectorOptions>
  readonly #provider: ProviderConfiguration
  readonly #entries = new Map<string, Entry>()
  readonly #asking = new Map<string, Promise<Entry>>()
  #failure: unknown
  #failedAt = Number.NEGATIVE_INFINITY

  constructor(options: TokenIntrospectorOptions) {
    this.#options = { ...defaults, ...options }
    this.#provider = new ProviderConfiguration(options)
  }

  /** Why the provider could not be asked lately; undefined when it could. */
  get failure(): unknown {
    return this.#failure
  }

  /** What the provider says of the token. Rejects with UNAUTHENTICATED, AGENT_FAULT or OVERLOADED. */
  async introspect(token: string): Promise<IntrospectedToken> {
    if (token.length > lengthMax) throw unauthenticated(`${token.length} characters`)
    const { clock, freshMs, staleMsMax } = this.#options
    const key = createHash('sha256').update(token).digest('base64')
    const known = this.#entries.get(key)
    const age = clock.now() - (known?.at ?? Number.NEGATIVE_INFINITY)
    if (known !== undefined && age < freshMs) return this.#told(known, undefined)
    try {
      return this.#told(await this.#ask(key, token), undefined)
    } catch (failure) {
      const fault = failure instanceof EnneadError && failure.kind !== 'caller'
      if (!fault || known === undefined || age >= staleMsMax) throw failure
      return this.#told(known, Math.floor(known.wallMs / 1_000))
    }
  }

  #told({ verdict }: Entry, asOf: number | undefined): IntrospectedToken {
    const now = this.#options.clock.wall() / 1_000
    if (verdict.is === 'inactive' || verdict.payload.exp <= now) throw unauthenticated('not active')
    const exp = Math.min(verdict.payload.exp, now + trustedMax)
    return { payload: { ...verdict.payload, exp }, asOf }
  }

  /** One question at a time for a token, whoever asks. */
  #ask(key: string, token: string): Promise<Entry> {
    const waiting = this.#asking.get(key)
    if (waiting !== undefined) return waiting
    if (this.#asking.size >= askingMax)
      throw new EnneadError('OVERLOADED', `more than ${askingMax} tokens are being introspected; try again`)
    const asking = this.#fetch(token)
      .then(verdict => this.#keep(key, verdict))
      .finally(() => this.#asking.delete(key))
    this.#asking.set(key, asking)
    return asking
  }

  #keep(key: string, verdict: Verdict): Entry {
    const { clock, entriesMax } = this.#options
    const entry = { verdict, at: clock.now(), wallMs: clock.wall() }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const oldest = this.#entries.size > entriesMax ? this.#entries.keys().next().value : undefined
    if (oldest !== undefined) this.#entries.delete(oldest)
    return entry
  }

  async #fetch(token: string): Promise<Verdict> {
    const { clock } = this.#options
    if (clock.now() - this.#failedAt < restMs) throw unasked(this.#failure)
    let answer: IntrospectionResponse
    try {
      const configuration = await this.#provider.current()
      answer = await tokenIntrospection(configuration, token, { token_type_hint: 'access_token' })
    } catch (failure) {
      this.#failure = failure
      this.#failedAt = clock.now()
      throw unasked(failure)
    }
    this.#failure = undefined
    return this.#verdictOn(answer)
  }

  /** Whatever the provider does not say clearly is a refusal. */
  #verdictOn({ active, sub, aud, iss, exp, nbf, ...claims }: IntrospectionResponse): Verdict {
    const { issuer, audience, clock } = this.#options
    const now = clock.wall() / 1_000
    const forUs = aud === audience || (Array.isArray(aud) && aud.includes(audience))
    const right =
      active && typeof sub === 'string' && sub !== '' && forUs && (iss === undefined || iss === issuer)
    if (!right || (nbf !== undefined && nbf > now + clockSkewSeconds)) return { is: 'inactive' }
    // `client_id` and others come as they are; who reads one checks its type.
    const rest = claims as Readonly<Record<string, unknown>>
    return { is: 'active', payload: { ...rest, sub, iss: issuer, exp: exp ?? Number.POSITIVE_INFINITY } }
  }
}

/**
 * It is left alone by `restMs`, not by a breaker: that would be opened by strangers' tokens, and then shut out those whose answers are
 * known.
 */
function unasked(cause: unknown): EnneadError {
  const message = 'the identity provider could not be asked about a token'
  return new EnneadError('AGENT_FAULT', message, { cause, kind: 'overload' })
}

/** One text for every reason; the reason is for the log. */
function unauthenticated(reason: string): EnneadError {
  return new EnneadError('UNAUTHENTICATED', 'the access token is not valid or has expired; sign in again', {
    cause: reason,
  })
}

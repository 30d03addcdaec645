import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  None,
  allowInsecureRequests,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
} from 'openid-client'
import type { Clock } from '../clock.ts'
import { EnneadError } from '../errors.ts'
import { guardedFetch } from './guarded-fetch.ts'

export interface ProviderConfigurationOptions {
  /** The provider's issuer URL; one that `fetchableUrl` takes. */
  readonly issuer: string
  /** Who we are to the provider. */
  readonly clientId: string
  /** Undefined: a public client. */
  readonly clientSecret: string | undefined
  readonly clock: Clock
}

/** What a provider describes of itself is looked up anew after this long … */
const freshMs = 10 * 60_000
/** … and used for this long when that fails. */
const staleMsMax = 24 * 3_600_000
/** After a question, answered or not, none is asked for so long. */
const askAgainMs = 5_000
/** Of one request to the provider. Seconds. */
const requestSeconds = 3

/** A client of one OIDC provider (openid-client), found by discovery and kept. Requests are those of guarded-fetch.ts. */
export class ProviderConfiguration {
  readonly #options: ProviderConfigurationOptions
  #known: { readonly configuration: Configuration; readonly at: number } | undefined
  #asking: Promise<Configuration> | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  #failure: unknown

  constructor(options: ProviderConfigurationOptions) {
    this.#options = options
  }

  /** Rejects with AGENT_FAULT. */
  async current(): Promise<Configuration> {
    const now = this.#options.clock.now()
    const age = now - (this.#known?.at ?? Number.NEGATIVE_INFINITY)
    const mayAsk = this.#asking === undefined && now - this.#askedAt >= askAgainMs
    if (this.#known !== undefined && age < staleMsMax) {
      if (age >= freshMs && mayAsk) this.#ask().catch(() => undefined)
      return this.#known.configuration
    }
    if (this.#asking !== undefined || mayAsk) return this.#ask()
    throw fault(this.#failure)
  }

  /** One question at a time, whoever asks. */
  #ask(): Promise<Configuration> {
    const { clock } = this.#options
    this.#asking ??= this.#discover()
      .then(
        configuration => {
          this.#known = { configuration, at: clock.now() }
          return configuration
        },
        (failure: unknown) => {
          this.#failure = failure
          throw fault(failure)
        },
      )
      .finally(() => {
        this.#askedAt = clock.now()
        this.#asking = undefined
      })
    return this.#asking
  }

  #discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.#options
    const server = new URL(issuer)
    // `fetchableUrl` takes http on this machine only.
    const insecure = server.protocol === 'http:' ? [allowInsecureRequests] : []
    return discovery(server, clientId, {}, clientAuthentication(clientSecret), {
      execute: [enableNonRepudiationChecks, ...insecure],
      timeout: requestSeconds,
      [customFetch]: guardedFetch(server),
    })
  }
}

/** By Basic where the provider takes it, which is what those take that say nothing (OpenID Connect Discovery 1.0, 3). */
function clientAuthentication(secret: string | undefined): ClientAuth {
  if (secret === undefined) return None()
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)]
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    return (methods.includes('client_secret_basic') ? basic : post)(server, ...rest)
  }
}

function fault(cause: unknown): EnneadError {
  return new EnneadError('AGENT_FAULT', 'the identity provider could not be asked', { cause })
}

import {
  AuthorizationResponseError,
  ClientError,
  type Configuration,
  ResponseBodyError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  fetchUserInfo,
} from 'openid-client'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { ProviderConfiguration } from '../../../kernel/oidc/provider-configuration.ts'
import type { CheckedProvider } from './provider-options.ts'

/** What must be kept between sending somebody to the provider and their return. */
export interface Secrets {
  readonly state: string
  readonly nonce: string
  /** PKCE (RFC 7636). */
  readonly verifier: string
}

/** Who has signed in at the provider. */
export interface ProviderPerson {
  readonly issuer: string
  /** `sub` */
  readonly subject: string
  /** Only one that the provider says is verified. */
  readonly email: string | undefined
  readonly name: string | undefined
}

/** Why somebody who came back was not let in; what the audit log says. */
export type ReturnRefusal = 'denied' | 'state' | 'issuer' | 'nonce' | 'code' | 'token'

/**
 * One OIDC provider as a relying party sees it (openid-client): authorization code with PKCE S256, state, nonce and the `iss` parameter
 * of RFC 9207. ID tokens are checked by the provider's keys although they come over TLS.
 */
export class ProviderClient {
  readonly options: CheckedProvider
  readonly #provider: ProviderConfiguration

  constructor(options: CheckedProvider, clock: Clock) {
    const { issuer, clientId, clientSecret } = options
    this.options = options
    this.#provider = new ProviderConfiguration({ issuer, clientId, clientSecret, clock })
  }

  /** Where to send somebody who wants to sign in. Rejects with UNAVAILABLE. */
  async authorizationUrl({ state, nonce, verifier }: Secrets, redirectUri: string): Promise<URL> {
    const configuration = await this.configuration()
    return buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: this.options.scopes.join(' '),
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    })
  }

  /**
   * Who came back with this URL. Rejects with UNAVAILABLE, or FORBIDDEN with a `ReturnRefusal` as its cause.
   * @param configuration From before: it may have to be fetched, which must not use up the flow.
   */
  async personBehind(
    callback: URL,
    { state, nonce, verifier }: Secrets,
    configuration: Configuration,
  ): Promise<ProviderPerson> {
    try {
      const tokens = await authorizationCodeGrant(configuration, callback, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      })
      const claims = tokens.claims()
      if (claims === undefined) throw refusal('token', 'the provider sent no ID token')
      const { iss: issuer, sub: subject } = claims
      // Some providers tell the address only here.
      const more =
        claims['email'] === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
          ? await fetchUserInfo(configuration, tokens.access_token, subject)
          : {}
      const { email, email_verified: verified, name }: Record<string, unknown> = { ...more, ...claims }
      return {
        issuer,
        subject,
        email: verified === true && typeof email === 'string' ? email : undefined,
        name: typeof name === 'string' ? name : undefined,
      }
    } catch (failure) {
      throw this.#told(failure)
    }
  }

  /** What the provider describes of itself. Rejects with UNAVAILABLE. */
  configuration(): Promise<Configuration> {
    return this.#provider.current().catch((failure: unknown) => {
      throw this.#unavailable(failure)
    })
  }

  #told(failure: unknown): EnneadError {
    if (failure instanceof EnneadError) return failure
    if (failure instanceof AuthorizationResponseError)
      return refusal('denied', `the provider answered ${shown(failure.error)}`, failure)
    if (failure instanceof ResponseBodyError && failure.error === 'invalid_grant')
      return refusal('code', 'the code was used before or has expired; begin again', failure)
    const words = failure instanceof ClientError ? `${failure.message} ${String(failure.cause)}` : ''
    if (/"iss"|issuer/.test(words))
      return refusal('issuer', 'the answer is of another provider; begin again', failure)
    if (/"state"/.test(words))
      return refusal('state', 'the answer is not to this sign-in; begin again', failure)
    if (/nonce/.test(words))
      return refusal('nonce', 'the ID token is not of this sign-in; begin again', failure)
    if (failure instanceof ClientError && isAboutTheAnswer(failure.code))
      return refusal('token', 'what the provider answered is not valid; begin again', failure)
    return this.#unavailable(failure)
  }

  #unavailable(cause: unknown): EnneadError {
    const message = `the sign-in provider "${this.options.name}" cannot be asked; try again`
    return new EnneadError('UNAVAILABLE', message, { cause })
  }
}

/** The reason in a refusal of `personBehind`. */
export function returnRefusalOf(failure: unknown): ReturnRefusal | undefined {
  return failure instanceof EnneadError ? reasons.get(failure) : undefined
}

const reasons = new WeakMap<EnneadError, ReturnRefusal>()

function refusal(why: ReturnRefusal, message: string, cause?: unknown): EnneadError {
  const failure = new EnneadError('FORBIDDEN', message, { cause })
  reasons.set(failure, why)
  return failure
}

/** Codes of openid-client for answers that are there and wrong; the others mean that there was none. */
function isAboutTheAnswer(code: string | undefined): boolean {
  return (
    code === 'OAUTH_INVALID_RESPONSE' ||
    code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' ||
    code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED' ||
    code === 'OAUTH_KEY_SELECTION_FAILED' ||
    code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'
  )
}

/** An error code of RFC 6749, which a stranger may have written. */
function shown(code: string): string {
  return /^[a-z_]{1,40}$/.test(code) ? code : 'an error'
}

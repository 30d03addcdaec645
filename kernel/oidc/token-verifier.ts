import { type JWTPayload, type JWTVerifyGetKey, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { Clock } from '../clock.ts'
import { EnneadError } from '../errors.ts'
import { ProviderKeys } from './provider-keys.ts'

export interface TokenVerifierOptions {
  /** The provider's issuer URL, as its tokens have it in `iss`; one that `fetchableUrl` takes. */
  readonly issuer: string
  /** What its tokens must have in `aud`. */
  readonly audience: string
  readonly clock: Clock
}

/** What a token says that was verified. */
export interface VerifiedPayload extends JWTPayload {
  readonly sub: string
  /** Seconds since 1970. */
  readonly exp: number
}

/** Public-key algorithms only: a secret shared with a provider is never a key here. */
const algorithms = ['ES256', 'ES384', 'ES512', 'EdDSA', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']
/** `at+jwt` by RFC 9068, `JWT` by most providers, none by some; anything else is a token for another purpose. */
const types = new Set<unknown>(['at+jwt', 'application/at+jwt', 'jwt', undefined])
const clockSkewSeconds = 30
const tokenLengthMax = 8_192

/** Checks JWTs (RFC 7519) of one OIDC provider by its published keys, which are found by discovery and kept. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions
  readonly #provider: ProviderKeys

  constructor(options: TokenVerifierOptions) {
    this.#options = options
    this.#provider = new ProviderKeys(options.issuer, options.clock)
  }

  /** Why the provider's keys could not be had lately. */
  get failure(): unknown {
    return this.#provider.failure
  }

  /**
   * What the token says, if signature, issuer, audience and times hold. Rejects with UNAUTHENTICATED if they do not, with
   * AGENT_FAULT when the provider's keys cannot be had.
   */
  async verify(token: string): Promise<VerifiedPayload> {
    refuseForeignType(token)
    const keys = await this.#provider.current()
    try {
      return await this.#verifyWith(token, keys)
    } catch (failure) {
      const renewed = failure instanceof errors.JWKSNoMatchingKey ? await this.#provider.renewed() : undefined
      if (renewed === undefined) throw unauthenticated(failure)
      return this.#verifyWith(token, renewed).catch((again: unknown) =>
        Promise.reject(unauthenticated(again)),
      )
    }
  }

  close(): void {
    this.#provider.close()
  }

  async #verifyWith(token: string, keys: JWTVerifyGetKey): Promise<VerifiedPayload> {
    const { issuer, audience, clock } = this.#options
    const { payload } = await jwtVerify(token, keys, {
      algorithms,
      issuer,
      audience,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(clock.wall()),
    })
    const { sub, exp } = payload
    if (typeof sub !== 'string' || sub === '' || typeof exp !== 'number') throw new TypeError('no sub or exp')
    return { ...payload, sub, exp }
  }
}

function refuseForeignType(token: string): void {
  if (token.length > tokenLengthMax) throw unauthenticated(`${token.length} characters`)
  let type: unknown
  try {
    type = decodeProtectedHeader(token).typ
  } catch (failure) {
    throw unauthenticated(failure)
  }
  if (!types.has(typeof type === 'string' ? type.toLowerCase() : type)) throw unauthenticated('typ')
}

/** One text for every reason; the reason is for the log. */
function unauthenticated(reason: unknown): EnneadError {
  return new EnneadError('UNAUTHENTICATED', 'the access token is not valid or has expired; sign in again', {
    cause: reason,
  })
}

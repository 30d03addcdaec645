import type { Configuration } from 'openid-client'
import { randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import { SeenNonces } from '../../../kernel/seen-nonces.ts'
import { membershipIn } from '../agents/directory-operations.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Directories } from '../directory/directories.ts'
import { currentMember } from '../directory/grants.ts'
import {
  type Caller,
  type Sessions,
  type SignInOutcome,
  type SignedIn,
  tooManySignIns,
} from '../sign-in/sessions.ts'
import type { SignInThrottle } from '../sign-in/throttle.ts'
import type { SigningKeys } from '../tokens/signing-keys.ts'
import type { Identities } from './identities.ts'
import { ProviderClient, type ReturnRefusal, returnRefusalOf } from './provider-client.ts'
import type { CheckedProvider } from './provider-options.ts'
import { type SignInFlow, openFlow, sealFlow } from './sign-in-flow.ts'

export interface StartInput {
  /** Name of the provider. */
  readonly provider: string
  readonly redirectUri: string
  readonly workspace: string | undefined
  readonly invitation: string | undefined
  /** The signed-in user wants to sign in this way as well. */
  readonly link: boolean
}

export interface StartedSignIn {
  readonly authorizationUrl: string
  /** For `complete`; kept by the client where the sign-in began. */
  readonly flow: string
  /** ISO 8601. */
  readonly expiresAt: string
}

export interface ProviderSignInParts {
  readonly providers: readonly CheckedProvider[]
  readonly identities: Pick<Identities, 'enter'>
  readonly sessions: Pick<Sessions, 'begin'>
  readonly directories: Pick<Directories, 'best'>
  readonly keys: SigningKeys
  /** Of returns, by address. */
  readonly throttle: SignInThrottle
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
}

const flowLifeMs = 10 * 60_000
const usedMax = 100_000
/** Returns that wait for a provider at once. */
const exchangesMax = 64
const textMax = 2_048

/**
 * Signing in at an OIDC provider: `start` says where to go, `complete` takes who comes back and begins a session of ours. What is
 * between the two is sealed into a text that only the client that began has (sign-in-flow.ts).
 */
export class ProviderSignIn {
  readonly #parts: ProviderSignInParts
  readonly #clients: ReadonlyMap<string, ProviderClient>
  readonly #used = new SeenNonces({ lifeMs: flowLifeMs, entriesMax: usedMax })
  #exchanges = 0

  constructor(parts: ProviderSignInParts) {
    this.#parts = parts
    this.#clients = new Map(parts.providers.map(one => [one.name, new ProviderClient(one, parts.clock)]))
  }

  get providers(): readonly CheckedProvider[] {
    return this.#parts.providers
  }

  /** Rejects with NOT_FOUND, BAD_USER_INPUT, FORBIDDEN or UNAVAILABLE. */
  async start(input: StartInput, by: ActorPrincipal | undefined): Promise<StartedSignIn> {
    const { provider, redirectUri, workspace, invitation, link } = input
    const client = this.#clients.get(provider)
    if (client === undefined) throw new EnneadError('NOT_FOUND', 'there is no such sign-in provider')
    if (!client.options.redirectUris.includes(redirectUri))
      throw new EnneadError('BAD_USER_INPUT', 'redirectUri is none of those that are set for this provider')
    if ((workspace?.length ?? 0) > 63 || (invitation?.length ?? 0) > 200)
      throw new EnneadError('BAD_USER_INPUT', 'workspace or invitation is too long')
    if (link && by === undefined) throw new EnneadError('FORBIDDEN', 'sign in to link another sign-in')
    const secrets = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() }
    const url = await client.authorizationUrl(secrets, redirectUri)
    const { clock, keys } = this.#parts
    const begunMs = clock.wall()
    const flow: SignInFlow = {
      ...secrets,
      provider,
      redirectUri,
      begunMs,
      ...(workspace === undefined ? {} : { workspace }),
      ...(invitation === undefined ? {} : { invitation }),
      ...(link && by !== undefined ? { linkTo: by.actorId } : {}),
    }
    const expiresAt = new Date(begunMs + flowLifeMs).toISOString()
    return { authorizationUrl: url.href, flow: sealFlow(flow, keys), expiresAt }
  }

  /**
   * The session of who came back with `callbackUrl`. A flow works once. Rejects with FORBIDDEN, BAD_USER_INPUT, UNAVAILABLE or
   * OVERLOADED; each refusal is in the audit log.
   */
  async complete(
    given: { readonly flow: string; readonly callbackUrl: string },
    by: ActorPrincipal | undefined,
    caller: Caller,
  ): Promise<SignInOutcome> {
    const flow = openFlow(given.flow, this.#parts.keys)
    const client = flow && this.#clients.get(flow.provider)
    const admission = this.#parts.throttle.admit(flow?.state ?? 'unreadable', caller.address)
    if (admission === undefined) {
      await this.#told(flow?.provider ?? '', 'throttled', caller)
      return tooManySignIns
    }
    if (flow === undefined || client === undefined) {
      await this.#told('', 'flow', caller)
      throw wrongFlow()
    }
    try {
      const signedIn = await this.#complete(client, flow, given.callbackUrl, by, caller)
      admission.takeBack()
      return signedIn
    } catch (failure) {
      if (!(failure instanceof EnneadError)) throw failure
      if (failure.code === 'UNAVAILABLE' || failure.code === 'OVERLOADED') admission.takeBack()
      if (failure.code !== 'FORBIDDEN') throw failure
      const why = returnRefusalOf(failure) ?? (flows.has(failure) ? 'flow' : 'unknown')
      await this.#told(flow.provider, why, caller)
      throw failure
    }
  }

  async #complete(
    client: ProviderClient,
    flow: SignInFlow,
    callbackUrl: string,
    by: ActorPrincipal | undefined,
    caller: Caller,
  ): Promise<SignedIn> {
    const { clock, identities, sessions, directories } = this.#parts
    const { state, begunMs, redirectUri, linkTo, invitation, workspace } = flow
    const callback = callbackUrl.length > textMax * 2 ? null : URL.parse(callbackUrl)
    const nowMs = clock.wall()
    if (callback === null || `${callback.origin}${callback.pathname}` !== normal(redirectUri))
      throw wrongFlow()
    if (nowMs > begunMs + flowLifeMs || nowMs < begunMs - 60_000) throw wrongFlow()
    if (linkTo !== undefined && by?.actorId !== linkTo) throw wrongFlow()
    const configuration = await client.configuration()
    if (!this.#used.pass(state, begunMs, nowMs)) throw wrongFlow()
    const person = await this.#exchange(client, callback, flow, configuration)
    const coming = { person, linkTo, invitation, join: client.options.join }
    const { user, workspaceId } = await identities.enter(coming, caller)
    const store = directories.best()
    const member =
      workspaceId === undefined
        ? membershipIn(store, user.id, workspace)
        : currentMember(store, workspaceId, user.id)
    if (member === undefined)
      throw new EnneadError('FORBIDDEN', 'you are not a member of this workspace; ask for an invitation')
    return sessions.begin(member, caller, flow.provider)
  }

  async #exchange(
    client: ProviderClient,
    callback: URL,
    flow: SignInFlow,
    configuration: Configuration,
  ): ReturnType<ProviderClient['personBehind']> {
    if (this.#exchanges >= exchangesMax)
      throw new EnneadError('OVERLOADED', 'too many people are coming back from sign-in providers; try again')
    this.#exchanges++
    try {
      return await client.personBehind(callback, flow, configuration)
    } finally {
      this.#exchanges--
    }
  }

  #told(
    provider: string,
    why: ReturnRefusal | 'flow' | 'unknown' | 'throttled',
    caller: Caller,
  ): Promise<void> {
    return this.#parts.audit.append({ kind: 'PROVIDER_SIGN_IN_REFUSED', provider, why }, caller)
  }
}

const flows = new WeakSet<EnneadError>()

function wrongFlow(): EnneadError {
  const message = 'this sign-in was begun elsewhere, was used, or is older than 10 minutes; begin again'
  const failure = new EnneadError('FORBIDDEN', message)
  flows.add(failure)
  return failure
}

/** As URL writes origin and path. */
function normal(redirectUri: string): string {
  const url = new URL(redirectUri)
  return `${url.origin}${url.pathname}`
}

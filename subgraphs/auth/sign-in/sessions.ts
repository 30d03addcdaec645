import type { CallOptions, Dispatcher } from '../../../dispatch/port.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { newGlobalId } from '../../../kernel/global-id.ts'
import type { Log } from '../../../kernel/log.ts'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import { grantOf } from '../abilities.ts'
import { accountOf } from '../audit/audit-entry.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Authority, MemberRecord, SessionRecord } from '../authority.ts'
import { normalEmail } from '../directory/directory-store.ts'
import type { TokenAudience } from '../tokens/access-claims.ts'
import { signAccessToken } from '../tokens/access-token.ts'
import {
  hashSecret,
  newFamily,
  newSecret,
  readRefreshToken,
  standingOf,
  writeRefreshToken,
} from '../tokens/refresh-token.ts'
import type { SigningKeys } from '../tokens/signing-keys.ts'
import { oneAtATime } from './one-at-a-time.ts'
import type { ThreatWatch } from '../threats/threat-watch.ts'
import type { SignInThrottle } from './throttle.ts'

export interface SignInInput {
  readonly email: string
  readonly password: string
  /** Slug; undefined: the workspace joined first. */
  readonly workspace: string | undefined
}

/** Who asks, for throttling and the session list. */
export interface Caller {
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
  readonly call?: CallOptions
}

export interface SignedIn {
  readonly is: 'signedIn'
  readonly accessToken: string
  readonly refreshToken: string
  /** When the access token ends, ISO 8601. */
  readonly expiresAt: string
  readonly principal: ActorPrincipal
}

/** A refusal says nothing about whether an account or a session exists. */
export type SignInOutcome =
  SignedIn | { readonly is: 'refused'; readonly code: 'FORBIDDEN' | 'RATE_LIMITED'; readonly message: string }

export interface SessionsParts {
  readonly authority: Dispatcher<Authority>
  readonly keys: SigningKeys
  readonly audience: TokenAudience
  readonly throttle: SignInThrottle
  readonly audit: Pick<AuditLog, 'append'>
  readonly threats: Pick<ThreatWatch, 'passwordRefused' | 'refreshReplayed'>
  readonly clock: Clock
  readonly log: Log
  /** Milliseconds. */
  readonly accessLifeMs: number
  /** Milliseconds from the last refresh. */
  readonly sessionLifeMs: number
}

const emailMax = 254
const passwordMax = 1_024
const userAgentMax = 300
/** Of one user in one workspace; the one more ends the oldest. */
const liveSessionsMax = 100
/** A hundred sessions each; nobody has so many that this is not all. */
const endRoundsMax = 100
/** Of one session at once. */
const refreshesWaitingMax = 32

export const wrongSignIn = {
  is: 'refused',
  code: 'FORBIDDEN',
  message: 'e-mail address, password or workspace is wrong',
} as const
export const tooManySignIns = {
  is: 'refused',
  code: 'RATE_LIMITED',
  message: 'too many sign-ins have failed; wait and try again',
} as const
export const wrongRefreshToken = {
  is: 'refused',
  code: 'FORBIDDEN',
  message: 'the refresh token is not valid or was used before; sign in again',
} as const

/** Begins, prolongs and ends sessions. */
export class Sessions {
  readonly #parts: SessionsParts
  /** Of one session, one refresh after the other: of two uses of a token exactly one is the first. */
  readonly #inTurn = oneAtATime(refreshesWaitingMax)

  constructor(parts: SessionsParts) {
    this.#parts = parts
  }

  /** Rejects only when the domain cannot tell (UNAVAILABLE and the like); that does not count as a failed try. */
  async signIn(input: SignInInput, caller: Caller): Promise<SignInOutcome> {
    const { authority, throttle, log, audit, threats } = this.#parts
    if (input.email.length > emailMax || input.password.length > passwordMax) return wrongSignIn
    const email = normalEmail(input.email)
    const refused = { kind: 'SIGN_IN_REFUSED', account: accountOf(email) } as const
    const admission = throttle.admit(email, caller.address)
    if (admission === undefined) {
      log.warn('auth.sign-in.throttled', { address: caller.address })
      threats.passwordRefused(email, caller)
      await audit.append({ ...refused, why: 'throttled' }, caller)
      return tooManySignIns
    }
    try {
      const { member } = await authority.call('verifyPassword', input, caller.call)
      admission.takeBack()
      return await this.begin(member, caller)
    } catch (failure) {
      if (failure instanceof EnneadError && failure.code === 'UNAUTHENTICATED') {
        log.info('auth.sign-in.failed', { address: caller.address })
        threats.passwordRefused(email, caller)
        await audit.append({ ...refused, why: 'wrong' }, caller)
        return wrongSignIn
      }
      admission.takeBack()
      throw failure
    }
  }

  /** A new session for a member; who they are has been established, at an OIDC provider if one is named. */
  async begin(member: MemberRecord, caller: Caller, provider?: string): Promise<SignedIn> {
    const { authority, clock, sessionLifeMs } = this.#parts
    const { userId, workspaceId } = member
    const wallMs = clock.wall()
    const now = new Date(wallMs).toISOString()
    const session = {
      kind: 'session',
      id: newGlobalId('Session', wallMs),
      generation: 1,
      userId,
      workspaceId,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: new Date(wallMs + sessionLifeMs).toISOString(),
      userAgent: caller.userAgent?.slice(0, userAgentMax) ?? null,
      revokedAt: null,
    } as const
    const live = await authority.call('sessions', { userId, workspaceId }, caller.call)
    const ended = live.slice(liveSessionsMax - 1).map(oldest => ({ ...oldest, revokedAt: now }))
    const signedIn = await this.#issue(session, newFamily(), member, ended, caller)
    const event = { kind: 'SIGNED_IN', userId, workspaceId, sessionId: session.id } as const
    await this.#parts.audit.append(provider === undefined ? event : { ...event, provider }, caller)
    return signedIn
  }

  /**
   * A new pair of tokens for a refresh token, which works once: there is no grace for a second use, not even one that
   * comes at once. A second use means that two parties hold it, so the session ends for both.
   */
  async refresh(refreshToken: string, caller: Caller): Promise<SignInOutcome> {
    const token = readRefreshToken(refreshToken)
    if (token === undefined) return wrongRefreshToken
    return this.#inTurn(token.sessionId, async () => {
      const { authority, clock, log, sessionLifeMs } = this.#parts
      const session = await authority.call('session', token.sessionId, caller.call)
      const standing = session === undefined ? 'unknown' : standingOf(token, session)
      if (session === undefined || standing === 'unknown') return wrongRefreshToken
      if (standing === 'replayed') {
        log.warn('auth.refresh.replayed', {
          sessionId: session.id,
          userId: session.userId,
          address: caller.address,
        })
        this.#parts.threats.refreshReplayed(session, caller)
        await this.#revoke(session, caller, 'replayed')
        return wrongRefreshToken
      }
      const { userId, workspaceId } = session
      const wallMs = clock.wall()
      const live = session.revokedAt === null && Date.parse(session.expiresAt) > wallMs
      const member = live ? await authority.call('member', { userId, workspaceId }, caller.call) : undefined
      if (member === undefined) return wrongRefreshToken
      const next = {
        ...session,
        generation: session.generation + 1,
        lastSeenAt: new Date(wallMs).toISOString(),
        expiresAt: new Date(wallMs + sessionLifeMs).toISOString(),
      }
      return this.#issue(next, token.family, member, [], caller)
    })
  }

  /** Ends the session of a principal; false when it came with none. Its access token is refused from then on. */
  async signOut(principal: ActorPrincipal, caller: Caller): Promise<boolean> {
    if (principal.sessionId === undefined) return false
    const session = await this.#parts.authority.call('session', principal.sessionId, caller.call)
    if (session === undefined) return false
    await this.#revoke(session, caller, 'signedOut')
    return true
  }

  /** Ends a session of the principal's user, on whichever device and in whichever workspace. Rejects with NOT_FOUND. */
  async end({ actorId }: ActorPrincipal, sessionId: string, caller: Caller): Promise<number> {
    const session = await this.#parts.authority.call('session', sessionId, caller.call)
    // Of somebody else is as good as not there.
    if (session?.userId !== actorId) throw new EnneadError('NOT_FOUND', 'there is no such session')
    return (await this.#revoke(session, caller, 'elsewhere')) ? 1 : 0
  }

  /** Ends every session of the principal's user; answers how many. One that begins meanwhile may stay. */
  async endAll(
    { actorId, sessionId }: ActorPrincipal,
    keepCurrent: boolean,
    caller: Caller,
  ): Promise<number> {
    let ended = 0
    const query = { userId: actorId, workspaceId: undefined }
    for (let round = 0; round < endRoundsMax; round++) {
      const live = await this.#parts.authority.call('sessions', query, caller.call)
      const others = live.filter(({ id }) => !keepCurrent || id !== sessionId)
      if (others.length === 0) return ended
      const done = await Promise.all(others.map(session => this.#revoke(session, caller, 'elsewhere')))
      ended += done.filter(Boolean).length
    }
    return ended
  }

  /** False: it had ended before. */
  async #revoke(
    session: SessionRecord,
    caller: Caller,
    why: 'signedOut' | 'elsewhere' | 'replayed',
  ): Promise<boolean> {
    if (session.revokedAt !== null) return false
    const { userId, workspaceId } = session
    const revokedAt = new Date(this.#parts.clock.wall()).toISOString()
    await this.#parts.authority.call('put', [{ ...session, revokedAt }], caller.call)
    await this.#parts.audit.append(
      { kind: 'SESSION_ENDED', sessionId: session.id, userId, workspaceId, why },
      caller,
    )
    return true
  }

  async #issue(
    session: Omit<SessionRecord, 'familyHash' | 'secretHash'>,
    family: string,
    member: MemberRecord,
    others: readonly SessionRecord[],
    caller: Caller,
  ): Promise<SignedIn> {
    const { authority, keys, audience, clock, accessLifeMs } = this.#parts
    const { userId, workspaceId, id: sessionId, generation } = session
    const secret = newSecret()
    const stored = { ...session, familyHash: hashSecret(family), secretHash: hashSecret(secret) }
    // Tokens for a session that is not stored yet would be refused at their first use.
    await authority.call('put', [stored, ...others], caller.call)
    const issuedAt = Math.floor(clock.wall() / 1000)
    const expiresAt = issuedAt + Math.floor(accessLifeMs / 1000)
    const projects = await authority.call('projectRoles', { workspaceId, actorId: userId }, caller.call)
    const grant = grantOf(member.role, workspaceId, userId, projects)
    const claims = { userId, workspaceId, sessionId, expiresAt, ...grant }
    return {
      is: 'signedIn',
      accessToken: signAccessToken(keys.newest, claims, audience, issuedAt),
      refreshToken: writeRefreshToken({ sessionId, generation, family, secret }),
      expiresAt: new Date(expiresAt * 1000).toISOString(),
      principal: {
        kind: 'actor',
        actorId: userId,
        workspaceId,
        sessionId,
        expiresAt,
        source: 'auth',
        ...grant,
      },
    }
  }
}

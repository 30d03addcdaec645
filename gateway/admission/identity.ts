import { hash } from 'node:crypto'
import type { Clock } from '../../kernel/clock.ts'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { ClientPrincipal } from '../../kernel/principal.ts'
import { untilAborted } from '../../kernel/until-aborted.ts'

/**
 * Finds out who a bearer token stands for. Rejects with UNAUTHENTICATED when the token is not valid; any
 * other rejection means that the question could not be answered. `signal` aborts when nobody waits any more.
 * `requestId` is the request that asks first.
 */
export type Identify = (token: string, signal: AbortSignal, requestId?: string) => Promise<ClientPrincipal>

export interface IdentityOptions {
  readonly identify: Identify
  /** Longest time an answer is kept, milliseconds; the principal's own expiry ends it earlier. 0: every request asks. Default 10,000. */
  readonly lifeMs?: number
  /**
   * How long a refusal is kept at first, milliseconds; twice as long each time that the credential comes again and is refused again, so
   * that a right one is found out after twice the time that it took to become so. Default 1,000.
   */
  readonly refusedLifeMs?: number
  /** … up to this, milliseconds. Default 30,000. */
  readonly refusedLifeMsMax?: number
  /** Answers kept; the least recently used goes first. Default 10,000. */
  readonly entriesMax?: number
  /** Questions open at once; more are refused with OVERLOADED. Default 1,000. */
  readonly lookupsMax?: number
  /** Longest token, characters. A longer one is refused unread. Default 8,192. */
  readonly tokenLengthMax?: number
  readonly clock?: Clock
}

const defaults = {
  lifeMs: 10_000,
  refusedLifeMs: 1_000,
  refusedLifeMsMax: 30_000,
  entriesMax: 10_000,
  lookupsMax: 1_000,
  tokenLengthMax: 8_192,
  clock: systemClock,
} as const

/** Who a credential stands for. */
export interface Identity {
  /**
   * The principal of an `Authorization` value; undefined when there is none. Rejects with UNAUTHENTICATED (one text for
   * every reason), UNAVAILABLE, OVERLOADED, or the signal's reason when the caller leaves. Nobody becomes anonymous
   * because a credential could not be checked.
   */
  principalOf(
    authorization: string | undefined,
    signal: AbortSignal,
    requestId?: string,
  ): Promise<ClientPrincipal | undefined>
  /** The same, by an answer of the authority that is not older than `ageMsMax` milliseconds. */
  recheck(
    authorization: string | undefined,
    signal: AbortSignal,
    ageMsMax: number,
  ): Promise<ClientPrincipal | undefined>
}

type Verdict = { readonly kind: 'known'; readonly principal: ClientPrincipal } | { readonly kind: 'refused' }

interface Entry {
  readonly verdict: Verdict
  readonly since: number
  readonly until: number
}

/** One question to the authority that any number of callers wait for. */
interface Lookup {
  readonly answer: Promise<Verdict>
  readonly abort: AbortController
  waiting: number
}

/** Remembers principals by the SHA-256 of their token, so that memory holds no credential. */
export function createIdentity(options: IdentityOptions): Identity {
  const settled = { ...defaults, ...options }
  const { identify, lifeMs, refusedLifeMs, refusedLifeMsMax, entriesMax, clock } = settled
  const { lookupsMax, tokenLengthMax } = settled
  for (const [name, value] of Object.entries({
    lifeMs,
    refusedLifeMs,
    refusedLifeMsMax,
    entriesMax,
    lookupsMax,
    tokenLengthMax,
  })) {
    const min = name === 'lifeMs' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < min) {
      throw new EnneadError('BAD_OPTION', `${name} must be an integer >= ${min}, got ${value}`)
    }
  }
  const entries = new Map<string, Entry>()
  const lookups = new Map<string, Lookup>()

  /** Whoever goes on with a credential that is refused is answered from memory for longer and longer. */
  const refusalLife = (before: Entry | undefined, now: number): number => {
    if (before?.verdict.kind !== 'refused' || now - before.until > refusedLifeMsMax) return refusedLifeMs
    return Math.min(2 * (before.until - before.since), Math.max(refusedLifeMs, refusedLifeMsMax))
  }

  const remember = (key: string, verdict: Verdict): void => {
    const since = clock.now()
    const before = entries.get(key)
    entries.delete(key)
    if (lifeMs === 0 && verdict.kind === 'known') return
    const life =
      verdict.kind === 'known'
        ? Math.min(lifeMs, verdict.principal.expiresAt * 1000 - clock.wall())
        : refusalLife(before, since)
    entries.set(key, { verdict, since, until: since + life })
    const oldest = entries.size > entriesMax ? entries.keys().next().value : undefined
    if (oldest !== undefined) entries.delete(oldest)
  }

  const remembered = (key: string, ageMsMax: number): Verdict | undefined => {
    const entry = entries.get(key)
    if (entry === undefined || clock.now() - entry.since > ageMsMax) return undefined
    entries.delete(key)
    const over = entry.until <= clock.now()
    if (over && entry.verdict.kind === 'known') return undefined
    // Put back last: the Map's order is the order of use. A wall clock that jumped must not keep a token alive.
    entries.set(key, entry)
    if (over) return undefined
    const expired = entry.verdict.kind === 'known' && entry.verdict.principal.expiresAt * 1000 <= clock.wall()
    return expired ? { kind: 'refused' } : entry.verdict
  }

  const begin = (key: string, token: string, requestId: string | undefined): Lookup => {
    if (lookups.size >= lookupsMax) {
      throw new EnneadError('OVERLOADED', `more than ${lookupsMax} credentials are being checked, try again`)
    }
    const abort = new AbortController()
    const answer = ask(identify, token, abort.signal, clock, requestId)
      .then(verdict => {
        remember(key, verdict)
        return verdict
      })
      .finally(() => {
        if (lookups.get(key) === lookup) lookups.delete(key)
      })
    // Every waiter may have left before it settles; each of them has its own rejection.
    answer.catch(() => undefined)
    const lookup: Lookup = { answer, abort, waiting: 0 }
    lookups.set(key, lookup)
    return lookup
  }

  const waitFor = async (
    key: string,
    token: string,
    signal: AbortSignal,
    requestId: string | undefined,
  ): Promise<Verdict> => {
    const lookup = lookups.get(key) ?? begin(key, token, requestId)
    lookup.waiting += 1
    try {
      return await untilAborted(lookup.answer, signal)
    } finally {
      lookup.waiting -= 1
      if (lookup.waiting === 0) {
        // A caller who comes now must ask again instead of joining a question that is being taken back.
        if (lookups.get(key) === lookup) lookups.delete(key)
        lookup.abort.abort()
      }
    }
  }

  const verdictOn = async (
    authorization: string | undefined,
    signal: AbortSignal,
    ageMsMax: number,
    requestId?: string,
  ): Promise<ClientPrincipal | undefined> => {
    if (authorization === undefined) return undefined
    signal.throwIfAborted()
    const verdict =
      knownAsWritten(authorization, ageMsMax) ??
      (await verdictOnToken(authorization, signal, ageMsMax, requestId))
    if (verdict.kind === 'refused') throw refused()
    return verdict.principal
  }

  /** What nearly all clients send needs no look at its letters: only a token that had the right form is remembered. */
  const knownAsWritten = (authorization: string, ageMsMax: number): Verdict | undefined =>
    authorization.startsWith(usualScheme) && authorization.length <= usualScheme.length + tokenLengthMax
      ? remembered(keyOf(authorization.slice(usualScheme.length)), ageMsMax)
      : undefined

  const verdictOnToken = async (
    authorization: string,
    signal: AbortSignal,
    ageMsMax: number,
    requestId: string | undefined,
  ): Promise<Verdict> => {
    const token = bearerToken(authorization, tokenLengthMax)
    if (token === undefined) throw refused()
    const key = keyOf(token)
    return remembered(key, ageMsMax) ?? waitFor(key, token, signal, requestId)
  }

  return {
    principalOf: (authorization, signal, requestId) => verdictOn(authorization, signal, Infinity, requestId),
    recheck: verdictOn,
  }
}

const usualScheme = 'Bearer '

/** SHA-256, as text of one byte a character: the quickest form to make. */
function keyOf(token: string): string {
  return hash('sha256', token, 'binary')
}

async function ask(
  identify: Identify,
  token: string,
  signal: AbortSignal,
  clock: Clock,
  requestId: string | undefined,
): Promise<Verdict> {
  try {
    const principal = await identify(token, signal, requestId)
    return principal.expiresAt * 1000 > clock.wall() ? { kind: 'known', principal } : { kind: 'refused' }
  } catch (failure) {
    if (failure instanceof EnneadError) {
      if (failure.code === 'UNAUTHENTICATED') return { kind: 'refused' }
      if (failure.code === 'OVERLOADED') throw failure
    }
    throw new EnneadError('UNAVAILABLE', 'the credential could not be checked, try again', { cause: failure })
  }
}

/** The token of an RFC 6750 `Bearer` credential; undefined when it is none. */
function bearerToken(authorization: string, lengthMax: number): string | undefined {
  if (authorization.length > lengthMax + 16) return undefined
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(authorization)?.[1]
  return token === undefined || token.length > lengthMax ? undefined : token
}

function refused(): EnneadError {
  return new EnneadError('UNAUTHENTICATED', 'the credential is not valid')
}

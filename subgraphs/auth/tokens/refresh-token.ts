import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { SessionRecord } from '../authority.ts'

/**
 * `<session id>.<generation>.<secret>`. The secret has two parts: one that all tokens of the session share, one of this
 * generation only. The stores hold a hash of each.
 */
export interface RefreshToken {
  readonly sessionId: string
  readonly generation: number
  readonly family: string
  readonly secret: string
}

/**
 * What a refresh token is to its session: `current` works once · `replayed` was used before, so somebody else has it ·
 * `unknown` was never issued.
 */
export type RefreshStanding = 'current' | 'replayed' | 'unknown'

const familyBytes = 16
const secretBytes = 32
const form = /^(session_[0-9a-z]{26})\.(\d{1,10})\.([\w-]{22})([\w-]{43})$/

export function newFamily(): string {
  return randomBytes(familyBytes).toString('base64url')
}

export function newSecret(): string {
  return randomBytes(secretBytes).toString('base64url')
}

export function writeRefreshToken(token: RefreshToken): string {
  return `${token.sessionId}.${token.generation}.${token.family}${token.secret}`
}

/** The parts of a refresh token, or undefined when it does not have its form. */
export function readRefreshToken(text: string): RefreshToken | undefined {
  // The longest one has 114 characters.
  const [, sessionId, generation, family, secret] = (text.length <= 128 && form.exec(text)) || []
  if (sessionId === undefined || generation === undefined || family === undefined || secret === undefined) {
    return undefined
  }
  return { sessionId, generation: Number(generation), family, secret }
}

/**
 * Only who has held a token of the session knows its shared part, so only they can end it by a replay; a stranger who
 * knows the session's id cannot.
 */
export function standingOf(token: RefreshToken, session: SessionRecord): RefreshStanding {
  if (!sameHash(token.family, session.familyHash)) return 'unknown'
  if (token.generation > session.generation) return 'unknown'
  const current = token.generation === session.generation && sameHash(token.secret, session.secretHash)
  return current ? 'current' : 'replayed'
}

/** SHA-256 of a secret; it has 128 bits of chance or more, so nothing slower is needed. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/** Does `secret` have this hash? Takes the same time for every answer. */
export function sameHash(secret: string, hash: string): boolean {
  const given = Buffer.from(hashSecret(secret))
  const wanted = Buffer.from(hash)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

import type { ActorPrincipal } from '../../../kernel/principal.ts'
import { narrowGrant } from '../abilities.ts'
import type { DirectoryStore } from '../directory/directory-store.ts'
import { grantToday } from '../directory/grants.ts'
import { unauthenticated } from '../tokens/access-claims.ts'
import { sameHash } from '../tokens/refresh-token.ts'
import { readApiKey } from './key-text.ts'

/** How long what a key may do is trusted without being looked up again, e.g. on a socket. Seconds. */
const trustedMax = 600

/**
 * Who an API key acts for, by what the directory says now: the role its maker or service account has today, within the scopes of the key. Throws
 * UNAUTHENTICATED.
 */
export function principalOfKey(
  store: DirectoryStore,
  credential: string,
  source: string,
  wallMs: number,
): ActorPrincipal {
  const text = readApiKey(credential)
  const key = text && store.get('apiKey', text.id)
  if (text === undefined || key === undefined || !sameHash(text.secret, key.secretHash))
    throw unauthenticated('there is no such API key')
  if (key.revokedAt !== null) throw unauthenticated('the API key was revoked')
  const expiresMs = Date.parse(key.expiresAt)
  if (expiresMs <= wallMs) throw unauthenticated('the API key has expired')
  const { userId, workspaceId } = key
  const whole = grantToday(store, workspaceId, userId)
  if (whole === undefined) throw unauthenticated('no longer a member, or disabled')
  return {
    kind: 'actor',
    actorId: userId,
    workspaceId,
    sessionId: undefined,
    keyId: key.id,
    expiresAt: Math.floor(Math.min(expiresMs, wallMs + trustedMax * 1_000) / 1_000),
    source,
    ...narrowGrant(whole, key.scopes, workspaceId, userId),
  }
}

import type { Agent } from '../../../../dispatch/port.ts'
import type { Clock } from '../../../../kernel/clock.ts'
import { looksLikeApiKey } from '../../api-keys/key-text.ts'
import type { Authority } from '../../authority.ts'
import type { TokenAudience } from '../../tokens/access-claims.ts'
import { EnneadError } from '../../../../kernel/errors.ts'
import { unauthenticated } from '../../tokens/access-claims.ts'
import { type RecentEndings, makingMax } from '../../tokens/recent-endings.ts'
import { verifyAccessToken } from '../../tokens/access-token.ts'
import type { SigningKeys } from '../../tokens/signing-keys.ts'

export interface JwtAgentOptions {
  readonly keys: SigningKeys
  readonly audience: TokenAudience
  readonly clock: Clock
  /** What has ended since a token was made, as far as this process knows. */
  readonly endings: Pick<RecentEndings, 'of'>
}

/**
 * Believes the claims that are signed into a token of ours, and needs no store for it. Of revocations and role changes since
 * the token was made it knows those that this process remembers, so it is asked last; a token's life bounds what it can
 * miss, and `asOf` says how old what it tells may be.
 */
export function jwtAgent({ keys, audience, clock, endings }: JwtAgentOptions): Agent<Authority> {
  return {
    name: 'jwt',
    detail: 'signed claims (ES256)',
    operations: {
      async identify({ token }) {
        // Only the directory knows keys; this agent must not be the one to say that there is none. It is no fault either.
        if (looksLikeApiKey(token))
          throw new EnneadError('OVERLOADED', 'API keys are looked up in the directory')
        const claims = verifyAccessToken(token, keys, audience, clock.wall())
        const { userId, workspaceId, sessionId, role, scopes, rules, issuedAt, expiresAt } = claims
        const ending = endings.of(claims)
        if (ending === 'sessionEnded') throw unauthenticated('the session has ended')
        if (ending === 'memberLeft') throw unauthenticated('no longer a member')
        // What the new role grants, the directory tells.
        if (ending === 'roleChanged')
          throw new EnneadError('OVERLOADED', 'the rights in this token have changed since it was made')
        return {
          kind: 'actor',
          actorId: userId,
          workspaceId,
          role,
          scopes,
          sessionId,
          rules,
          expiresAt,
          source: 'jwt',
          asOf: issuedAt - makingMax,
        }
      },
    },
  }
}

import type { Agent } from '../../../../dispatch/port.ts'
import type { Clock } from '../../../../kernel/clock.ts'
import type { Authority } from '../../authority.ts'
import type { TokenAudience } from '../../tokens/access-claims.ts'
import { verifyAccessToken } from '../../tokens/access-token.ts'
import type { SigningKeys } from '../../tokens/signing-keys.ts'

export interface JwtAgentOptions {
  readonly keys: SigningKeys
  readonly audience: TokenAudience
  readonly clock: Clock
}

/** A token is made at most so long after its role was looked up: what sign-in has to write comes in between. Seconds. */
const makingMax = 10

/**
 * Believes the claims that are signed into a token of ours, and needs no store for it. It does not know of revocations
 * and role changes since the token was made, so it is asked last; a token's life bounds what it can miss, and `asOf` says
 * how old what it tells may be.
 */
export function jwtAgent({ keys, audience, clock }: JwtAgentOptions): Agent<Authority> {
  return {
    name: 'jwt',
    detail: 'signed claims (ES256)',
    operations: {
      async identify({ token }) {
        const claims = verifyAccessToken(token, keys, audience, clock.wall())
        const { userId, workspaceId, sessionId, role, scopes, rules, issuedAt, expiresAt } = claims
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

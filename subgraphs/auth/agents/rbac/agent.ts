import type { Agent } from '../../../../dispatch/port.ts'
import { looksLikeApiKey } from '../../api-keys/key-text.ts'
import { principalOfKey } from '../../api-keys/principal-of-key.ts'
import type { Authority } from '../../authority.ts'
import type { TokenAudience } from '../../tokens/access-claims.ts'
import { verifyAccessToken } from '../../tokens/access-token.ts'
import type { SigningKeys } from '../../tokens/signing-keys.ts'
import {
  type DirectoryAgentParts,
  DirectoryReader,
  directoryOperations,
  principalOfSession,
} from '../directory-operations.ts'

export interface RbacAgentOptions extends DirectoryAgentParts {
  readonly keys: SigningKeys
  readonly audience: TokenAudience
}

/** Stored sessions and roles: a token only says which session it is of. Needs the directory's copy `rbac`. */
export function rbacAgent(options: RbacAgentOptions): Agent<Authority> {
  const { directories, keys, audience, clock } = options
  const reader = new DirectoryReader('rbac', directories)
  return {
    name: 'rbac',
    detail: 'stored roles and sessions (LMDB)',
    operations: {
      ...directoryOperations(reader, options),
      async identify({ token }) {
        const wallMs = clock.wall()
        if (looksLikeApiKey(token)) return reader.read(store => principalOfKey(store, token, 'rbac', wallMs))
        const claims = verifyAccessToken(token, keys, audience, wallMs)
        return reader.read(store => principalOfSession(store, claims, 'rbac', wallMs))
      },
    },
  }
}

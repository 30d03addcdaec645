import type { Agent } from '../../../../dispatch/port.ts'
import { looksLikeApiKey } from '../../api-keys/key-text.ts'
import { principalOfKey } from '../../api-keys/principal-of-key.ts'
import type { Authority } from '../../authority.ts'
import type { TokenAudience } from '../../tokens/access-claims.ts'
import type { SigningKeys } from '../../tokens/signing-keys.ts'
import { verifyWithJose } from '../../tokens/verify-with-jose.ts'
import {
  type DirectoryAgentParts,
  DirectoryReader,
  directoryOperations,
  principalOfSession,
} from '../directory-operations.ts'

export interface LocalIssuerOptions extends DirectoryAgentParts {
  readonly keys: SigningKeys
  readonly audience: TokenAudience
}

/**
 * The issuer of this deployment: checks tokens as anybody could, from the published keys, and sessions in its own copy
 * of the directory, `oauth`.
 */
export function localIssuerAgent(options: LocalIssuerOptions): Agent<Authority> {
  const { directories, keys, audience, clock } = options
  const reader = new DirectoryReader('oauth', directories)
  return {
    name: 'oauth',
    detail: 'local issuer (LMDB)',
    operations: {
      ...directoryOperations(reader, options),
      async identify({ token }) {
        const wallMs = clock.wall()
        if (looksLikeApiKey(token)) return reader.read(store => principalOfKey(store, token, 'oauth', wallMs))
        const claims = await verifyWithJose(token, keys, audience, wallMs)
        return reader.read(store => principalOfSession(store, claims, 'oauth', wallMs))
      },
    },
  }
}

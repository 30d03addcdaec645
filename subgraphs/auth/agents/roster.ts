import type { AbsentAgent, Agent } from '../../../dispatch/port.ts'
import type { Authority } from '../authority.ts'
import type { CheckedOptions } from '../domain-options.ts'
import type { TokenAudience } from '../tokens/access-claims.ts'
import type { SigningKeys } from '../tokens/signing-keys.ts'
import type { DirectoryAgentParts } from './directory-operations.ts'
import { jwtAgent } from './jwt/agent.ts'
import { type ForeignIssuer, foreignIssuer } from './oauth/foreign-issuer.ts'
import { localIssuerAgent } from './oauth/local-issuer.ts'
import { rbacAgent } from './rbac/agent.ts'

type AnyAgent = Agent<Authority> | AbsentAgent

/** The agents of the domain: those for our own tokens and the directory, and the one for a provider's tokens. */
export interface Roster {
  /** In the order in which they are asked. */
  readonly own: readonly AnyAgent[]
  readonly foreign: ForeignIssuer | undefined
}

/** Where the copies of the directory are; each belongs to the agent of its name. */
export function copiesOf({ agents, oidc, dataPath }: CheckedOptions): { name: string; path: string }[] {
  const rbac = { name: 'rbac', path: `${dataPath}/rbac` }
  const oauth = { name: 'oauth', path: `${dataPath}/issuer` }
  return [
    ...(agents.has('rbac') ? [rbac] : []),
    ...(agents.has('oauth') && oidc === undefined ? [oauth] : []),
  ]
}

/**
 * `rbac` and the local issuer come first: they know of revocations and today's roles. `jwt` comes last: it can only
 * believe what was true when a token was signed, so a revocation goes unseen for a token's life at most, and only while
 * no copy of the directory can be read.
 */
export function rosterOf(
  options: CheckedOptions,
  parts: DirectoryAgentParts & { keys: SigningKeys },
): Roster {
  const { agents, oidc, issuer } = options
  const { keys, clock, directories } = parts
  const audience: TokenAudience = { issuer, audience: options.audience }
  const absent = (name: string): AbsentAgent => ({ name, absent: 'switched off' })
  const rbac = agents.has('rbac') ? rbacAgent({ ...parts, audience }) : absent('rbac')
  const jwt = agents.has('jwt') ? jwtAgent({ keys, audience, clock }) : absent('jwt')
  if (!agents.has('oauth')) return { own: [rbac, absent('oauth'), jwt], foreign: undefined }
  if (oidc === undefined)
    return { own: [rbac, localIssuerAgent({ ...parts, audience }), jwt], foreign: undefined }
  return { own: [rbac, jwt], foreign: foreignIssuer({ ...oidc, directories, clock }) }
}

import { join } from 'node:path'
import type { AbsentAgent, Agent } from '../../../dispatch/port.ts'
import type { Authority } from '../authority.ts'
import type { CheckedOptions } from '../domain-options.ts'
import type { SigningKeys } from '../tokens/signing-keys.ts'
import type { DirectoryAgentParts } from './directory-operations.ts'
import type { RecentEndings } from '../tokens/recent-endings.ts'
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
export function copiesOf({ absent, oidc, path }: CheckedOptions): { name: string; path: string }[] {
  const rbac = { name: 'rbac', path: join(path, 'rbac') }
  const oauth = { name: 'oauth', path: join(path, 'issuer') }
  const copies = oidc === undefined ? [rbac, oauth] : [rbac]
  return copies.filter(copy => !absent.has(copy.name))
}

/**
 * `rbac` and the local issuer come first: they know of revocations and today's roles. `jwt` comes last: it can only
 * believe what was true when a token was signed, and what this process remembers of endings since: a revocation from before
 * a restart goes unseen for a token's life at most, and only while no copy of the directory can be read.
 */
export function rosterOf(
  options: CheckedOptions,
  parts: DirectoryAgentParts & { keys: SigningKeys; endings: RecentEndings },
): Roster {
  const { oidc, issuer, audience } = options
  const { keys, clock, directories, endings } = parts
  const own = { ...parts, audience: { issuer, audience } }
  const unlessAbsent = (agent: Agent<Authority>): AnyAgent => {
    const absent = options.absent.get(agent.name)
    return absent === undefined ? agent : { name: agent.name, absent }
  }
  const rbac = unlessAbsent(rbacAgent(own))
  const jwt = unlessAbsent(jwtAgent({ keys, audience: own.audience, clock, endings }))
  if (oidc === undefined || options.absent.has('oauth')) {
    return { own: [rbac, unlessAbsent(localIssuerAgent(own)), jwt], foreign: undefined }
  }
  return {
    own: [rbac, jwt],
    foreign: foreignIssuer({ introspection: undefined, ...oidc, directories, clock }),
  }
}

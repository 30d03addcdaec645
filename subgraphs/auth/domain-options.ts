import type { RightsChanges } from './rights-changes.ts'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { type Log, silentLog } from '../../kernel/log.ts'
import { createDispatcher, type CreateDispatcher } from '../../dispatch/dispatcher.ts'
import type { DispatchEvent } from '../../dispatch/events.ts'
import { fetchableUrl } from '../../kernel/oidc/fetch-json.ts'
import { openDirectory } from './directory/lmdb-directory.ts'
import { type CheckedProvider, type SignInProvider, checkProviders } from './providers/provider-options.ts'
import type { OpenDirectory } from './directory/replica.ts'
import type { ThrottleOptions } from './sign-in/throttle.ts'

const authAgents = ['rbac', 'oauth', 'jwt'] as const

export interface OidcProvider {
  /** The issuer URL as the provider's tokens have it in `iss`: https, or http on this machine. */
  readonly issuer: string
  /** What the provider's tokens must have in `aud`. */
  readonly audience: string
  /** Who we are to its introspection endpoint. Undefined: opaque tokens are refused. */
  readonly introspection?: IntrospectionClient | undefined
}

export interface IntrospectionClient {
  readonly clientId: string
  readonly clientSecret: string
}

export interface AuthDomainOptions {
  /** Folder for the directories, e.g. `.ennead/auth`; made when there is none. One process at a time. */
  readonly path: string
  /** Folder for the signing keys, e.g. `.ennead/keys`; made when there is none. */
  readonly keysPath: string
  /** Agents that are switched off (`rbac`, `oauth`, `jwt`), each with the reason that health shows. Default none. */
  readonly absent?: ReadonlyMap<string, string>
  /** A provider whose tokens are taken as well. Default none: the agent `oauth` is then the local issuer. */
  readonly oidc?: OidcProvider | undefined
  /** OIDC providers at which people can sign in. Default none. */
  readonly signInProviders?: readonly SignInProvider[]
  /** `iss` of our own tokens. Default `urn:ennead`. */
  readonly issuer?: string
  /** `aud` of our own tokens. Default `urn:ennead:api`. */
  readonly audience?: string
  /** Life of an access token, and the longest time for which a revocation can go unseen when no store can be read. Milliseconds, 1,000 to 3,600,000. Default 600,000. */
  readonly accessLifeMs?: number
  /** Life of a session after its last refresh. Milliseconds. Default 30 days. */
  readonly sessionLifeMs?: number
  /** Bounds password guessing; see throttle.ts. */
  readonly throttle?: ThrottleOptions
  /** Longest time a question to the agents may take; sign-ins and writes have their own. Milliseconds. Default 200. */
  readonly timeoutMs?: number
  /** Longest time one agent gets for it. Milliseconds. Default 50. */
  readonly attemptMs?: number
  /** First pause before a directory that failed is tried again; doubles up to 30 times that. Milliseconds. Default 1,000. */
  readonly retryMs?: number
  /** Signs the cursors of security events. 32 bytes or more, the same after restarts. Default: good for the life of this process. */
  readonly cursorKey?: Buffer | undefined
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: none. */
  readonly log?: Log
  /** Is told what the dispatcher does. */
  readonly observe?: (event: DispatchEvent) => void
  /** The engine of the directories. Default LMDB. */
  readonly openDirectory?: OpenDirectory
  /** How the agents are reached. Default: the dispatcher. */
  readonly createDispatcher?: CreateDispatcher | undefined
  /** Is told of what is stored. Default: nobody is. */
  readonly rights?: RightsChanges | undefined
}

export interface CheckedOptions {
  readonly path: string
  readonly keysPath: string
  readonly absent: ReadonlyMap<string, string>
  readonly oidc: OidcProvider | undefined
  readonly signInProviders: readonly CheckedProvider[]
  readonly issuer: string
  readonly audience: string
  readonly accessLifeMs: number
  readonly sessionLifeMs: number
  readonly throttle: ThrottleOptions
  readonly timeoutMs: number
  readonly attemptMs: number
  readonly retryMs: number
  readonly cursorKey: Buffer | undefined
  readonly clock: Clock
  readonly log: Log
  readonly observe: ((event: DispatchEvent) => void) | undefined
  readonly openDirectory: OpenDirectory
  readonly createDispatcher: CreateDispatcher
  readonly rights: RightsChanges | undefined
}

const dayMs = 86_400_000

const defaults = {
  issuer: 'urn:ennead',
  audience: 'urn:ennead:api',
  accessLifeMs: 600_000,
  sessionLifeMs: 30 * dayMs,
  throttle: {},
  timeoutMs: 200,
  attemptMs: 50,
  retryMs: 1_000,
} as const

/** The options with defaults filled in. Throws BAD_OPTION naming the field and its value when one is not allowed. */
export function checkOptions(given: AuthDomainOptions): CheckedOptions {
  const options: CheckedOptions = {
    ...defaults,
    clock: systemClock,
    log: silentLog,
    observe: undefined,
    openDirectory,
    oidc: undefined,
    cursorKey: undefined,
    rights: undefined,
    absent: new Map(),
    ...given,
    createDispatcher: given.createDispatcher ?? createDispatcher,
    signInProviders: checkProviders(given.signInProviders ?? []),
  }
  inRange('accessLifeMs', options.accessLifeMs, 1_000, 3_600_000)
  inRange('sessionLifeMs', options.sessionLifeMs, options.accessLifeMs, 365 * dayMs)
  inRange('retryMs', options.retryMs, 1, 60_000)
  inRange('timeoutMs', options.timeoutMs, 1, dayMs)
  inRange('attemptMs', options.attemptMs, 1, dayMs)
  for (const [name, value] of Object.entries(options.throttle)) inRange(`throttle.${name}`, value, 1, dayMs)
  if (options.oidc !== undefined && fetchableUrl(options.oidc.issuer) === undefined) {
    throw new EnneadError('BAD_OPTION', 'oidc.issuer must be an https URL without credentials in it')
  }
  if (options.issuer === options.oidc?.issuer) {
    throw new EnneadError('BAD_OPTION', `oidc.issuer must not be our own, got ${options.issuer}`)
  }
  if (options.oidc?.introspection?.clientId === '' || options.oidc?.introspection?.clientSecret === '')
    throw new EnneadError('BAD_OPTION', 'oidc.introspection needs clientId and clientSecret')
  if (options.oidc?.audience === '') throw new EnneadError('BAD_OPTION', 'oidc.audience must not be empty')
  for (const name of options.absent.keys()) {
    if (!authAgents.some(agent => agent === name)) {
      throw new EnneadError('BAD_OPTION', `absent: there is no agent ${JSON.stringify(name)}`)
    }
  }
  return options
}

function inRange(name: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new EnneadError('BAD_OPTION', `${name} must be an integer from ${min} to ${max}, got ${value}`)
}

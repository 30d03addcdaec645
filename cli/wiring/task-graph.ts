import { createApiService } from '../../subgraphs/api/service.ts'
import type { DbAddress } from '../../subgraphs/api/db-address.ts'
import { openApiDomain, type ApiDomain } from '../../subgraphs/api/domain.ts'
import { createAuthService } from '../../subgraphs/auth/service.ts'
import { RightsChanges } from '../../subgraphs/auth/rights-changes.ts'
import { openAuthDomain, type AuthDomain } from '../../subgraphs/auth/domain.ts'
import { createDbService } from '../../subgraphs/db/service.ts'
import { openDbDomain, type DbDomain } from '../../subgraphs/db/domain.ts'
import type { CreateDispatcher } from '../../dispatch/dispatcher.ts'
import type { ActorDirectory } from '../../subgraphs/service/actor-directory.ts'
import type { SubgraphService } from '../../subgraphs/service/subgraph-service.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import type { Log } from '../../kernel/log.ts'
import type { Sight } from '../../kernel/sightings/sighting.ts'
import type { DataFolder } from '../data-folder.ts'
import type { Lifecycle } from '../lifecycle.ts'
import { schemaText } from '../package-root.ts'
import { type OidcSettings, oidcProvider } from './oidc-provider.ts'
import { readSignInProviders } from './sign-in-providers.ts'
import { dbEngines, switchedOff, type DbEngineSettings } from './db-engines.ts'
import { type EncryptionSettings, openVault } from './vault.ts'
import type { ProcessMetrics } from './metrics.ts'
import { openSightings } from './sightings.ts'
import { eventCopy, type EventCopySettings } from './event-copy.ts'

/** What the domains need to know, whichever process they run in. */
export interface DomainSettings
  extends DbEngineSettings, EncryptionSettings, EventCopySettings, OidcSettings {
  readonly signInProviders: string | undefined
  readonly domainTimeoutMs: number
  readonly attemptTimeoutMs: number
  readonly staleMsMax: number
}

/** What a process hands to each domain it opens. */
export interface Surroundings {
  readonly settings: DomainSettings
  readonly data: DataFolder
  readonly signer: HopSigner
  readonly lifecycle: Lifecycle
  readonly log: Log
  /** Makes the domains' dispatchers. Default: the plain one. */
  readonly createDispatcher: CreateDispatcher | undefined
  /** Undefined: nothing is counted. */
  readonly metrics: Pick<ProcessMetrics, 'sightings' | 'threats' | 'sweep'> | undefined
}

/** A process that tells auth of what it sees. */
export interface SightingProcess extends Surroundings {
  readonly sight: Sight | undefined
}

export interface RunningDomain<D> {
  readonly domain: D
  readonly service: SubgraphService
}

export interface AuthSurroundings extends Surroundings {
  /** Signs the cursors of security events. */
  readonly cursorKey: Buffer
}

/** What others of the process see is told to `sight`. */
export async function runAuth(
  surroundings: AuthSurroundings,
): Promise<RunningDomain<AuthDomain> & { readonly sight: Sight; readonly rights: RightsChanges }> {
  const { settings, data, signer, lifecycle, log, createDispatcher, cursorKey, metrics } = surroundings
  const rights = new RightsChanges()
  const domain = await openAuthDomain({
    rights,
    path: data.join('auth'),
    keysPath: data.join('keys'),
    absent: absentOf('auth', settings.disable),
    oidc: await oidcProvider(settings),
    signInProviders: await readSignInProviders(settings.signInProviders),
    timeoutMs: settings.domainTimeoutMs,
    attemptMs: settings.attemptTimeoutMs,
    cursorKey,
    log,
    createDispatcher,
  })
  lifecycle.add('auth domain', () => domain.close())
  const { threats } = domain.security
  metrics?.threats(() => threats.counts)
  const sight = openSightings(async batch => threats.sighted(batch), surroundings)
  const service = createAuthService(domain, {
    typeDefs: await schemaText('auth'),
    signer,
    sight,
    log,
    rights,
  })
  lifecycle.add('auth service', () => service.close())
  lifecycle.add('changes of rights', () => Promise.resolve(rights.close()))
  return { domain, service, sight, rights }
}

export async function runDb(
  { settings, data, signer, lifecycle, log, createDispatcher, sight, metrics }: SightingProcess,
  actors: ActorDirectory,
): Promise<RunningDomain<DbDomain>> {
  const engines = await dbEngines(settings, data, lifecycle, log)
  const { domainTimeoutMs: readMs, attemptTimeoutMs: readAttemptMs, staleMsMax } = settings
  const limits = { readMs, readAttemptMs, staleMsMax }
  const domain = await openDbDomain({
    engines,
    actors,
    log,
    limits,
    createDispatcher,
    vault: await openVault(settings, lifecycle, log),
    openEventCopy: eventCopy(settings),
  })
  lifecycle.add('db domain', () => domain.close())
  metrics?.sweep(() => domain.sweep())
  const service = createDbService(domain, { typeDefs: await schemaText('db'), signer, sight, log })
  lifecycle.add('db service', () => service.close())
  return { domain, service }
}

export interface ApiSurroundings extends Omit<SightingProcess, 'data'> {
  readonly db: DbAddress
  readonly actors: ActorDirectory
  readonly cursorKey: Buffer
  readonly baseUrl: () => string
}

export async function runApi(surroundings: ApiSurroundings): Promise<RunningDomain<ApiDomain>> {
  const { settings, signer, lifecycle, log, db, actors, cursorKey, baseUrl, createDispatcher, sight } =
    surroundings
  const domain = await openApiDomain({
    db,
    signer,
    actors,
    cursorKey,
    baseUrl,
    absent: absentOf('api', settings.disable),
    timeoutMs: settings.domainTimeoutMs,
    attemptMs: settings.attemptTimeoutMs,
    log,
    createDispatcher,
  })
  lifecycle.add('api domain', () => domain.close())
  const service = createApiService(domain, { typeDefs: await schemaText('api'), signer, sight, log })
  lifecycle.add('api service', () => service.close())
  return { domain, service }
}

/** Why each agent of a domain that is switched off is absent, by agent name. */
function absentOf(domain: string, disable: readonly string[]): ReadonlyMap<string, string> {
  const prefix = `${domain}.`
  return new Map(
    disable.filter(name => name.startsWith(prefix)).map(name => [name.slice(prefix.length), switchedOff]),
  )
}

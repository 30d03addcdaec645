import { clientSettings } from './client-settings.ts'
import { encryptionSettings } from './encryption/encryption-settings.ts'
import { entityCacheSettings } from './entity-cache-settings.ts'
import { eventSettings } from './event-settings.ts'
import { eventSourceSettings } from './event-source-settings.ts'
import { executionSettings } from './execution-settings.ts'
import { identitySettings } from './identity-settings.ts'
import { metricsSettings } from './metrics-settings.ts'
import { limitSettings } from './limit-settings.ts'
import { planningSettings } from './planning-settings.ts'
import { recordingSettings } from './recording-settings.ts'
import { remoteSubgraphSettings } from './remote-subgraph-settings.ts'
import { hintLevels } from './composition-report.ts'
import { socketSettings } from './socket-settings.ts'
import { dbStores } from './store-settings.ts'
import { supergraphSettings } from './supergraph-settings.ts'
import { doorTlsSettings, ownTlsSettings, subgraphTlsSettings } from './tls-settings.ts'
import { logLevels } from '../kernel/log.ts'
import { choice, integer, list, secret, text, toggle, url } from '../kernel/settings.ts'

const dayMs = 86_400_000

/** What every long-running command takes. */
const common = {
  logLevel: choice('Lines of the JSON log (standard error) from this level on.', 'warn', logLevels),
  drainMs: integer('How long running requests may go on after a stop was asked for.', 10_000, 0, dayMs),
  ...metricsSettings,
}

export const dataSettings = { data: text('Folder that holds all state of this process.', '.ennead') }

const domains = {
  ...encryptionSettings,
  ...eventSettings,
  domainTimeoutMs: integer('Longest time a domain may take for one operation on its agents.', 200, 1, dayMs),
  attemptTimeoutMs: integer('Longest time one attempt on one agent may take.', 50, 1, dayMs),
  staleMsMax: integer(
    'Oldest answer of a store that is known to lack changes, when no other store answers; 0: none. See docs/degradation.md.',
    60_000,
    0,
    dayMs,
  ),
  chaos: toggle('Let `ennead chaos` inject faults into the agents. For tests, never for production.', false),
}

const door = {
  host: text('Address to listen on.', 'localhost'),
  requestTimeoutMs: integer('Budget of a query.', 500, 1, dayMs),
  mutationTimeoutMs: integer(
    'Budget of a mutation; longer, since giving up a write leaves its outcome unknown.',
    5_000,
    1,
    dayMs,
  ),
  allowedOrigins: list(
    'Origins of other sites whose pages may call this gateway, e.g. https://app.example.com.',
  ),
  identityLifeMs: integer(
    'How long the gateway remembers who a token is, so how long a revocation can go unseen; 0: every request asks.',
    10_000,
    0,
    600_000,
  ),
  ...socketSettings,
  graphiql: toggle('Serve GraphiQL to browsers at /graphql.', true),
  ...recordingSettings,
  ...planningSettings,
}

/** What a gateway takes, lets wait and refuses; docs/overload.md says how they work together. */
export const admissionSettings = {
  concurrencyMin: integer('Operations that may always run at once.', 16, 1, 1_000_000),
  concurrencyMax: integer('Most operations that ever run at once.', 1_000, 1, 1_000_000),
  concurrencyInitial: integer(
    'Operations that may run at once before anything was measured.',
    64,
    1,
    1_000_000,
  ),
  queueMax: integer('Operations that may wait for a place.', 1_000, 1, 1_000_000),
  waitShareMaxPercent: integer(
    'Refuse instead of letting wait when the wait would take more of the time left.',
    50,
    1,
    100,
  ),
  retryAfterMs: integer('How long refused clients are asked to stay away, on average.', 2_000, 1, dayMs),
  latencyTolerancePercent: integer(
    'Latency may rise to this part of its baseline before fewer operations run at once.',
    150,
    100,
    100_000,
  ),
  baselineEveryMs: integer(
    'How often a busy gateway measures the baseline of its latency anew.',
    30_000,
    1,
    dayMs,
  ),
  sheddableComplexityPercent: integer(
    'Queries from this complexity on are refused first under pressure; see docs/limits.md.',
    95,
    1,
    100,
  ),
  eventLoopShedMs: integer(
    'Lateness of the event loop from which sheddable operations are refused.',
    100,
    1,
    dayMs,
  ),
  eventLoopEssentialMs: integer(
    'Lateness of the event loop from which only critical operations pass.',
    250,
    1,
    dayMs,
  ),
  heapShedPercent: integer('Used part of the heap from which sheddable operations are refused.', 85, 1, 100),
  heapEssentialPercent: integer(
    'Used part of the heap from which only critical operations pass.',
    95,
    1,
    100,
  ),
  riskShedPercent: integer('Cascade risk from which sheddable operations are refused.', 70, 1, 100_000),
  riskEssentialPercent: integer('Cascade risk from which only critical operations pass.', 90, 1, 100_000),
  essentialOperations: list('Names of operations that are critical besides mutations.'),
}

const baseUrl = url('Where people reach the application, for Task.url. Default: the address listened on.', [
  'https:',
  'http:',
])

export const startSettings = {
  port: integer('TCP port for http and ws.', 4000, 0, 65_535),
  ...door,
  ...limitSettings,
  ...clientSettings,
  ...admissionSettings,
  ...dataSettings,
  demo: toggle('Create a demo workspace with a user at the first start.', true),
  baseUrl,
  ...dbStores,
  ...identitySettings,
  ...domains,
  ...common,
}

const hopSecretHelp =
  'Secret of at least 32 bytes in base64url, shared by the gateway and its subgraphs; several while it is changed, the one to sign with first. Default: keys/hop in the data folder, which is followed.'

export const subgraphSettings = {
  port: integer('TCP port for http and ws. Default: api 4001, auth 4002, db 4003.', -1, -1, 65_535),
  host: text('Address to listen on.', 'localhost'),
  ...dataSettings,
  hopSecret: secret(hopSecretHelp),
  dbUrl: url('api: the db subgraph, e.g. http://localhost:4003.', ['http:', 'https:']),
  authUrl: url('api and db: the auth subgraph, e.g. http://localhost:4002.', ['http:', 'https:']),
  ...doorTlsSettings,
  baseUrl,
  ...dbStores,
  ...identitySettings,
  ...domains,
  ...common,
}

export const gatewaySettings = {
  ...supergraphSettings,
  port: integer('TCP port for http and ws.', 4000, 0, 65_535),
  ...door,
  ...limitSettings,
  ...clientSettings,
  ...admissionSettings,
  ...remoteSubgraphSettings,
  ...eventSourceSettings,
  ...subgraphTlsSettings,
  ...executionSettings,
  ...entityCacheSettings,
  forwardHeaders: list('Headers of the client that subgraphs get, e.g. authorization,accept-language.'),
  identityUrl: url(
    "Ennead's auth subgraph, asked who a bearer token is. Without it tokens are the subgraphs' affair.",
    ['http:', 'https:'],
  ),
  oidcIssuer: url(
    'OIDC provider whose tokens count as a sign-in for @authenticated, @requiresScopes and @policy.',
    ['https:', 'http:'],
  ),
  oidcAudience: identitySettings.oidcAudience,
  oidcIntrospectionClient: identitySettings.oidcIntrospectionClient,
  oidcIntrospectionSecretFile: identitySettings.oidcIntrospectionSecretFile,
  hopSecret: secret(
    "Secret shared with Ennead's own subgraphs, at least 32 bytes in base64url; several while it is changed, the one to sign with first.",
  ),
  hopSecretFile: text(
    "File that holds the secrets shared with Ennead's own subgraphs; followed when it changes.",
    undefined,
  ),
  ...common,
}

export const devSettings = {
  config: text(
    "Subgraphs to compose and serve, in the format of Rover's supergraph.yaml.",
    'supergraph.yaml',
  ),
  port: integer('TCP port for http and ws.', 4000, 0, 65_535),
  host: door.host,
  hints: choice('What to show besides errors.', 'warning', hintLevels),
  subgraphUrls: list(
    'Where subgraphs are, instead of what the configuration says: name=url, e.g. products=http://localhost:4001/graphql.',
  ),
  forwardHeaders: list(
    'Headers of the client that subgraphs get, e.g. authorization,accept-language. Default: authorization.',
  ),
  allowedOrigins: door.allowedOrigins,
  requestTimeoutMs: integer('Budget of a query; long, for subgraphs in a debugger.', 30_000, 1, dayMs),
  mutationTimeoutMs: integer('Budget of a mutation.', 30_000, 1, dayMs),
  pollMs: integer('How often running subgraphs are asked for their schemas.', 2_000, 100, dayMs),
  ...planningSettings,
  ...common,
}

export const statusSettings = {
  url: text('A running gateway or subgraph.', 'http://localhost:4000'),
  ...ownTlsSettings,
  json: toggle('Print what the health endpoint answered.', false),
}

export const auditSettings = {
  ...dataSettings,
  pin: list('Entries that the log must still have, as an earlier verify printed them: NUMBER:HASH.'),
  after: integer('export: only entries with a number above this one.', 0, 0, Number.MAX_SAFE_INTEGER),
  workspace: text('export: only entries that name this workspace, by its id. Default: all.', undefined),
}

export const tokenSettings = {
  ...dataSettings,
  user: text('E-mail address of the user.', undefined),
  workspace: text('Slug of the workspace. Default: the one joined first.', undefined),
}

export const reliabilitySettings = {
  short: toggle('Two rates of failure and the table only, in well under a minute.', false),
  requests: integer(
    'Requests of each cell of the table. 0: 40,000, in the short form 800.',
    0,
    0,
    10_000_000,
  ),
  rate: integer('Requests a second; well below what this machine can do.', 250, 1, 100_000),
  errorRates: list(
    'Probabilities that an attempt fails. Default: 0,0.05,0.1,0.15,0.2,0.25, in the short form 0,0.15.',
  ),
  seed: integer('The same seed brings the same faults to the same requests.', 1, 0, 2 ** 31),
  requestTimeoutMs: door.requestTimeoutMs,
  domainTimeoutMs: domains.domainTimeoutMs,
  attemptTimeoutMs: domains.attemptTimeoutMs,
  json: toggle('Print everything that was measured as JSON.', false),
  write: toggle('Write docs/reliability.md as well.', false),
}

export const userSettings = {
  ...dataSettings,
  email: text('E-mail address of the new user, or of one that exists.', undefined),
  name: text('Name that others see. Default: the address up to its @.', undefined),
  workspace: text('Slug of the workspace to join; it is created when there is none.', undefined),
  password: toggle(
    'Give a new user a generated password; off: for people who sign in at a provider only.',
    true,
  ),
  role: choice('What the user may do there.', 'MEMBER', ['OWNER', 'ADMIN', 'MEMBER', 'GUEST']),
}

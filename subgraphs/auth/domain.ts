import { join } from 'node:path'
import type { CallOptions, Dispatcher } from '../../dispatch/port.ts'
import type { DispatcherUsage, MeasuredDispatcher } from '../../dispatch/dispatcher.ts'
import { type Policy, failover } from '../../dispatch/policy.ts'
import type { AgentHealth, DomainHealth } from '../../kernel/health.ts'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import type { ActorDirectory } from '../service/actor-directory.ts'
import { Administration } from './administration.ts'
import { ApiKeys } from './api-keys/api-keys.ts'
import { looksLikeApiKey } from './api-keys/key-text.ts'
import { KeyUse } from './api-keys/key-use.ts'
import { auditFile, AuditLog } from './audit/audit-log.ts'
import { providerMsMax } from '../../kernel/oidc/provider-keys.ts'
import { actorsOf } from './actors.ts'
import { type Roster, copiesOf, rosterOf } from './agents/roster.ts'
import type { Authority, Credential } from './authority.ts'
import { type AuthDomainOptions, type CheckedOptions, checkOptions } from './domain-options.ts'
import { Directories } from './directory/directories.ts'
import { MemberChanges } from './members/member-changes.ts'
import { ProjectRoles } from './members/project-roles.ts'
import { ServiceAccounts } from './service-accounts/service-accounts.ts'
import { PasswordHasher } from './sign-in/password.ts'
import {
  type Caller,
  Sessions,
  type SignInInput,
  type SignInOutcome,
  type SignedIn,
} from './sign-in/sessions.ts'
import { SignInThrottle } from './sign-in/throttle.ts'
import { readUnverified } from './tokens/access-claims.ts'
import { RecentEndings } from './tokens/recent-endings.ts'
import { type PublicJwk, type SigningKeys, openSigningKeys } from './tokens/signing-keys.ts'

/** The auth domain at work: who somebody is, what they may do, and the directory of users and workspaces. */
export interface AuthDomain extends ActorDirectory {
  /** Who a credential is. Rejects with UNAUTHENTICATED, one text for every reason, or UNAVAILABLE when nobody can tell. */
  identify(credential: Credential, call?: CallOptions): Promise<ActorPrincipal>
  signIn(input: SignInInput, caller: Caller): Promise<SignInOutcome>
  refresh(refreshToken: string, caller: Caller): Promise<SignInOutcome>
  /** Ends the principal's session; false when it has none of ours. */
  signOut(principal: ActorPrincipal, caller: Caller): Promise<boolean>
  /** A session for the user with that address, without a password: for operators. Rejects with NOT_FOUND. */
  issueAccessToken(email: string, workspaceSlug?: string): Promise<SignedIn>
  /** Ends sessions that are listed. */
  readonly sessions: Pick<Sessions, 'end' | 'endAll'>
  readonly apiKeys: ApiKeys
  readonly serviceAccounts: ServiceAccounts
  readonly projectRoles: ProjectRoles
  /** What members change about members. */
  readonly members: MemberChanges
  /** Makes workspaces, users and members. */
  readonly administration: Administration
  /** Reads of the directory, for resolvers. */
  readonly authority: Dispatcher<Authority>
  /** Which ids the members of a workspace may refer to: users that are or were members of it, its service accounts, and itself. */
  known(workspaceId: string, actorIds: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>>
  /** The public keys of our tokens. */
  jwks(): { readonly keys: readonly PublicJwk[] }
  /** Writes now when API keys were last used, rather than within a minute. */
  writeKeyUse(): Promise<void>
  /** Signs with a new key from now on; tokens of the last three keys go on being taken. */
  rotateKeys(): Promise<void>
  health(): DomainHealth
  /** What the authorities of our own directory are doing now. */
  usage(): DispatcherUsage
  /** Lets go of stores and timers. Idempotent. */
  close(): Promise<void>
}

const inOrder: Policy = { ...failover, preference: 'order' }
const policies: Partial<Record<keyof Authority, Policy>> = {
  identify: inOrder,
  users: inOrder,
  workspaces: inOrder,
  members: inOrder,
  countMembers: inOrder,
  member: inOrder,
  session: inOrder,
  sessions: inOrder,
  apiKey: inOrder,
  apiKeys: inOrder,
  serviceAccounts: inOrder,
  invitations: inOrder,
  projectRoles: inOrder,
  // A derivation takes 25 ms and may wait for 32 others; two at a time.
  verifyPassword: { ...inOrder, attemptMs: 2_000, timeoutMs: 4_500 },
  // Longer than one copy is waited for (replica.ts), so that the others' success is known first. Merging is idempotent.
  put: { ...inOrder, attemptMs: 3_000, timeoutMs: 4_500 },
}

/**
 * Opens the domain in a data folder. Any one of its two directories is enough. Rejects with BAD_OPTION, or
 * DATA_FOLDER_CORRUPT or DATA_FOLDER_UNREADABLE when no directory, or not the signing keys, can be used.
 */
export async function openAuthDomain(given: AuthDomainOptions): Promise<AuthDomain> {
  const options = checkOptions(given)
  const { clock, log, retryMs } = options
  const keysFile = join(options.keysPath, 'signing-keys.json')
  const keys = await openSigningKeys({ path: keysFile, wall: () => clock.wall() })
  const endings = new RecentEndings({ clock, lifeMs: options.accessLifeMs })
  const directories = await Directories.open({
    copies: copiesOf(options),
    open: options.openDirectory,
    clock,
    log,
    retryMs,
    stored: records => endings.stored(records),
  })
  try {
    const audit = await AuditLog.open({ path: join(options.path, auditFile), clock, log })
    return new OpenAuthDomain(options, { keys, directories, audit, endings })
  } catch (failure) {
    await directories.close()
    throw failure
  }
}

/** What was opened before the domain can work. */
interface Opened {
  readonly keys: SigningKeys
  readonly directories: Directories
  readonly audit: AuditLog
  readonly endings: RecentEndings
}

class OpenAuthDomain implements AuthDomain {
  readonly administration: Administration
  readonly authority: MeasuredDispatcher<Authority>
  readonly #options: CheckedOptions
  readonly #keys: SigningKeys
  readonly #directories: Directories
  readonly #audit: AuditLog
  readonly #roster: Roster
  readonly #foreign: Dispatcher<Authority> | undefined
  readonly sessions: Sessions
  readonly members: MemberChanges
  readonly apiKeys: ApiKeys
  readonly serviceAccounts: ServiceAccounts
  readonly projectRoles: ProjectRoles
  readonly #keyUse: KeyUse
  #closed: Promise<void> | undefined

  constructor(options: CheckedOptions, { keys, directories, audit, endings }: Opened) {
    const { clock, observe, timeoutMs, attemptMs, createDispatcher } = options
    const passwords = new PasswordHasher()
    const roster = rosterOf(options, { directories, passwords, clock, keys, endings })
    const common = {
      domain: 'auth',
      policies,
      clock,
      timeoutMs,
      attemptMs,
      ...(observe === undefined ? {} : { observe }),
    }
    const authority = createDispatcher<Authority>({ ...common, agents: roster.own })
    const parts = { authority, directories, passwords, clock, audit }
    this.#options = options
    this.#keys = keys
    this.#directories = directories
    this.#audit = audit
    this.#roster = roster
    this.authority = authority
    // Apart: agents that can never take a provider's token must not use up the budget for asking others.
    this.#foreign =
      roster.foreign && createDispatcher<Authority>({ ...common, agents: [roster.foreign.agent] })
    this.administration = new Administration(parts)
    this.apiKeys = new ApiKeys(parts)
    const changing = { ...parts, administration: this.administration }
    this.serviceAccounts = new ServiceAccounts(changing)
    this.projectRoles = new ProjectRoles(changing)
    this.#keyUse = new KeyUse({ ...parts, log: options.log })
    this.members = new MemberChanges(this.administration, clock)
    this.sessions = new Sessions({
      ...options,
      ...parts,
      keys,
      audience: options,
      throttle: new SignInThrottle(clock, options.throttle),
    })
  }

  async identify(credential: Credential, call: CallOptions = {}): Promise<ActorPrincipal> {
    if (looksLikeApiKey(credential.token)) {
      const principal = await this.authority.call('identify', credential, call)
      if (principal.keyId !== undefined) this.#keyUse.note(principal.keyId)
      return principal
    }
    const { iss } = readUnverified(credential.token).payload
    if (this.#foreign !== undefined && iss === this.#options.oidc?.issuer) {
      // The first token of a provider waits for its keys.
      const attemptMs = providerMsMax + 500
      return this.#foreign.call('identify', credential, { attemptMs, timeoutMs: attemptMs, ...call })
    }
    return this.authority.call('identify', credential, call)
  }

  signIn(input: SignInInput, caller: Caller): Promise<SignInOutcome> {
    return this.sessions.signIn(input, caller)
  }

  refresh(refreshToken: string, caller: Caller): Promise<SignInOutcome> {
    return this.sessions.refresh(refreshToken, caller)
  }

  signOut(principal: ActorPrincipal, caller: Caller): Promise<boolean> {
    return this.sessions.signOut(principal, caller)
  }

  async issueAccessToken(email: string, workspaceSlug?: string): Promise<SignedIn> {
    const member = this.administration.membership(email, workspaceSlug)
    return this.sessions.begin(member, { userAgent: 'ennead token' })
  }

  async known(
    workspaceId: string,
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const records = await actorsOf(this.authority, workspaceId, [...new Set(ids)], { signal })
    const found = records.flatMap(record => record?.id ?? [])
    return new Set(ids.includes(workspaceId) ? [...found, workspaceId] : found)
  }

  jwks(): { readonly keys: readonly PublicJwk[] } {
    return this.#keys.jwks()
  }

  async rotateKeys(): Promise<void> {
    await this.#keys.rotate()
    await this.#audit.append({ kind: 'KEYS_ROTATED', keyId: this.#keys.newest.kid })
  }

  writeKeyUse(): Promise<void> {
    return this.#keyUse.write()
  }

  usage(): DispatcherUsage {
    return this.authority.usage()
  }

  health(): DomainHealth {
    const own = this.authority.health()
    const foreign = this.#foreign?.health().agents ?? []
    // A provider that is away keeps nobody from signing in with a password, so it does not decide about readiness.
    return { ...own, agents: [...own.agents, ...foreign].map(agent => this.#withFailure(agent)) }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#keyUse.close()
    this.authority.close()
    this.#foreign?.close()
    this.#roster.foreign?.close()
    await this.#directories.close()
    await this.#audit.close()
  }

  /** The dispatcher only knows of calls; a directory that is not open is failing before the first one. */
  #withFailure(agent: AgentHealth): AgentHealth {
    const replica = this.#directories.replicas.find(({ name }) => name === agent.name)
    const detail =
      replica?.failure?.message ?? (replica === undefined || replica.current ? undefined : 'catching up')
    if (detail !== undefined) return { ...agent, state: agent.state === 'open' ? 'open' : 'failing', detail }
    const provider = agent.name === 'oauth' ? this.#roster.foreign?.failure() : undefined
    return provider instanceof Error ? { ...agent, detail: provider.message } : agent
  }
}

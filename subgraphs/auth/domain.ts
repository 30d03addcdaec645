import { join } from 'node:path'
import type { CallOptions, Dispatcher } from '../../dispatch/port.ts'
import type { DispatcherUsage, MeasuredDispatcher } from '../../dispatch/dispatcher.ts'
import { isCompactJws } from '../../kernel/oidc/compact-jws.ts'
import type { DomainHealth } from '../../kernel/health.ts'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import type { ActorDirectory } from '../service/actor-directory.ts'
import { looksLikeApiKey } from './api-keys/key-text.ts'
import { KeyUse } from './api-keys/key-use.ts'
import { auditFile, AuditLog } from './audit/audit-log.ts'
import { type AuditPage, type ReadAuditOptions, readAudit } from './audit/read-audit.ts'
import { providerMsMax } from '../../kernel/oidc/provider-keys.ts'
import { type Accounts, accountsOf } from './accounts.ts'
import { actorsOf } from './actors.ts'
import { providerAway } from './agents/oauth/provider-away.ts'
import { policies } from './agents/policies.ts'
import { healthOf } from './agents/roster-health.ts'
import { type Roster, copiesOf, rosterOf } from './agents/roster.ts'
import type { Authority, Credential } from './authority.ts'
import { type AuthDomainOptions, type CheckedOptions, checkOptions } from './domain-options.ts'
import { Directories } from './directory/directories.ts'
import type { DirectoryStore } from './directory/directory-store.ts'
import type { DirectoryExamination } from './directory/examine-directory.ts'
import { type InvitedProfile, acceptByPassword } from './invitations/accept-by-password.ts'
import { ProviderSignIn } from './providers/provider-sign-in.ts'
import { PasswordHasher } from './sign-in/password.ts'
import {
  type Caller,
  Sessions,
  type SignInInput,
  type SignInOutcome,
  type SignedIn,
} from './sign-in/sessions.ts'
import { SignInThrottle } from './sign-in/throttle.ts'
import { Security } from './threats/security.ts'
import { readUnverified } from './tokens/access-claims.ts'
import { RecentEndings, storedTo } from './tokens/recent-endings.ts'
import { type PublicJwk, type SigningKeys, openSigningKeys } from './tokens/signing-keys.ts'

/** The auth domain at work: who somebody is, what they may do, and the directory of users and workspaces. */
export interface AuthDomain extends ActorDirectory, Accounts {
  /** Who a credential is. Rejects with UNAUTHENTICATED, one text for every reason, or UNAVAILABLE when nobody can tell. */
  identify(credential: Credential, call?: CallOptions): Promise<ActorPrincipal>
  signIn(input: SignInInput, caller: Caller): Promise<SignInOutcome>
  refresh(refreshToken: string, caller: Caller): Promise<SignInOutcome>
  /** Ends the principal's session; false when it has none of ours. */
  signOut(principal: ActorPrincipal, caller: Caller): Promise<boolean>
  /** Makes who was invited a member and signs them in: `by`, or without one a new user. Rejects as invitations do. */
  acceptInvitation(
    token: string,
    by: ActorPrincipal | undefined,
    profile: InvitedProfile,
    caller: Caller,
  ): Promise<SignedIn>
  /** A session for the user with that address, without a password: for operators. Rejects with NOT_FOUND. */
  issueAccessToken(email: string, workspaceSlug?: string): Promise<SignedIn>
  /** Signs people in at OIDC providers. */
  readonly providers: ProviderSignIn
  /** Ends sessions that are listed. */
  readonly sessions: Pick<Sessions, 'end' | 'endAll'>
  /** Reads of the directory, for resolvers. */
  readonly authority: Dispatcher<Authority>
  /** Which ids the members of a workspace may refer to: users that are or were members of it, its service accounts, and itself. */
  known(workspaceId: string, actorIds: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>>
  /** The public keys of our tokens. */
  jwks(): { readonly keys: readonly PublicJwk[] }
  /** Writes now when API keys were last used, rather than within a minute. */
  writeKeyUse(): Promise<void>
  /** Signs with a new key from now on; tokens of the last three keys go on being taken. Rejects with BAD_USER_INPUT when it is too soon. */
  rotateKeys(): Promise<void>
  /** What is seen of attacks, and those who follow it. */
  readonly security: Security
  /** The newest entries of the audit log that are wanted. Rejects with CURSOR_INVALID or UNAVAILABLE. */
  readAudit(options: ReadAuditOptions): Promise<AuditPage>
  /** Compares the copies of the directory of users. */
  examineDirectory(repair: boolean): Promise<DirectoryExamination>
  health(): DomainHealth
  /** What the authorities of our own directory are doing now. */
  usage(): DispatcherUsage
  /** Lets go of stores and timers. Idempotent. */
  close(): Promise<void>
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
    stored: storedTo(endings, options.rights),
  })
  try {
    const audit = await AuditLog.open({ path: join(options.path, auditFile), clock, log })
    return new OpenAuthDomain(options, { keys, directories, audit, endings })
  } catch (failure) {
    await directories.close()
    throw failure
  }
}

interface Opened {
  readonly keys: SigningKeys
  readonly directories: Directories
  readonly audit: AuditLog
  readonly endings: RecentEndings
}

class OpenAuthDomain implements AuthDomain {
  readonly administration: Accounts['administration']
  readonly authority: MeasuredDispatcher<Authority>
  readonly #options: CheckedOptions
  readonly #keys: SigningKeys
  readonly #directories: Directories
  readonly #audit: AuditLog
  readonly #roster: Roster
  readonly #foreign: Dispatcher<Authority> | undefined
  readonly sessions: Sessions
  readonly members: Accounts['members']
  readonly apiKeys: Accounts['apiKeys']
  readonly serviceAccounts: Accounts['serviceAccounts']
  readonly projectRoles: Accounts['projectRoles']
  readonly invitations: Accounts['invitations']
  readonly identities: Accounts['identities']
  readonly providers: ProviderSignIn
  readonly security: Security
  readonly #keyUse: KeyUse
  readonly #passwords: PasswordHasher
  #closed: Promise<void> | undefined

  constructor(options: CheckedOptions, { keys, directories, audit, endings }: Opened) {
    const { clock, observe, timeoutMs, attemptMs, createDispatcher } = options
    const passwords = new PasswordHasher()
    this.#passwords = passwords
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
    const accounts = accountsOf(parts)
    this.administration = accounts.administration
    this.apiKeys = accounts.apiKeys
    this.serviceAccounts = accounts.serviceAccounts
    this.projectRoles = accounts.projectRoles
    this.invitations = accounts.invitations
    this.identities = accounts.identities
    this.members = accounts.members
    this.#keyUse = new KeyUse({ ...parts, log: options.log })
    this.security = new Security({ ...options, ...parts })
    this.sessions = new Sessions({
      ...options,
      ...parts,
      threats: this.security.threats,
      keys,
      audience: options,
      throttle: new SignInThrottle(clock, options.throttle),
    })
    this.providers = new ProviderSignIn({
      ...parts,
      keys,
      identities: this.identities,
      sessions: this.sessions,
      providers: options.signInProviders,
      throttle: new SignInThrottle(clock, options.throttle),
    })
  }

  async identify(credential: Credential, call: CallOptions = {}): Promise<ActorPrincipal> {
    const { token } = credential
    if (looksLikeApiKey(token)) {
      const { threats } = this.security
      const principal = await threats.ofKey(token, this.authority.call('identify', credential, call))
      if (principal.keyId !== undefined) this.#keyUse.note(principal.keyId)
      return principal
    }
    if (this.#foreign !== undefined && this.#isForeign(token)) {
      // The first token of a provider waits for its keys, or for what it describes of itself and for its answer.
      const attemptMs = 2 * providerMsMax + 500
      const patient = { attemptMs, timeoutMs: attemptMs, ...call }
      return this.#foreign.call('identify', credential, patient).catch((failure: unknown) => {
        throw this.#roster.foreign?.failure() === undefined ? failure : providerAway(failure)
      })
    }
    return this.authority.call('identify', credential, call)
  }

  /** Of the provider: a token that names it, or an opaque one, which ours never are. */
  #isForeign(token: string): boolean {
    const { oidc } = this.#options
    if (!isCompactJws(token)) return oidc?.introspection !== undefined
    return readUnverified(token).payload['iss'] === oidc?.issuer
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

  async acceptInvitation(
    token: string,
    by: ActorPrincipal | undefined,
    profile: InvitedProfile,
    caller: Caller,
  ): Promise<SignedIn> {
    const accepting = { invitations: this.invitations, passwords: this.#passwords, ...this.#options }
    const best = (): DirectoryStore => this.#directories.best()
    const member = await acceptByPassword({ ...accepting, best }, token, by, profile, caller)
    return this.sessions.begin(member, caller)
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
    await this.#keys.rotate(this.#options.accessLifeMs)
    await this.#audit.append({ kind: 'KEYS_ROTATED', keyId: this.#keys.newest.kid })
  }

  writeKeyUse(): Promise<void> {
    return this.#keyUse.write()
  }

  readAudit(options: ReadAuditOptions): Promise<AuditPage> {
    return readAudit(join(this.#options.path, auditFile), options)
  }

  examineDirectory(repair: boolean): Promise<DirectoryExamination> {
    return this.#directories.examine(repair)
  }

  usage(): DispatcherUsage {
    return this.authority.usage()
  }

  health(): DomainHealth {
    return healthOf(this.authority.health(), this.#foreign?.health(), this.#directories, this.#roster)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#keyUse.close()
    this.security.close()
    this.authority.close()
    this.#foreign?.close()
    this.#roster.foreign?.close()
    await this.#directories.close()
    await this.#audit.close()
  }
}

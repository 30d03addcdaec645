import type { Dispatcher } from '../../../dispatch/port.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import type { IdentityRecord } from '../account-records.ts'
import type { Administration } from '../administration.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { eventOf } from '../audit/event-of-record.ts'
import type { Authority, DirectoryRecord, MemberRecord, UserRecord } from '../authority.ts'
import { type DirectoryStore, identityIdOf } from '../directory/directory-store.ts'
import type { Acceptor, Invitations } from '../invitations/invitations.ts'
import { memberJoining } from '../members/member-joining.ts'
import { prepareUser } from '../members/new-user.ts'
import type { PasswordHasher } from '../sign-in/password.ts'
import type { Caller } from '../sign-in/sessions.ts'
import type { ProviderPerson } from './provider-client.ts'
import type { JoinRule } from './provider-options.ts'

/** What somebody may become who comes back from a provider. */
export interface ComingIn {
  readonly person: ProviderPerson
  /** The signed-in user who wants to sign in this way as well. */
  readonly linkTo: string | undefined
  /** Token of the invitation to accept. */
  readonly invitation: string | undefined
  readonly join: JoinRule | undefined
}

export interface Entered {
  readonly user: UserRecord
  /** The workspace that they have joined just now; undefined: none. */
  readonly workspaceId: string | undefined
}

export interface IdentitiesParts {
  readonly administration: Pick<Administration, 'inTurn' | 'findWorkspace'>
  readonly invitations: Pick<Invitations, 'accept'>
  readonly authority: Dispatcher<Authority>
  readonly passwords: PasswordHasher
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
}

/** Of one user. */
export const identitiesMax = 20

/**
 * Who somebody at a provider is here. Issuer and subject decide; an address, even one that the provider has verified, only leads to
 * an account that has no other way in, because whoever made an account with a password may not have been the address's owner.
 */
export class Identities {
  readonly #parts: IdentitiesParts

  constructor(parts: IdentitiesParts) {
    this.#parts = parts
  }

  /** The user, who may have been made or linked just now. Rejects with FORBIDDEN. */
  async enter(coming: ComingIn, caller: Caller): Promise<Entered> {
    const { person, linkTo, invitation, join } = coming
    const prepared = await this.#newUser(person)
    if (invitation !== undefined) return this.#accept(invitation, person, prepared, caller)
    const { administration, clock } = this.#parts
    return administration.inTurn(async store => {
      const known = knownUser(store, person)
      if (linkTo !== undefined) return this.#link(store, person, linkTo, known, caller)
      if (known !== undefined) return { user: known, workspaceId: undefined }
      const found = person.email === undefined ? undefined : store.userByEmail(person.email.toLowerCase())
      if (found !== undefined) {
        requireOnlyWayIn(store, found)
        return this.#store(found, [this.#identity(store, person, found.id)], undefined, caller)
      }
      const workspace = join && administration.findWorkspace(join.workspace)
      if (join === undefined || workspace === undefined || prepared === undefined || !mayJoin(person, join))
        throw unknown('nobody here is known as this; ask for an invitation')
      const user = prepared(store)
      const at = new Date(clock.wall()).toISOString()
      const joining = { workspaceId: workspace.id, userId: user.id, role: join.role, at }
      const member = memberJoining(store, joining)
      return this.#store(user, [user, member, this.#identity(store, person, user.id)], member, caller)
    })
  }

  /** Takes a way in away. Rejects with NOT_FOUND, and BAD_USER_INPUT when it is the only one. */
  unlink({ actorId }: ActorPrincipal, id: string, caller: Caller): Promise<IdentityRecord> {
    const { administration, authority, audit, clock } = this.#parts
    return administration.inTurn(async store => {
      const before = store.get('identity', id)
      if (before?.userId !== actorId || before.unlinkedAt !== null)
        throw new EnneadError('NOT_FOUND', 'there is no such linked sign-in')
      const others = store.identitiesOf(actorId, identitiesMax).length - 1
      if (others === 0 && store.get('user', actorId)?.passwordHash === undefined)
        throw new EnneadError('BAD_USER_INPUT', 'this is your only way to sign in; link another one first')
      const unlinkedAt = new Date(clock.wall()).toISOString()
      const record = { ...before, version: before.version + 1, unlinkedAt }
      await authority.call('put', [record])
      await audit.append({ kind: 'IDENTITY_UNLINKED', userId: actorId, issuer: before.issuer }, caller)
      return record
    })
  }

  async #accept(
    token: string,
    person: ProviderPerson,
    prepared: NewUserOf | undefined,
    caller: Caller,
  ): Promise<Entered> {
    const accepted: { user?: UserRecord } = {}
    const { workspaceId } = await this.#parts.invitations.accept(
      token,
      ({ email }, store): Acceptor => {
        if (person.email?.toLowerCase() !== email)
          throw unknown('the invitation is for another address than the one that the provider has verified')
        const known = knownUser(store, person)
        const holder = known ?? store.userByEmail(email)
        if (holder !== undefined && known === undefined) requireOnlyWayIn(store, holder)
        if (holder === undefined && prepared === undefined) throw unknown('the provider tells no name')
        const user = holder ?? prepared?.(store)
        if (user === undefined) throw unknown('the provider tells no address')
        accepted.user = user
        const made: DirectoryRecord[] = holder === undefined ? [user] : []
        return { user, puts: known === undefined ? [...made, this.#identity(store, person, user.id)] : [] }
      },
      caller,
    )
    if (accepted.user === undefined) throw new EnneadError('INTERNAL', 'an invitation was accepted by nobody')
    return { user: accepted.user, workspaceId }
  }

  async #link(
    store: DirectoryStore,
    person: ProviderPerson,
    userId: string,
    known: UserRecord | undefined,
    caller: Caller,
  ): Promise<Entered> {
    const user = store.get('user', userId)
    if (user === undefined) throw unknown('nobody to link this to')
    if (known !== undefined) {
      if (known.id === userId) return { user: known, workspaceId: undefined }
      throw unknown('this sign-in belongs to another user here')
    }
    if (store.identitiesOf(userId, identitiesMax).length >= identitiesMax)
      throw new EnneadError('BAD_USER_INPUT', `nobody has more than ${identitiesMax} linked sign-ins`)
    return this.#store(user, [this.#identity(store, person, userId)], undefined, caller)
  }

  async #store(
    user: UserRecord,
    puts: readonly DirectoryRecord[],
    member: MemberRecord | undefined,
    caller: Caller,
  ): Promise<Entered> {
    const { authority, audit } = this.#parts
    await authority.call('put', puts)
    for (const put of puts)
      if (put.kind === 'user' || put.kind === 'identity' || put.kind === 'member')
        await audit.append(eventOf(put), caller)
    return { user, workspaceId: member?.workspaceId }
  }

  #identity(store: DirectoryStore, { issuer, subject }: ProviderPerson, userId: string): IdentityRecord {
    const id = identityIdOf(issuer, subject)
    const version = (store.get('identity', id)?.version ?? 0) + 1
    const linkedAt = new Date(this.#parts.clock.wall()).toISOString()
    return { kind: 'identity', id, version, issuer, subject, userId, linkedAt, unlinkedAt: null }
  }

  /** Makes the user that they would be; undefined: the provider has not verified an address. */
  async #newUser({ email, name }: ProviderPerson): Promise<NewUserOf | undefined> {
    if (email === undefined) return undefined
    const displayName = (name?.trim() || email.replace(/@.*$/, '')).slice(0, 200)
    const { passwords, clock } = this.#parts
    const prepared = await prepareUser({ email, displayName, password: null }, passwords).catch(
      () => undefined,
    )
    return prepared && (store => prepared.record(store, clock.wall()))
  }
}

type NewUserOf = (store: DirectoryStore) => UserRecord

/** The user that this person is known to be. */
export function knownUser(
  store: DirectoryStore,
  { issuer, subject }: { readonly issuer: string; readonly subject: string },
): UserRecord | undefined {
  const identity = store.get('identity', identityIdOf(issuer, subject))
  return identity?.unlinkedAt === null ? store.get('user', identity.userId) : undefined
}

function requireOnlyWayIn(store: DirectoryStore, user: UserRecord): void {
  const { id, passwordHash, subject } = user
  if (passwordHash === undefined && subject === undefined && store.identitiesOf(id, 1).length === 0) return
  throw unknown('there is an account with this address: sign in to it, then link this sign-in')
}

function mayJoin({ email = '' }: ProviderPerson, { emailDomains }: JoinRule): boolean {
  const domain = email.slice(email.lastIndexOf('@') + 1).toLowerCase()
  return emailDomains === undefined || emailDomains.some(allowed => allowed.toLowerCase() === domain)
}

function unknown(message: string): EnneadError {
  return new EnneadError('FORBIDDEN', message)
}

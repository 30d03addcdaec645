import { subject } from '@casl/ability'
import type { Dispatcher } from '../../../dispatch/port.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { newGlobalId } from '../../../kernel/global-id.ts'
import type { ActorPrincipal, Role } from '../../../kernel/principal.ts'
import { abilityOf } from '../abilities.ts'
import type { InvitationRecord } from '../account-records.ts'
import type { Administration } from '../administration.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { eventOf } from '../audit/event-of-record.ts'
import type { Authority, DirectoryRecord, MemberRecord, UserRecord } from '../authority.ts'
import { type DirectoryStore, isEmail, normalEmail } from '../directory/directory-store.ts'
import { currentMember, grantToday } from '../directory/grants.ts'
import { requireToday } from '../members/allowed-today.ts'
import { memberJoining } from '../members/member-joining.ts'
import type { Caller } from '../sign-in/sessions.ts'
import { hashSecret, sameHash } from '../tokens/refresh-token.ts'
import { newInvitationSecret, readInvitationToken, writeInvitationToken } from './invitation-token.ts'

export interface NewInvitation {
  readonly email: string
  readonly role: Role
  /** 1 to 30. */
  readonly expiresInDays: number
}

export interface CreatedInvitation {
  /** The only time it is told. */
  readonly token: string
  readonly record: InvitationRecord
}

/** Who accepts: a user as they are or will be, and what else is to be stored for that. */
export interface Acceptor {
  readonly user: UserRecord
  readonly puts: readonly DirectoryRecord[]
}

export interface InvitationsParts {
  readonly administration: Pick<Administration, 'inTurn'>
  readonly authority: Dispatcher<Authority>
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
}

/** Open ones of a workspace. */
export const invitationsMax = 100
const daysMax = 30
const dayMs = 86_400_000

/**
 * Offers to become a member. The token is told once, to who invites: sending it is theirs to do. It works once, for the invited
 * address, and only while who invited could still invite. Refusals are BAD_USER_INPUT, NOT_FOUND and FORBIDDEN.
 */
export class Invitations {
  readonly #parts: InvitationsParts

  constructor(parts: InvitationsParts) {
    this.#parts = parts
  }

  async create(by: ActorPrincipal, given: NewInvitation, caller: Caller): Promise<CreatedInvitation> {
    const { administration, authority, audit, clock } = this.#parts
    const { workspaceId, actorId } = by
    const { role, expiresInDays } = given
    const email = normalEmail(given.email)
    if (!isEmail(email)) throw badInput('email must be an e-mail address of at most 254 characters')
    if (expiresInDays < 1 || expiresInDays > daysMax) throw badInput(`expiresInDays must be 1 to ${daysMax}`)
    return administration.inTurn(async store => {
      requireToday(by, store, 'create', 'Invitation', { workspaceId, role })
      const wallMs = clock.wall()
      const now = new Date(wallMs).toISOString()
      const invited = store.userByEmail(email)
      if (invited !== undefined && currentMember(store, workspaceId, invited.id) !== undefined)
        throw badInput('email: they are a member already')
      if (store.invitationsOf(workspaceId, now, invitationsMax).length >= invitationsMax)
        throw badInput(`there are ${invitationsMax} open invitations already; revoke one first`)
      const secret = newInvitationSecret()
      const record: InvitationRecord = {
        kind: 'invitation',
        id: newGlobalId('Invitation', wallMs),
        version: 1,
        workspaceId,
        email,
        role,
        invitedBy: actorId,
        createdAt: now,
        expiresAt: new Date(wallMs + expiresInDays * dayMs).toISOString(),
        revokedAt: null,
        acceptedAt: null,
        acceptedBy: null,
        secretHash: hashSecret(secret),
      }
      await authority.call('put', [record])
      const event = { invitationId: record.id, workspaceId, role, by: actorId }
      await audit.append({ kind: 'INVITATION_CREATED', ...event }, caller)
      return { token: writeInvitationToken({ id: record.id, secret }), record }
    })
  }

  async revoke(by: ActorPrincipal, id: string, caller: Caller): Promise<InvitationRecord> {
    const { administration, authority, audit, clock } = this.#parts
    const { workspaceId, actorId } = by
    return administration.inTurn(async store => {
      const before = store.get('invitation', id)
      // Of another workspace is as good as not there.
      if (before?.workspaceId !== workspaceId)
        throw new EnneadError('NOT_FOUND', 'there is no such invitation')
      const { role } = before
      requireToday(by, store, 'delete', 'Invitation', { workspaceId, role })
      if (before.revokedAt !== null || before.acceptedAt !== null) return before
      const revokedAt = new Date(clock.wall()).toISOString()
      const record = { ...before, version: before.version + 1, revokedAt }
      await authority.call('put', [record])
      await audit.append(
        { kind: 'INVITATION_REVOKED', invitationId: id, workspaceId, role, by: actorId },
        caller,
      )
      return record
    })
  }

  /** Makes whoever `who` names for the invitation a member; it throws to refuse. All of it is stored, or nothing. */
  async accept(
    token: string,
    who: (invitation: InvitationRecord, store: DirectoryStore) => Acceptor,
    caller: Caller,
  ): Promise<MemberRecord> {
    const { administration, authority, audit, clock } = this.#parts
    return administration.inTurn(async store => {
      const now = new Date(clock.wall()).toISOString()
      const invitation = openInvitation(store, token, now)
      const { user, puts } = who(invitation, store)
      const { workspaceId, role, id, invitedBy } = invitation
      if (currentMember(store, workspaceId, user.id) !== undefined)
        throw badInput('you are a member of this workspace already')
      const member = memberJoining(store, { workspaceId, userId: user.id, role, at: now })
      const version = invitation.version + 1
      const accepted = { ...invitation, version, acceptedAt: now, acceptedBy: user.id }
      await authority.call('put', [...puts, member, accepted])
      const event = { userId: user.id, workspaceId, role }
      for (const put of puts)
        if (put.kind === 'user' || put.kind === 'identity') await audit.append(eventOf(put), caller)
      await audit.append({ kind: 'INVITATION_ACCEPTED', invitationId: id, ...event }, caller)
      await audit.append({ kind: 'MEMBER_CHANGED', ...event, by: invitedBy }, caller)
      return member
    })
  }
}

/** The invitation that can be accepted with this token now. Throws FORBIDDEN, one text for every reason. */
export function openInvitation(store: DirectoryStore, token: string, now: string): InvitationRecord {
  const text = readInvitationToken(token)
  const invitation = text && store.get('invitation', text.id)
  if (text === undefined || invitation === undefined || !sameHash(text.secret, invitation.secretHash))
    throw notOpen('there is no such invitation')
  const { workspaceId, role, invitedBy, revokedAt, acceptedAt, expiresAt } = invitation
  if (revokedAt !== null || acceptedAt !== null || expiresAt <= now)
    throw notOpen('revoked, accepted or expired')
  const rules = grantToday(store, workspaceId, invitedBy)?.rules ?? []
  if (!abilityOf(rules).can('create', subject('Invitation', { workspaceId, role })))
    throw notOpen('who invited may not any more')
  return invitation
}

function notOpen(cause: string): EnneadError {
  const message = 'the invitation is not valid, was used or revoked, or has expired; ask for a new one'
  return new EnneadError('FORBIDDEN', message, { cause })
}

function badInput(message: string): EnneadError {
  return new EnneadError('BAD_USER_INPUT', message)
}

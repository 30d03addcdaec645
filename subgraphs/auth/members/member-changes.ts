import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { ActorPrincipal, Role } from '../../../kernel/principal.ts'
import type { Administration } from '../administration.ts'
import type { AuditOrigin } from '../audit/audit-entry.ts'
import type { MemberRecord } from '../authority.ts'
import type { DirectoryStore } from '../directory/directory-store.ts'
import { requireToday } from './allowed-today.ts'

/** Members read at once while another owner is looked for. */
const pageMax = 100

/**
 * Changes that members of a workspace make to each other. Each is decided by the roles that are stored when it is made, and by
 * what the one who asks was granted, whichever allows less: an old token does not help. Refusals are NOT_FOUND for whom
 * the workspace does not have, FORBIDDEN, and BAD_USER_INPUT for its last owner.
 */
export class MemberChanges {
  readonly #administration: Administration
  readonly #clock: Clock

  constructor(administration: Administration, clock: Clock) {
    this.#administration = administration
    this.#clock = clock
  }

  changeRole(by: ActorPrincipal, userId: string, role: Role, origin: AuditOrigin): Promise<MemberRecord> {
    return this.#change(by, userId, origin, (member, store) => {
      if (member.role === role) return member
      require(by, store, 'update', member)
      require(by, store, 'update', { ...member, role })
      if (member.role === 'OWNER') requireAnotherOwner(store, member)
      return { ...member, role }
    })
  }

  /** Everyone may leave; others are removed by those who may. */
  remove(by: ActorPrincipal, userId: string, origin: AuditOrigin): Promise<MemberRecord> {
    return this.#change(by, userId, origin, (member, store) => {
      require(by, store, 'delete', member)
      if (member.role === 'OWNER') requireAnotherOwner(store, member)
      return { ...member, leftAt: new Date(this.#clock.wall()).toISOString() }
    })
  }

  #change(
    by: ActorPrincipal,
    userId: string,
    origin: AuditOrigin,
    decide: (member: MemberRecord, store: DirectoryStore) => MemberRecord,
  ): Promise<MemberRecord> {
    const change = { workspaceId: by.workspaceId, userId, by: by.actorId, origin }
    return this.#administration.changeMember(change, decide)
  }
}

function require(
  by: ActorPrincipal,
  store: DirectoryStore,
  action: 'update' | 'delete',
  { userId, role }: MemberRecord,
): void {
  requireToday(by, store, action, 'Member', { workspaceId: by.workspaceId, userId, role })
}

function requireAnotherOwner(store: DirectoryStore, owner: MemberRecord): void {
  let after: string | undefined
  for (;;) {
    const members = store.membersOf(owner.workspaceId, after, pageMax)
    if (members.some(({ id, role }) => id !== owner.id && role === 'OWNER')) return
    after = members.at(-1)?.id
    if (members.length < pageMax)
      throw new EnneadError('BAD_USER_INPUT', 'a workspace keeps an owner; make somebody else one first')
  }
}

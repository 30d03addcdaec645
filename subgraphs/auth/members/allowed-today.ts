import { subject } from '@casl/ability'
import { EnneadError } from '../../../kernel/errors.ts'
import type { ActorPrincipal, Role } from '../../../kernel/principal.ts'
import { abilityOf } from '../abilities.ts'
import type { DirectoryStore } from '../directory/directory-store.ts'
import { grantToday } from '../directory/grants.ts'

/** What rules on accounts speak of, each with the role that it has or would give. */
export type AccountSubject = 'Member' | 'ServiceAccount' | 'Invitation' | 'ProjectRole'

export interface AccountTarget {
  readonly workspaceId: string
  readonly role: Role
  /** Of a member. */
  readonly userId?: string
  /** Of a role in a project. */
  readonly projectId?: string
}

const told: Readonly<Record<AccountSubject, string>> = {
  Member: 'a member',
  ServiceAccount: 'a service account',
  Invitation: 'an invitation of a member',
  ProjectRole: 'a role in this project',
}

/**
 * Nothing when both the rules that `by` came with and their role of today allow it: an old token does not help. Throws
 * FORBIDDEN.
 */
export function requireToday(
  by: ActorPrincipal,
  store: DirectoryStore,
  action: 'create' | 'update' | 'delete',
  kind: AccountSubject,
  target: AccountTarget,
): void {
  const today = grantToday(store, by.workspaceId, by.actorId)?.rules ?? []
  const allowed = [by.rules, today].every(packed =>
    abilityOf(packed).can(action, subject(kind, { ...target })),
  )
  if (!allowed)
    throw new EnneadError('FORBIDDEN', `this is not for you to ${action} ${told[kind]} who is ${target.role}`)
}

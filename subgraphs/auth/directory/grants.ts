import { type Grant, grantOf } from '../abilities.ts'
import type { ProjectRoleRecord, ServiceAccountRecord } from '../account-records.ts'
import type { MemberRecord } from '../authority.ts'
import { type DirectoryStore, memberIdOf } from './directory-store.ts'

/** Roles in projects that one member or service account can have: they have to fit into an access token. */
export const projectRolesMax = 30

/** The membership, unless it has ended. */
export function currentMember(
  store: DirectoryStore,
  workspaceId: string,
  userId: string,
): MemberRecord | undefined {
  const member = store.get('member', memberIdOf(workspaceId, userId))
  return member?.leftAt === null ? member : undefined
}

/** The service account, unless it is disabled or of another workspace. */
export function workingAccount(
  store: DirectoryStore,
  workspaceId: string,
  id: string,
): ServiceAccountRecord | undefined {
  const account = store.get('serviceAccount', id)
  return account?.workspaceId === workspaceId && account.disabledAt === null ? account : undefined
}

/** What a member or a service account may do in the workspace as it is stored now; undefined: nothing. */
export function grantToday(store: DirectoryStore, workspaceId: string, actorId: string): Grant | undefined {
  const actor = currentMember(store, workspaceId, actorId) ?? workingAccount(store, workspaceId, actorId)
  if (actor === undefined) return undefined
  const projects = store.projectRolesOf(workspaceId, actorId, projectRolesMax)
  return grantOf(actor.role, workspaceId, actorId, projects)
}

/** What ends with a membership: who joins again begins without roles in projects. */
export function rolesEndedWith(
  { workspaceId, userId, leftAt }: MemberRecord,
  store: DirectoryStore,
): readonly ProjectRoleRecord[] {
  if (leftAt === null) return []
  const roles = store.projectRolesOf(workspaceId, userId, projectRolesMax)
  return roles.map(role => ({ ...role, version: role.version + 1, endedAt: leftAt }))
}

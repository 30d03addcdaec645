import type { Dispatcher } from '../../../dispatch/port.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { kindOfGlobalId } from '../../../kernel/global-id.ts'
import type { ActorPrincipal, Role } from '../../../kernel/principal.ts'
import type { ProjectRoleRecord } from '../account-records.ts'
import type { Administration } from '../administration.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Authority } from '../authority.ts'
import { type DirectoryStore, projectRoleIdOf } from '../directory/directory-store.ts'
import { currentMember, projectRolesMax } from '../directory/grants.ts'
import type { Caller } from '../sign-in/sessions.ts'
import { requireToday } from './allowed-today.ts'

export interface ProjectRoleChange {
  /** A member or a service account of the workspace. */
  readonly actorId: string
  readonly projectId: string
  /** Null: takes away the one they have. */
  readonly role: Role | null
}

export interface ProjectRolesParts {
  readonly administration: Pick<Administration, 'inTurn'>
  readonly authority: Dispatcher<Authority>
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
}

/**
 * Gives and takes roles in single projects, by those who may in the workspace or are ADMIN of the project. Such a role adds to
 * the one in the workspace; only owners of the workspace make an OWNER. Whether the project exists, the db domain knows: a
 * role in one of another workspace, or in none, allows nothing. Refusals are BAD_USER_INPUT, NOT_FOUND and FORBIDDEN.
 */
export class ProjectRoles {
  readonly #parts: ProjectRolesParts

  constructor(parts: ProjectRolesParts) {
    this.#parts = parts
  }

  /** The roles in projects that they have afterwards. */
  async set(
    by: ActorPrincipal,
    change: ProjectRoleChange,
    caller: Caller,
  ): Promise<readonly ProjectRoleRecord[]> {
    const { administration, authority, audit, clock } = this.#parts
    const { actorId, projectId, role } = change
    const { workspaceId } = by
    if (kindOfGlobalId(projectId) !== 'Project')
      throw new EnneadError('BAD_USER_INPUT', 'projectId must be the id of a project')
    return administration.inTurn(async store => {
      const before = store.get('projectRole', projectRoleIdOf(workspaceId, actorId, projectId))
      const held = before?.endedAt === null ? before.role : null
      for (const one of [held, role])
        if (one !== null)
          requireToday(by, store, 'update', 'ProjectRole', { workspaceId, projectId, role: one })
      if (!isActorOf(store, workspaceId, actorId))
        throw new EnneadError('NOT_FOUND', 'there is no such member or service account')
      const roles = store.projectRolesOf(workspaceId, actorId, projectRolesMax)
      if (role === held) return roles
      if (held === null && roles.length >= projectRolesMax)
        throw new EnneadError('BAD_USER_INPUT', `nobody has roles in more than ${projectRolesMax} projects`)
      const record: ProjectRoleRecord = {
        kind: 'projectRole',
        id: projectRoleIdOf(workspaceId, actorId, projectId),
        version: (before?.version ?? 0) + 1,
        workspaceId,
        actorId,
        projectId,
        role: role ?? held ?? 'GUEST',
        endedAt: role === null ? new Date(clock.wall()).toISOString() : null,
      }
      await authority.call('put', [record])
      const event = { actorId, workspaceId, projectId, role, by: by.actorId }
      await audit.append({ kind: 'PROJECT_ROLE_CHANGED', ...event }, caller)
      return [...roles.filter(one => one.id !== record.id), ...(role === null ? [] : [record])]
    })
  }
}

function isActorOf(store: DirectoryStore, workspaceId: string, actorId: string): boolean {
  if (currentMember(store, workspaceId, actorId) !== undefined) return true
  return store.get('serviceAccount', actorId)?.workspaceId === workspaceId
}

import { subject } from '@casl/ability'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import { abilityOf } from '../abilities.ts'

/** A task as the gateway hands it over; the fields besides the id are those that `viewerCan` requires. */
export interface TaskReference {
  readonly id: string
  readonly projectId?: string
  readonly creatorId?: string
}

export interface TaskPermissions {
  readonly update: boolean
  readonly delete: boolean
  readonly assign: boolean
  readonly comment: boolean
}

/**
 * What a principal may do with a task. The db subgraph only hands out tasks of the viewer's own workspace, so that is
 * where the task is.
 */
export function taskPermissions(principal: ActorPrincipal, task: TaskReference): TaskPermissions {
  const ability = abilityOf(principal.rules)
  const { projectId, creatorId } = task
  const known = subject('Task', { workspaceId: principal.workspaceId, projectId, creatorId })
  return {
    update: ability.can('update', known),
    delete: ability.can('delete', known),
    assign: ability.can('assign', known),
    comment: ability.can('comment', known),
  }
}

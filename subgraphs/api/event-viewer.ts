import { type MongoAbility, type RawRuleOf, createMongoAbility, subject } from '@casl/ability'
import { type PackRule, unpackRules } from '@casl/ability/extra'
import { EnneadError } from '../../kernel/errors.ts'
import type { ActorPrincipal, Principal } from '../../kernel/principal.ts'
import type { TaskEvent } from './task-event.ts'

/** For whom events are read: their workspace, and which of its tasks they may read. */
export class EventViewer {
  readonly workspaceId: string
  readonly #ability: MongoAbility

  constructor(principal: ActorPrincipal) {
    this.workspaceId = principal.workspaceId
    // The auth domain wrote the principal's rules with packRules.
    const packed = principal.rules as PackRule<RawRuleOf<MongoAbility>>[]
    this.#ability = createMongoAbility(unpackRules(packed))
    if (this.#ability.rulesFor('read', 'Task').length === 0) {
      throw new EnneadError('FORBIDDEN', 'this credential may not read tasks, nor what happens to them')
    }
  }

  /** A rule about something that an event does not tell of its task lets none of its events through. */
  mayRead({ workspaceId, projectId, taskId }: TaskEvent): boolean {
    if (workspaceId !== this.workspaceId) return false
    return this.#ability.can('read', subject('Task', { id: taskId, workspaceId, projectId }))
  }
}

const viewers = new WeakMap<ActorPrincipal, EventViewer>()

/**
 * The member who asks. Throws UNAUTHENTICATED for nobody, FORBIDDEN for those who are in no workspace or may read no tasks.
 */
export function eventViewerOf(principal: Principal | undefined): EventViewer {
  if (principal === undefined) throw new EnneadError('UNAUTHENTICATED', 'sign in to see events')
  if (principal.kind !== 'actor') {
    throw new EnneadError('FORBIDDEN', `a ${principal.kind} is in no workspace and sees no events`)
  }
  const known = viewers.get(principal)
  if (known !== undefined) return known
  const viewer = new EventViewer(principal)
  viewers.set(principal, viewer)
  return viewer
}

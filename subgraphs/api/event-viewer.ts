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
    const rules = unpackRules(packed)
    this.#ability = createMongoAbility(rules.flatMap(byWhatIsTold))
    if (createMongoAbility(rules).rulesFor('read', 'Task').length === 0) {
      throw new EnneadError('FORBIDDEN', 'this credential may not read tasks, nor what happens to them')
    }
  }

  /** A rule about something that an event does not tell of its task lets none of its events through, and refuses all that it may. */
  mayRead({ workspaceId, projectId, taskId }: TaskEvent): boolean {
    if (workspaceId !== this.workspaceId) return false
    return this.#ability.can('read', subject('Task', { id: taskId, workspaceId, projectId }))
  }
}

/** What an event tells of its task. */
const told: ReadonlySet<string> = new Set(['id', 'workspaceId', 'projectId'])

/** A rule as far as it can be decided by an event, to the safe side where it cannot: `$ne` is met by what is not there. */
function byWhatIsTold(rule: RawRuleOf<MongoAbility>): readonly RawRuleOf<MongoAbility>[] {
  const asked = Object.entries(rule.conditions ?? {})
  const decided = asked.filter(([name]) => told.has(name))
  if (decided.length === asked.length) return [rule]
  if (rule.inverted !== true) return []
  const { conditions: _, ...everything } = rule
  return [decided.length === 0 ? everything : { ...everything, conditions: Object.fromEntries(decided) }]
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

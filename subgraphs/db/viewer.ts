import { type MongoAbility, type RawRuleOf, createMongoAbility } from '@casl/ability'
import { type PackRule, rulesToAST, unpackRules } from '@casl/ability/extra'
import { EnneadError } from '../../kernel/errors.ts'
import type { IdKind } from '../../kernel/global-id.ts'
import type { ActorPrincipal, Principal } from '../../kernel/principal.ts'
import type { Condition } from './condition.ts'
import type { CommentRecord, LabelRecord, ProjectRecord, TaskRecord } from './record.ts'
import { ruleCondition } from './rule-condition.ts'

/** Records that clients can see. */
export type VisibleRecord = TaskRecord | ProjectRecord | LabelRecord | CommentRecord
export type VisibleKind = VisibleRecord['kind']

/** What rules speak of (subgraphs/auth/abilities.ts writes them). */
export type Action = 'create' | 'read' | 'update' | 'delete' | 'restore' | 'assign' | 'comment'

/** The kind a record's global id names, which is also the subject that rules speak of. */
export const idKinds = {
  task: 'Task',
  project: 'Project',
  label: 'Label',
  comment: 'Comment',
} as const satisfies Record<VisibleKind, IdKind>

/** For whom a request is answered: their workspace, and what its rules let them do. */
export class Viewer {
  readonly actorId: string
  readonly workspaceId: string
  readonly #ability: MongoAbility

  constructor(principal: ActorPrincipal) {
    this.actorId = principal.actorId
    this.workspaceId = principal.workspaceId
    // The auth domain wrote the principal's rules with packRules.
    const packed = principal.rules as PackRule<RawRuleOf<MongoAbility>>[]
    this.#ability = createMongoAbility(unpackRules(packed), {
      // Records carry their kind, so they need no marks of CASL's own.
      detectSubjectType: record => idKinds[(record as unknown as VisibleRecord).kind],
    })
  }

  /** May the viewer do this with this record? Never with one of another workspace, whatever the rules say. */
  can(action: Action, record: VisibleRecord): boolean {
    // CASL's type for a subject asks for an index signature, which records have no use for.
    const subject = record as unknown as Record<PropertyKey, unknown>
    return record.workspaceId === this.workspaceId && this.#ability.can(action, subject)
  }

  /** What records of a kind must fulfil to be read by the viewer. */
  readable(kind: VisibleKind): Condition {
    return ruleCondition(rulesToAST(this.#ability, 'read', idKinds[kind]))
  }
}

const viewers = new WeakMap<ActorPrincipal, Viewer>()

/** The viewer behind a request. Throws UNAUTHENTICATED for nobody and FORBIDDEN for all who act for nobody in a workspace. */
export function viewerOf(principal: Principal | undefined): Viewer {
  if (principal === undefined) throw new EnneadError('UNAUTHENTICATED', 'sign in to see tasks')
  if (principal.kind !== 'actor') {
    throw new EnneadError('FORBIDDEN', `a ${principal.kind} acts for nobody and sees no tasks`)
  }
  const known = viewers.get(principal)
  if (known !== undefined) return known
  const viewer = new Viewer(principal)
  viewers.set(principal, viewer)
  return viewer
}

import { subject } from '@casl/ability'
import { EnneadError } from '../../../kernel/errors.ts'
import { abilityOf } from '../abilities.ts'
import { workspaceOf } from '../audit/audit-entry.ts'
import type { FollowedEntry } from '../audit/follow-audit.ts'
import type { Security } from '../threats/security.ts'
import { type AuditNode, nodeOf } from './audit-connection.ts'
import { type WithHop, requirePerson } from './context.ts'

export interface SecurityEventsArguments {
  readonly kinds?: readonly string[] | null
  readonly after?: string | null
}

/** `type SecurityEvent` of the schema. */
export interface SecurityEvent {
  readonly cursor: string
  readonly entry: AuditNode
}

type Desk = Pick<Security, 'feed' | 'cursors'>

/**
 * Entries of the audit log about the viewer's workspace, behind `after` or from now on. Each is looked at by the viewer's rules. Throws
 * FORBIDDEN unless these let them read any, CURSOR_INVALID for a cursor of elsewhere.
 */
export function followSecurity(
  { feed, cursors }: Desk,
  { kinds, after }: SecurityEventsArguments,
  context: WithHop,
): AsyncIterableIterator<FollowedEntry, undefined> {
  const { workspaceId, rules } = requirePerson(context)
  const ability = abilityOf(rules)
  const mayRead = (of: string | undefined): boolean =>
    of === workspaceId && ability.can('read', subject('AuditEntry', { workspaceId: of }))
  if (!mayRead(workspaceId))
    throw new EnneadError('FORBIDDEN', 'security events are for owners and administrators of the workspace')
  const wantedKinds = kinds && new Set(kinds)
  return feed.attach({
    after: typeof after === 'string' ? cursors.decode(after, cursorScope(workspaceId)) : undefined,
    signal: context.hop.signal,
    wanted: ({ entry }) => mayRead(workspaceOf(entry)) && (!wantedKinds || wantedKinds.has(entry.kind)),
    narrow: { workspaceId },
  })
}

/** What the viewer sees of an entry that they follow. */
export function securityEvent(
  { cursors }: Desk,
  { entry, position }: FollowedEntry,
  context: WithHop,
): SecurityEvent {
  const { workspaceId } = requirePerson(context)
  return { cursor: cursors.encode(position, cursorScope(workspaceId)), entry: nodeOf(entry, workspaceId) }
}

/** Not that of task events, whose cursors are places in another log. */
function cursorScope(workspaceId: string): string {
  return `security ${workspaceId}`
}

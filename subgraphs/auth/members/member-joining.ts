import type { Role } from '../../../kernel/principal.ts'
import type { MemberRecord } from '../authority.ts'
import { type DirectoryStore, memberIdOf } from '../directory/directory-store.ts'

export interface Joining {
  readonly workspaceId: string
  readonly userId: string
  readonly role: Role
  /** ISO 8601. */
  readonly at: string
}

/** The membership of one who joins, joins anew, or is a member and gets another role. */
export function memberJoining(
  store: DirectoryStore,
  { workspaceId, userId, role, at }: Joining,
): MemberRecord {
  const id = memberIdOf(workspaceId, userId)
  const before = store.get('member', id)
  const joinedAt = before?.leftAt === null ? before.joinedAt : at
  const version = (before?.version ?? 0) + 1
  return { kind: 'member', id, version, workspaceId, userId, role, joinedAt, leftAt: null }
}

import { subject } from '@casl/ability'
import { EnneadError } from '../../../kernel/errors.ts'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import { pageSize } from '../../service/page.ts'
import { abilityOf } from '../abilities.ts'
import type { AuditEntry } from '../audit/audit-entry.ts'
import type { AuditPage, ReadAuditOptions } from '../audit/read-audit.ts'

export interface AuditPageArguments {
  readonly first?: number | null
  readonly after?: string | null
  readonly filter?: {
    readonly kinds?: readonly string[] | null
    readonly actorId?: string | null
    readonly since?: Date | string | null
    readonly until?: Date | string | null
  } | null
}

/** What a workspace's administrators may see of an entry. */
export interface AuditNode {
  readonly id: string
  readonly at: string
  readonly kind: string
  readonly workspaceId: string
  /** Whom it is about. */
  readonly actorId: string | null
  /** Who did it. */
  readonly byId: string | null
  readonly sessionId: string | null
  readonly keyId: string | null
  readonly projectId: string | null
  readonly invitationId: string | null
  readonly role: string | null
  readonly why: string | null
  readonly threat: string | null
  readonly count: number | null
  readonly address: string | null
  readonly userAgent: string | null
}

export interface AuditConnection {
  readonly nodes: readonly AuditNode[]
  readonly edges: readonly { readonly node: AuditNode; readonly cursor: string }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

const firstDefault = 20
const cursorForm = 'audit:'

/**
 * A page of what the audit log has of the viewer's workspace, newest first. Throws FORBIDDEN unless their role lets them read
 * it, BAD_USER_INPUT or CURSOR_INVALID.
 */
export async function auditConnection(
  viewer: ActorPrincipal,
  { first, after, filter }: AuditPageArguments,
  read: (options: ReadAuditOptions) => Promise<AuditPage>,
): Promise<AuditConnection> {
  const { workspaceId } = viewer
  if (!abilityOf(viewer.rules).can('read', subject('AuditEntry', { workspaceId }))) {
    throw new EnneadError('FORBIDDEN', 'the audit log is for owners and administrators of the workspace')
  }
  const limit = pageSize('first', first ?? firstDefault)
  const before = typeof after === 'string' ? readCursor(after, workspaceId) : undefined
  const kinds = filter?.kinds && new Set(filter.kinds)
  const [since, until] = [filter?.since, filter?.until].map(time => time && new Date(time).getTime())
  const wanted = (entry: AuditEntry): boolean => {
    const fields: AuditFields = entry
    if (fields.workspaceId !== workspaceId) return false
    if (kinds && !kinds.has(entry.kind)) return false
    const at = Date.parse(entry.at)
    if ((since && at < since) || (until && at >= until)) return false
    return !filter?.actorId || [actorOf(fields), fields.by].includes(filter.actorId)
  }
  const { found, seenTo } = await read({ before, limit, wanted })
  const edges = found.map(({ entry, at }) => ({
    node: nodeOf(entry, workspaceId),
    cursor: writeCursor(workspaceId, at),
  }))
  return {
    nodes: edges.map(({ node }) => node),
    edges,
    pageInfo: {
      hasNextPage: seenTo > 0,
      hasPreviousPage: before !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: seenTo > 0 ? writeCursor(workspaceId, seenTo) : (edges.at(-1)?.cursor ?? null),
    },
  }
}

/** What some kind of entry has. */
interface AuditFields {
  readonly kind: string
  readonly workspaceId?: string
  readonly userId?: string
  readonly actorId?: string
  readonly serviceAccountId?: string
  readonly by?: string
  readonly sessionId?: string
  readonly keyId?: string
  readonly projectId?: string
  readonly invitationId?: string
  readonly role?: string | null
  readonly why?: string
  readonly threat?: string
  readonly count?: number
}

/** What the administrators of `workspaceId` may see of an entry that names it. */
export function nodeOf(entry: AuditEntry, workspaceId: string): AuditNode {
  const fields: AuditFields = entry
  return {
    // The number of an entry would tell how much happens in other workspaces.
    id: entry.hash.slice(0, 32),
    at: entry.at,
    kind: entry.kind,
    workspaceId,
    actorId: actorOf(fields) ?? null,
    byId: fields.by ?? null,
    sessionId: fields.sessionId ?? null,
    keyId: fields.keyId ?? null,
    projectId: fields.projectId ?? null,
    invitationId: fields.invitationId ?? null,
    role: fields.role ?? null,
    why: fields.why ?? null,
    threat: fields.threat ?? null,
    count: fields.count ?? null,
    address: entry.address ?? null,
    userAgent: entry.userAgent ?? null,
  }
}

function actorOf({ userId, actorId, serviceAccountId }: AuditFields): string | undefined {
  return userId ?? actorId ?? serviceAccountId
}

function writeCursor(workspaceId: string, at: number): string {
  return Buffer.from(`${cursorForm}${workspaceId}:${at}`).toString('base64url')
}

function readCursor(cursor: string, workspaceId: string): number {
  const text = Buffer.from(cursor, 'base64url').toString()
  const prefix = `${cursorForm}${workspaceId}:`
  const at = /^\d{1,15}$/.test(text.slice(prefix.length)) ? Number(text.slice(prefix.length)) : Number.NaN
  if (text.startsWith(prefix) && Number.isSafeInteger(at)) return at
  throw new EnneadError('CURSOR_INVALID', 'the cursor was not issued for this list')
}

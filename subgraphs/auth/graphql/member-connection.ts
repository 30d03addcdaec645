import type { CallOptions, Dispatcher } from '../../../dispatch/port.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { pageSize } from '../../service/page.ts'
import type { Authority, MemberRecord } from '../authority.ts'

export interface MemberPageArguments {
  readonly first?: number | null
  readonly after?: string | null
}

export interface MemberConnection {
  /** For the fields that are asked for on their own. */
  readonly workspaceId: string
  readonly nodes: readonly MemberRecord[]
  readonly edges: readonly { readonly node: MemberRecord; readonly cursor: string }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

const firstDefault = 20
const cursorForm = 'member:'

/** A page of the members of a workspace, in the order they joined. Throws BAD_USER_INPUT or CURSOR_INVALID. */
export async function memberConnection(
  authority: Dispatcher<Authority>,
  workspaceId: string,
  { first, after }: MemberPageArguments,
  call: CallOptions,
): Promise<MemberConnection> {
  const size = pageSize('first', first ?? firstDefault)
  const behind = typeof after === 'string' ? readCursor(after, workspaceId) : undefined
  const found = await authority.call('members', { workspaceId, after: behind, limit: size + 1 }, call)
  const nodes = found.slice(0, size)
  const edges = nodes.map(node => ({ node, cursor: writeCursor(node.id) }))
  return {
    workspaceId,
    nodes,
    edges,
    pageInfo: {
      hasNextPage: found.length > size,
      hasPreviousPage: behind !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

function writeCursor(memberId: string): string {
  return Buffer.from(cursorForm + memberId).toString('base64url')
}

function readCursor(cursor: string, workspaceId: string): string {
  const text = Buffer.from(cursor, 'base64url').toString()
  const memberId = text.slice(cursorForm.length)
  if (text.startsWith(cursorForm) && memberId.startsWith(`${workspaceId}/`) && text.length <= 200)
    return memberId
  throw new EnneadError('CURSOR_INVALID', 'the cursor was not issued for this list')
}

import { formatPosition } from '../../events/position.ts'
import type { Hop } from '../../kernel/hop.ts'
import { demandOf } from './db-session.ts'
import type { ApiDomain } from './domain.ts'
import type { EventViewer } from './event-viewer.ts'
import { type TaskEvent, taskEvent } from './task-event.ts'

/** `type TaskEventConnection` of the schema. */
export interface ActivityPage {
  readonly nodes: readonly TaskEvent[]
  readonly edges: readonly { readonly node: TaskEvent; readonly cursor: string }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

/** A task's events from the newest backwards, behind the cursor `after`: only those that the viewer may read. */
export async function readActivity(
  domain: ApiDomain,
  viewer: EventViewer,
  taskId: string,
  size: number,
  after: string | undefined,
  hop: Hop,
): Promise<ActivityPage> {
  const { workspaceId } = viewer
  const { remainingMs, signal, requestId } = hop
  const from = after === undefined ? undefined : domain.cursors.decode(after, workspaceId)
  const { entries } = await domain.channel.call(
    'history',
    {
      after: from === undefined ? undefined : formatPosition(from),
      // One more than asked for says whether there is a next page.
      first: size + 1,
      workspaceId,
      taskId,
      newestFirst: true,
      consistency: demandOf(hop),
    },
    { remainingMs, signal, requestId },
  )
  const nodes = entries
    .slice(0, size)
    .flatMap(entry => taskEvent(entry) ?? [])
    .filter(event => viewer.mayRead(event))
  const edges = nodes.map(node => ({ node, cursor: domain.cursors.encode(node.position, workspaceId) }))
  return {
    nodes,
    edges,
    pageInfo: {
      hasNextPage: entries.length > size,
      hasPreviousPage: after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

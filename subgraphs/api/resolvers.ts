import { EnneadError } from '../../kernel/errors.ts'
import type { FeedListener } from '../../events/feed-listener.ts'
import { Turns } from '../../events/turns.ts'
import { systemClock } from '../../kernel/clock.ts'
import { kindOfGlobalId } from '../../kernel/global-id.ts'
import type { Hop } from '../../kernel/hop.ts'
import type { Resolvers } from '../service/create-subgraph-service.ts'
import { dateTimeScalar } from '../service/date-time.ts'
import type { DegradationNotes } from '../service/degradation-notes.ts'
import { pageSize } from '../service/page.ts'
import { readActivity } from './activity.ts'
import { readChanges } from './changes.ts'
import { sessionBehind } from './db-session.ts'
import type { ApiDomain } from './domain.ts'
import { eventViewerOf } from './event-viewer.ts'
import { type Existence, existence } from './existence.ts'
import type { TaskEvent, TaskEventKind } from './task-event.ts'

/** What resolvers share for one request. */
export interface ApiContext {
  readonly existence: Existence
  /** A list of tasks reads their activities a few at a time. */
  readonly activities: Turns
}

type Context = ApiContext & { readonly hop: Hop }

/** An object by its kind and id: the other subgraphs know the rest. */
interface NodeReference {
  readonly __typename: string
  readonly id: string
}

interface TaskReference extends NodeReference {
  readonly number?: number
  readonly project?: { readonly key?: string }
}

interface TaskEventsArguments {
  readonly projectId?: string | null
  readonly taskId?: string | null
  readonly kinds?: readonly TaskEventKind[] | null
  readonly after?: string | null
}

interface ChangesArguments extends TaskEventsArguments {
  readonly first: number
  readonly waitMs: number
}

const idsMax = 100
/** Longest wait of `changes`. Milliseconds; gateways grant less, and say how much. */
const waitMsMax = 60_000
/** Of the time of a request that waits, what is kept for the answer. Milliseconds. */
const answerMs = 200
/** Activities that one request reads at once. */
const activitiesMax = 16

export function apiContext(domain: ApiDomain): (hop: Hop, notes: DegradationNotes) => ApiContext {
  return (hop, notes) => {
    notes.tellSession(async () => sessionBehind(hop))
    return { existence: existence(domain, hop), activities: new Turns(activitiesMax) }
  }
}

/** Resolvers of schema/api.graphql: they translate, the domain does the work. */
export function apiResolvers(domain: ApiDomain): Resolvers {
  return {
    DateTime: dateTimeScalar,
    Node: { __resolveType: (node: NodeReference) => node.__typename },
    Query: {
      node: (_: unknown, { id }: { readonly id: string }, context: Context) => nodeOf(id, context),
      nodes(_: unknown, { ids }: { readonly ids: readonly string[] }, context: Context) {
        if (ids.length > idsMax) {
          throw new EnneadError(
            'BAD_USER_INPUT',
            `"ids" may name at most ${idsMax} objects, got ${ids.length}`,
          )
        }
        return ids.map(id => nodeOf(id, context))
      },
      changes(_: unknown, args: ChangesArguments, { hop }: Context) {
        const size = pageSize('first', args.first)
        const { waitMs } = args
        if (waitMs < 0 || waitMs > waitMsMax) {
          throw new EnneadError('BAD_USER_INPUT', `"waitMs" must be from 0 to ${waitMsMax}, got ${waitMs}`)
        }
        const { workspaceId } = eventViewerOf(hop.principal)
        const readMs = Math.min(waitMsMax, Math.max(0, hop.remainingMs - answerMs))
        const wanted = { size, waitMs: Math.min(waitMs, readMs), readMs, workspaceId }
        return readChanges(followTaskEvents(domain, args, hop), wanted, domain.cursors, systemClock)
      },
    },
    Task: {
      __resolveReference: (reference: TaskReference) => reference,
      url: ({ number, project }: TaskReference) => taskUrl(domain.baseUrl(), project?.key, number),
      activity(
        task: TaskReference,
        args: { readonly first: number; readonly after?: string | null },
        { hop, activities }: Context,
      ) {
        const size = pageSize('first', args.first)
        const viewer = eventViewerOf(hop.principal)
        return activities.run(hop.signal, () =>
          readActivity(domain, viewer, task.id, size, args.after ?? undefined, hop),
        )
      },
    },
    Project: { __resolveReference: (reference: NodeReference) => reference },
    TaskEvent: {
      cursor: ({ position, workspaceId }: TaskEvent) => domain.cursors.encode(position, workspaceId),
      actor: ({ actorId }: TaskEvent) =>
        kindOfGlobalId(actorId) === 'User' ? { __typename: 'User', id: actorId } : null,
      serviceAccount: ({ actorId }: TaskEvent) =>
        kindOfGlobalId(actorId) === 'ServiceAccount' ? { __typename: 'ServiceAccount', id: actorId } : null,
      task: ({ taskId }: TaskEvent) => ({ __typename: 'Task', id: taskId }),
    },
    Subscription: {
      taskEvents: {
        subscribe: (_: unknown, args: TaskEventsArguments, { hop }: Context) =>
          followTaskEvents(domain, args, hop),
        resolve: (event: TaskEvent) => event,
      },
    },
  }
}

async function nodeOf(id: string, context: Context): Promise<NodeReference | null> {
  const kind = kindOfGlobalId(id)
  if (kind === undefined || !(await context.existence.load(id))) return null
  return { __typename: kind, id }
}

function taskUrl(baseUrl: string, key: string | undefined, number: number | undefined): string {
  if (key === undefined || number === undefined) {
    throw new EnneadError('INTERNAL', 'Task.url was asked for without the number and project it requires')
  }
  return `${baseUrl.replace(/\/+$/, '')}/t/${encodeURIComponent(key)}-${number}`
}

function followTaskEvents(domain: ApiDomain, args: TaskEventsArguments, hop: Hop): FeedListener<TaskEvent> {
  const viewer = eventViewerOf(hop.principal)
  const { workspaceId } = viewer
  const projectId = args.projectId ?? undefined
  const taskId = args.taskId ?? undefined
  const kinds = args.kinds ? new Set(args.kinds) : undefined
  const after = args.after ?? undefined
  return domain.feed.attach({
    after: after === undefined ? undefined : domain.cursors.decode(after, workspaceId),
    signal: hop.signal,
    wanted: event =>
      viewer.mayRead(event) &&
      (projectId === undefined || event.projectId === projectId) &&
      (taskId === undefined || event.taskId === taskId) &&
      (kinds === undefined || kinds.has(event.kind)),
    narrow: {
      workspaceId,
      ...(projectId === undefined ? {} : { projectId }),
      ...(taskId === undefined ? {} : { taskId }),
    },
  })
}

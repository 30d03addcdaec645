import type { FastifyInstance } from 'fastify'
import { EnneadError } from '../../kernel/errors.ts'
import { kindOfGlobalId } from '../../kernel/global-id.ts'
import type { ServiceDoor } from '../service/http-door.ts'
import type { FeedPage, FeedRead } from './change-feed.ts'
import type { DbDomain } from './domain.ts'
import { type RecordReader, recordReader } from './record-reader.ts'
import { requestReads } from './request-reads.ts'
import { callOf, requireService } from './resolvers/context.ts'
import { viewerOf } from './viewer.ts'

/** Ids that may be asked about at once. */
const idsMax = 1_000

/** The db domain as HTTP resources, for other domains: `GET /v1/changes`, `POST /v1/existing`. */
export function changeRoutes(domain: DbDomain): (server: FastifyInstance, door: ServiceDoor) => void {
  return (server, door) => {
    server.get('/v1/changes', (request): Promise<FeedPage> => {
      const hop = door.requireHop(request)
      requireService(hop)
      const read = feedReadOf(request.query)
      return requestReads(domain, hop)
        .ready()
        .then(() => domain.changes.read(read, hop.signal))
    })
    server.post('/v1/existing', (request): Promise<{ readonly ids: readonly string[] }> => {
      const hop = door.requireHop(request)
      // Without a wish, too, it is of the present: see below.
      const { consistency = { level: 'session' as const, session: undefined } } = hop
      const { source } = requestReads(domain, { ...hop, consistency })
      // There is no place in the answer to say that it is of the past, so it never is.
      const reader = recordReader(source, viewerOf(hop.principal), callOf(hop), () => undefined)
      return existing(reader, idsOf(request.body))
    })
  }
}

const kinds = { Task: 'task', Project: 'project', Label: 'label', Comment: 'comment' } as const

/** Those of the ids that name a task, project, label or comment which the reader's viewer may read; in their order. */
async function existing(
  reader: RecordReader,
  ids: readonly string[],
): Promise<{ readonly ids: readonly string[] }> {
  const look = async (id: string): Promise<string | undefined> => {
    const kind = kindOfGlobalId(id)
    const isRecord = kind === 'Task' || kind === 'Project' || kind === 'Label' || kind === 'Comment'
    return isRecord && (await reader.load(kinds[kind], id)) !== undefined ? id : undefined
  }
  const found = await Promise.all(ids.map(look))
  return { ids: found.filter(id => id !== undefined) }
}

function feedReadOf(query: unknown): FeedRead {
  const given = new Map(Object.entries(query ?? {}))
  const text = (name: string): string | undefined => {
    const value: unknown = given.get(name)
    if (value === undefined || typeof value === 'string') return value
    throw new EnneadError('BAD_USER_INPUT', `"${name}" must be given once`)
  }
  const integer = (name: string, fallback: number): number => {
    const value = text(name)
    if (value === undefined) return fallback
    if (/^\d{1,9}$/.test(value)) return Number(value)
    throw new EnneadError('BAD_USER_INPUT', `"${name}" must be a whole number`)
  }
  return {
    after: text('after'),
    first: integer('first', 100),
    waitMs: integer('waitMs', 0),
    workspaceId: text('workspaceId'),
    projectId: text('projectId'),
    taskId: text('taskId'),
    newestFirst: text('newestFirst') === 'true',
  }
}

function idsOf(body: unknown): readonly string[] {
  const ids: unknown = typeof body === 'object' && body !== null && 'ids' in body ? body.ids : undefined
  if (Array.isArray(ids) && ids.length <= idsMax && ids.every(id => typeof id === 'string')) return ids
  throw new EnneadError('BAD_USER_INPUT', `the body must be {"ids": […]} with at most ${idsMax} texts`)
}

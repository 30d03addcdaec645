import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { EnneadError } from '../../kernel/errors.ts'
import { newGlobalId } from '../../kernel/global-id.ts'
import type { DomainHealth } from '../../kernel/health.ts'
import type { Hop } from '../../kernel/hop.ts'
import { silentLog } from '../../kernel/log.ts'
import type { ChangeLogEntry, ChangeLogPage, ChangeLogRead } from '../../subgraphs/api/task-channel.ts'
import { createSubgraphService } from '../../subgraphs/service/create-subgraph-service.ts'
import { dateTimeScalar } from '../../subgraphs/service/date-time.ts'
import type { SubgraphService } from '../../subgraphs/service/subgraph-service.ts'
import { signer } from '../service/fixture.ts'

/** The change log of a little db, which outlives the service in front of it. */
export class LittleLog {
  epoch = 'life-1'
  readonly entries: ChangeLogEntry[] = []
  /** Objects by id, with the workspace they belong to. */
  readonly objects = new Map<string, string>()
  #seq = 0
  readonly #waiting = new Set<() => void>()

  get head(): string {
    return `${this.epoch}:${this.#seq}`
  }

  append(changes: Partial<ChangeLogEntry> & { readonly workspaceId: string }): ChangeLogEntry {
    this.#seq += 1
    const entry: ChangeLogEntry = {
      position: this.head,
      id: newGlobalId('Event'),
      at: '2026-11-21T09:00:00.000Z',
      kind: 'CREATED',
      projectId: 'project_0000000000000000000000000a',
      taskId: 'task_0000000000000000000000000a',
      actorId: 'user_0000000000000000000000000a',
      changed: ['title'],
      ...changes,
    }
    this.entries.push(entry)
    for (const wake of this.#waiting) wake()
    return entry
  }

  beginAnew(epoch: string): void {
    this.epoch = epoch
    this.#seq = 0
    this.entries.length = 0
  }

  async read(read: ChangeLogRead, signal: AbortSignal): Promise<ChangeLogPage> {
    if (read.newestFirst === true) return this.#backwards(read)
    const after = read.after === undefined ? this.#seq : this.#seqOf(read.after)
    const page = this.#forwards(read, after)
    if (page.entries.length > 0 || page.more || read.waitMs === 0) return page
    await this.#changed(read.waitMs, signal)
    return this.#forwards(read, after)
  }

  #forwards(read: ChangeLogRead, after: number): ChangeLogPage {
    const entries = this.entries
      .filter(entry => seqOf(entry) > after && wanted(entry, read))
      .slice(0, read.first)
    const last = entries.at(-1)
    const full = entries.length === read.first && last !== undefined
    return {
      entries,
      next: full ? last.position : this.head,
      more: full && seqOf(last) < this.#seq,
    }
  }

  #backwards(read: ChangeLogRead): ChangeLogPage {
    const before = read.after === undefined ? Infinity : this.#seqOf(read.after)
    const all = this.entries.filter(entry => seqOf(entry) < before && wanted(entry, read)).toReversed()
    const entries = all.slice(0, read.first)
    return { entries, next: entries.at(-1)?.position ?? `${this.epoch}:1`, more: all.length > entries.length }
  }

  #seqOf(position: string): number {
    const [epoch, seq] = position.split(':')
    if (epoch !== this.epoch || Number(seq) > this.#seq) {
      throw new EnneadError('CURSOR_EXPIRED', 'load anew', { facts: { head: this.head } })
    }
    return Number(seq)
  }

  #changed(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}

function seqOf(entry: ChangeLogEntry): number {
  return Number(entry.position.split(':')[1])
}

function wanted(entry: ChangeLogEntry, read: ChangeLogRead): boolean {
  return (
    (read.workspaceId ?? entry.workspaceId) === entry.workspaceId &&
    (read.projectId ?? entry.projectId) === entry.projectId &&
    (read.taskId ?? entry.taskId) === entry.taskId
  )
}

/** Faults that can be switched on while a little db runs. */
export class Faults {
  /** Ways that answer with nonsense. */
  readonly broken = new Set<Way>()
  /** Ways that take requests and never answer. */
  readonly hanging = new Set<Way>()
  readonly #sockets = new Set<Duplex>()

  /** Breaks every WebSocket without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Every WebSocket stays open, and nothing arrives at db or leaves it any more. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.pause()
      socket.write = () => true
    }
  }

  /** Lets the faults happen at the doors of `server`. */
  bind(server: FastifyInstance): void {
    server.addHook('onRequest', (request, reply, next) => {
      const way = request.url.startsWith('/v1/') ? 'rest' : 'graphql'
      if (this.hanging.has(way)) return
      if (this.broken.has(way))
        void reply.code(500).type('text/html').send('<h1>postgres://secret failed</h1>')
      else next()
    })
    server.server.on('upgrade', (_request: unknown, socket: Duplex) => {
      if (this.broken.has('websocket')) socket.destroy()
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }
}

export type Way = 'graphql' | 'rest' | 'websocket'

/** The db subgraph as far as other domains know it, over `log`. */
export function littleDb(log: LittleLog, faults: Faults = new Faults()): SubgraphService {
  const entity = ({ id }: { readonly id: string }, { hop }: { readonly hop: Hop }): object | null =>
    hop.principal?.kind === 'actor' && log.objects.get(id) === hop.principal.workspaceId
      ? { id, version: 1, name: 'a name' }
      : null
  return createSubgraphService({
    name: 'db',
    typeDefs: readFileSync(new URL('../../schema/db.graphql', import.meta.url), 'utf8'),
    signer,
    log: silentLog,
    health: (): DomainHealth => ({ domain: 'db', ready: true, agents: [] }),
    context: () => ({}),
    resolvers: {
      DateTime: dateTimeScalar,
      Query: {
        changeLog(_: unknown, args: NullableRead, { hop }: { readonly hop: Hop }) {
          requireService(hop)
          return log.read(readOf(args), hop.signal)
        },
      },
      Subscription: {
        changeLog: {
          subscribe(
            _: unknown,
            { after }: { readonly after: string | null },
            { hop }: { readonly hop: Hop },
          ) {
            requireService(hop)
            return pages(log, after ?? log.head, hop.signal)
          },
          resolve: (page: ChangeLogPage) => page,
        },
      },
      Task: { __resolveReference: entity },
      Project: { __resolveReference: entity },
      Comment: { __resolveReference: entity },
      Label: { __resolveReference: entity },
    },
    routes: (server, door) => {
      faults.bind(server)
      server.get<{ Querystring: Record<string, string> }>('/v1/changes', request => {
        const hop = door.requireHop(request)
        requireService(hop)
        const { first, waitMs, newestFirst, ...rest } = request.query
        const numbers = { first: Number(first), waitMs: Number(waitMs) }
        return log.read(readOf({ ...rest, ...numbers, newestFirst: newestFirst === 'true' }), hop.signal)
      })
      server.post<{ Body: { readonly ids: readonly string[] } }>('/v1/existing', request => {
        const { principal } = door.requireHop(request)
        const workspaceId = principal?.kind === 'actor' ? principal.workspaceId : 'none'
        return { ids: request.body.ids.filter(id => log.objects.get(id) === workspaceId) }
      })
    },
  })
}

type NullableRead = { readonly [K in keyof ChangeLogRead]?: ChangeLogRead[K] | null }

function readOf({
  after,
  first,
  waitMs,
  workspaceId,
  projectId,
  taskId,
  newestFirst,
}: NullableRead): ChangeLogRead {
  return {
    after: after ?? undefined,
    first: first ?? 100,
    waitMs: waitMs ?? 0,
    ...(workspaceId ? { workspaceId } : {}),
    ...(projectId ? { projectId } : {}),
    ...(taskId ? { taskId } : {}),
    newestFirst: newestFirst ?? false,
  }
}

function requireService({ principal }: Hop): void {
  if (principal?.kind !== 'service') throw new EnneadError('FORBIDDEN', 'only subgraphs read the change log')
}

async function* pages(log: LittleLog, after: string, signal: AbortSignal): AsyncGenerator<ChangeLogPage> {
  for (let from = after; !signal.aborted;) {
    const page = await log.read({ after: from, first: 100, waitMs: 60_000 }, signal)
    from = page.next
    if (page.entries.length > 0) yield page
  }
}

import { randomUUID } from 'node:crypto'
import { type Position, formatPosition, parsePosition } from '../../../../events/position.ts'
import { type Clock, type Random, systemClock } from '../../../../kernel/clock.ts'
import { headersOf } from '../../../../kernel/consistency.ts'
import { EnneadError } from '../../../../kernel/errors.ts'
import type { HopSigner } from '../../../../kernel/hop-signer.ts'
import { socketTarget } from '../../../../kernel/socket-target.ts'
import { type Log, silentLog } from '../../../../kernel/log.ts'
import { type ChannelAgent } from '../../channel-agent.ts'
import type { TlsConnection } from '../../../../kernel/tls/tls-client.ts'
import { type DbAddress, socketAddress, socketConnection } from '../../db-address.ts'
import { existingQuery, foundIn, representationsOf } from '../../existing-query.ts'
import type { ChangeLogEntry, ChangeLogPage, ChangesRead } from '../../task-channel.ts'
import { HeldStream, type HeldStreamLimits, type Received } from './held-stream.ts'
import { request } from './operations.ts'

export interface WebsocketChannelOptions {
  readonly db: DbAddress
  readonly signer: HopSigner
  readonly clock?: Clock
  readonly random?: Random
  readonly log?: Log
  /** Default: 10,000 entries, pings every 1,000 ms, 3,000 ms to connect, rests of 100 to 3,000 ms, 10 MiB a message. */
  readonly limits?: Partial<HeldStreamLimits>
}

const defaultLimits: HeldStreamLimits = {
  ringMax: 10_000,
  pingMs: 1_000,
  connectMs: 3_000,
  restMs: 100,
  restMsMax: 3_000,
  messageBytesMax: 10 * 1024 * 1024,
}

/**
 * The way to db over one held socket. Changes are answered from what has arrived on it, and waited for without asking;
 * what it does not hold is refused as OVERLOADED, so that another way is taken. Connects at once, and again for ever.
 * History it leaves to ways that reach all of it.
 */
export function websocketChannel(options: WebsocketChannelOptions): ChannelAgent {
  const { db, signer, clock = systemClock, random = Math.random, log = silentLog } = options
  const limits = { ...defaultLimits, ...options.limits }
  const address = socketAddress(db)
  const connection = (): TlsConnection | undefined => socketConnection(db)
  const held = new HeldStream({ address, connection, signer, clock, random, log, ...limits })
  return {
    name: 'websocket',
    detail: 'held graphql-transport-ws stream from db',
    operations: {
      async changes(read, { signal }) {
        const until = clock.now() + read.waitMs
        for (;;) {
          const page = pageOf(receivedBy(held), read)
          const waitMs = until - clock.now()
          if (page.entries.length > 0 || page.more || waitMs <= 0) return page
          await held.changed(waitMs, signal)
        }
      },
      async existing({ principal, ids, consistency }, { remainingMs, signal }) {
        const representations = representationsOf(ids)
        if (representations.length === 0) return new Set()
        receivedBy(held)
        const operation = { query: existingQuery, variables: { representations } }
        const hop = signer.headers(
          { requestId: randomUUID(), principal, remainingMs, signal },
          socketTarget('db', operation),
        )
        const payload = { ...operation, extensions: { hop: { ...hop, ...headersOf(consistency) } } }
        return foundIn(await request(held.client, payload, signal), representations)
      },
    },
    failing: () =>
      held.phase === 'down' ? 'the stream from db is broken and is being connected again' : undefined,
    close: () => held.close(),
  }
}

/** What has arrived on a stream that is live. */
function receivedBy(held: HeldStream): Received {
  if (held.phase === 'live' && held.received !== undefined) return held.received
  // The first connection is being made: nothing has failed yet.
  if (held.phase === 'connecting') throw notHere('the stream from db is being connected')
  throw new EnneadError('AGENT_FAULT', 'the stream from db is broken and will be connected again')
}

function pageOf({ head, ring }: Received, read: ChangesRead): ChangeLogPage {
  if (read.after === undefined) return { entries: [], next: formatPosition(head), more: false }
  const after = parsePosition(read.after)
  // Whether such a position is expired or only unknown here, db has to say.
  if (after === undefined || after.epoch !== head.epoch || after.seq < ring.keptSeq) {
    throw notHere('the stream does not reach back to this position')
  }
  const entries: ChangeLogEntry[] = []
  let last: Position = after
  for (const { position, entry } of ring.behind(after.seq)) {
    if (entries.length === read.first) return { entries, next: formatPosition(last), more: true }
    if (wanted(entry, read)) entries.push(entry)
    last = position
  }
  return { entries, next: formatPosition(head.seq > last.seq ? head : last), more: false }
}

function wanted(entry: ChangeLogEntry, { workspaceId, projectId, taskId }: ChangesRead): boolean {
  if (workspaceId !== undefined && entry.workspaceId !== workspaceId) return false
  if (projectId !== undefined && entry.projectId !== projectId) return false
  return taskId === undefined || entry.taskId === taskId
}

function notHere(message: string): EnneadError {
  return new EnneadError('OVERLOADED', message)
}

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { ServerOptions } from 'ws'
import type { Clock } from '../../kernel/clock.ts'
import { sleep } from '../../kernel/clock.ts'
import { subjectOf } from '../../kernel/principal.ts'
import type { GatewayLimits } from '../admission/gateway-limits.ts'
import { endRaw } from '../admission/raw-refusal.ts'
import { requestIdOf } from '../admission/request-id.ts'
import { closeCodes } from './close-codes.ts'
import type { ConnectionQuotas } from './connection-quotas.ts'
import { SessionSocket } from './session-socket.ts'
import { SocketSession } from './socket-session.ts'
import type { SessionOwner } from './socket-session.ts'
import type { StreamDoorOptions } from './stream-door-options.ts'
import { Wheel } from './wheel.ts'

export interface WebSocketDoor {
  /** Sockets open now. */
  readonly count: number
  /** Asks at once what the credentials of these actors' sockets allow. */
  recheck(actorIds: ReadonlySet<string>): void
  /** Takes an upgrade request of an HTTP server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /**
   * Takes no more sockets and closes those that are open one by one over `drainMs` milliseconds (1012), so that their
   * clients do not all arrive elsewhere at once; whoever has not closed by then is cut off. Idempotent.
   */
  close(drainMs: number): Promise<void>
}

const subprotocol = 'graphql-transport-ws'
/** How long a peer may take to answer a close frame, milliseconds. */
const closeTimeoutMs = 1_000

/** GraphQL over WebSocket (graphql-transport-ws) at /graphql. */
export function webSocketDoor(options: StreamDoorOptions): WebSocketDoor {
  const { limits, clock, log, origins, quotas } = options
  const sessions = new Set<SocketSession>()
  const server = new WebSocketServer<typeof SessionSocket>(serverOptions(limits))
  // Peers that do not answer pings are gone without a goodbye, and would hold memory and upstreams for ever.
  const heartbeat = new Wheel<SocketSession>(clock, limits.socketHeartbeatMs, session => {
    if (!session.ping()) session.terminate()
  })
  const recheck = new Wheel<SocketSession>(clock, limits.socketRecheckMs, session => session.recheck())
  let draining: Promise<void> | undefined

  const actors = new Map<SocketSession, string>()
  const owner: SessionOwner = {
    protocolLimits: {
      operationsMax: limits.socketOperationsMax,
      messagesPerSecond: limits.socketMessagesPerSecond,
      initLengthMax: limits.socketInitBytesMax,
    },
    admit(session, principal) {
      if (principal === undefined) return true
      const actor = subjectOf(principal)
      if (!quotas.actors.take(actor)) return false
      actors.set(session, actor)
      return true
    },
    watched: session => recheck.add(session),
    gone(session) {
      sessions.delete(session)
      heartbeat.delete(session)
      recheck.delete(session)
      quotas.release(session.address)
      const actor = actors.get(session)
      if (actor !== undefined) quotas.actors.release(actor)
      actors.delete(session)
    },
  }

  const open = (socket: SessionSocket, wire: Duplex, request: IncomingMessage): void => {
    const opening = {
      requestId: requestIdOf(request.headers['x-request-id']),
      headers: request.headers,
      address: request.socket.remoteAddress,
    }
    const session = new SocketSession(options, owner, socket, wire, opening)
    sessions.add(session)
    heartbeat.add(session)
    if (!origins.allows(request.headers)) session.close(closeCodes.forbidden, 'Forbidden: origin not allowed')
    else if (socket.protocol !== subprotocol) {
      session.close(closeCodes.subprotocol, `Subprotocol not acceptable, use ${subprotocol}`)
    }
  }

  return {
    get count() {
      return sessions.size
    },
    recheck(actorIds) {
      for (const [session, actor] of actors) if (actorIds.has(actor)) session.recheck(true)
    },
    upgrade(request, wire, head) {
      if (pathOf(request) !== '/graphql')
        return endRaw(wire, 404, 'there is nothing at this address', 'NOT_FOUND')
      if (draining !== undefined) return endRaw(wire, 503, 'this gateway is stopping', 'UNAVAILABLE')
      const address = request.socket.remoteAddress ?? ''
      const refusal = quotas.take(address)
      if (refusal !== undefined) {
        log.warn('socket.refused', { reason: refusal, address })
        return endRaw(wire, 503, refusal, 'OVERLOADED')
      }
      const given = heldUntilOpen(quotas, address, wire)
      server.handleUpgrade(request, wire, head, socket => {
        given()
        open(socket, wire, request)
      })
      return undefined
    },
    close(drainMs) {
      draining ??= drain(sessions, clock, drainMs).then(() => {
        heartbeat.stop()
        recheck.stop()
        server.close()
      })
      return draining
    },
  }
}

function serverOptions(limits: GatewayLimits): ServerOptions<typeof SessionSocket> {
  const chosen = {
    noServer: true,
    WebSocket: SessionSocket,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.bodyBytesMax,
    // Not yet in the type definitions of `ws`.
    closeTimeout: closeTimeoutMs,
    // A browser only sees our close code when the server picks one of its sub-protocols, so a wrong one is picked too
    // and closed with 4406.
    handleProtocols: (offered: Set<string>) => (offered.has(subprotocol) ? subprotocol : first(offered)),
  }
  return chosen
}

function first(offered: ReadonlySet<string>): string | false {
  for (const name of offered) return name
  return false
}

async function drain(sessions: ReadonlySet<SocketSession>, clock: Clock, drainMs: number): Promise<void> {
  const leaving = [...sessions]
  const deadline = clock.now() + drainMs
  // The last ones need time to answer the close frame.
  const spreadMs = Math.max(0, drainMs - closeTimeoutMs) / Math.max(1, leaving.length)
  let owedMs = 0
  for (const session of leaving) {
    session.close(closeCodes.restart, 'service restart, connect again')
    owedMs += Math.min(spreadMs, spreadMaxMs)
    // Timers are not finer than this.
    if (owedMs >= 5) {
      await sleep(clock, owedMs)
      owedMs = 0
    }
  }
  while (sessions.size > 0 && clock.now() < deadline) await sleep(clock, 10)
  for (const session of sessions) session.terminate()
}

/** Longest pause between two sockets while draining, milliseconds: a handful of sockets need no long goodbye. */
const spreadMaxMs = 50

function pathOf({ url = '/' }: IncomingMessage): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}

/**
 * A handshake that `ws` refuses ends the connection without a WebSocket, and its place has to be given back. To be called
 * when there is one: the session gives it back from then on.
 */
function heldUntilOpen(quotas: ConnectionQuotas, address: string, wire: Duplex): () => void {
  const release = (): void => quotas.release(address)
  wire.once('close', release)
  return () => void wire.off('close', release)
}

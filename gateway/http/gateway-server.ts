import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Admission } from '../admission/admission.ts'
import type { AdmissionReport } from '../admission/admission.ts'
import { gatewayLimits } from '../admission/gateway-limits.ts'
import type { GatewayLimits } from '../admission/gateway-limits.ts'
import { createIdentity } from '../admission/identity.ts'
import { RateLimits } from '../admission/rate-limits.ts'
import { StoredDocuments } from '../admission/stored-documents.ts'
import { originPolicy } from '../admission/origin-policy.ts'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { ConnectionQuotas } from '../realtime/connection-quotas.ts'
import { HttpStreams } from '../realtime/http-streams.ts'
import { webSocketDoor } from '../realtime/websocket-door.ts'
import type { WebSocketDoor } from '../realtime/websocket-door.ts'
import { SubscriptionHub } from '../realtime/subscription-hub.ts'
import { WriteBatch } from '../realtime/write-batch.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { checkAddress, checkedForwardHeaders } from './gateway-options.ts'
import type { GatewayServerOptions } from './gateway-options.ts'
import { plainText, signInText } from './graphiql/graphiql-page.ts'
import { graphqlHandler } from './graphql-handler.ts'
import { router } from './router.ts'

/** A listening gateway. */
export interface GatewayServer {
  readonly address: { readonly host: string; readonly port: number }
  /** Where GraphQL is served, e.g. `http://localhost:4000/graphql`; WebSockets at the same address. */
  readonly url: string
  /** WebSockets open now. */
  readonly socketCount: number
  /** Subscriptions over HTTP open now. */
  readonly streamCount: number
  /** What admission knows of itself. */
  admission(): AdmissionReport
  /** From now on readiness says no and answers close their connections; everything is still answered. */
  retire(): void
  /**
   * Stops taking connections, lets running requests end and moves WebSockets to other gateways (1012), for at most
   * `drainMs` milliseconds (default 5,000); then closes what is left. Does not close the engine. Idempotent.
   */
  close(drainMs?: number): Promise<void>
}

/**
 * The gateway's doors on one address: GraphQL over HTTP and over WebSocket, GraphiQL, health. Resolves when it listens;
 * rejects with PORT_TAKEN or BAD_OPTION.
 */
export async function startGatewayServer(options: GatewayServerOptions): Promise<GatewayServer> {
  checkAddress(options.address)
  const { engine, log, clock = systemClock } = options
  const limits = gatewayLimits(options.limits)
  const rates = new RateLimits(options.rateLimits ?? {}, log, clock)
  const settled = {
    engine,
    identity:
      options.identify &&
      createIdentity({
        identify: options.identify,
        clock,
        ...(options.identityLifeMs === undefined ? {} : { lifeMs: options.identityLifeMs }),
      }),
    forwardHeaders: checkedForwardHeaders(options),
    origins: originPolicy(options.origins ?? []),
    limits,
    documents: new StoredDocuments(options.documents),
    rates: rates.active ? rates : undefined,
    observe: options.observe,
    record: options.record,
    sight: options.sight,
    log,
    clock,
  }
  // Last, because it has something to let go of.
  const admission = new Admission(options.admission ?? {}, { clock, log })
  const { requestTimeoutMs, answerBytesMax } = limits
  const hub = new SubscriptionHub({ engine, clock, log, requestTimeoutMs, answerBytesMax })
  const streaming = { hub, quotas: new ConnectionQuotas(limits), batch: new WriteBatch(clock) }
  const shared = { ...settled, admission, ...streaming }
  const streams = new HttpStreams(shared)
  const graphiqlQuery = options.graphiqlQuery ?? (options.identify === undefined ? plainText : signInText)
  const sockets = webSocketDoor(shared)
  options.rightsChanged?.(actorIds => {
    const changed = new Set(actorIds)
    sockets.recheck(changed)
    streams.recheck(changed)
  })
  const state = { draining: false }
  const server = httpServer(limits)
  server.on(
    'request',
    router({ ...options, ...shared, graphiqlQuery, graphql: graphqlHandler(shared, streams), state }),
  )
  server.on('clientError', answerBrokenRequest(log))
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head))
  try {
    await listen(server, options.address)
  } catch (failure) {
    admission.close()
    throw failure
  }

  // A server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  return {
    address: { host: options.address.host, port },
    url: `http://${shownHost(options.address.host)}:${port}/graphql`,
    get socketCount() {
      return sockets.count
    },
    get streamCount() {
      return streams.count
    },
    admission: () => admission.report(),
    retire: () => void (state.draining = true),
    close(drainMs = 5_000) {
      state.draining = true
      closing ??= drain(server, sockets, streams, drainMs).finally(() => admission.close())
      return closing
    },
  }
}

function httpServer(limits: GatewayLimits): Server {
  const server = createServer({
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.receiveTimeoutMs),
    requestTimeout: limits.receiveTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    // Node looks for slow requests this often; its default of 30 s would double every limit above.
    connectionsCheckingInterval: Math.min(1_000, Math.ceil(limits.receiveTimeoutMs / 4)),
    // curl --http2 asks every server for h2c; only a WebSocket is a reason to leave HTTP.
    shouldUpgradeCallback: request => request.headers.upgrade?.toLowerCase() === 'websocket',
  })
  server.maxConnections = limits.connectionsMax
  return server
}

function listen(server: Server, { host, port }: GatewayServerOptions['address']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EADDRINUSE') {
        const message = `port ${port} on ${host} is in use; stop what listens there or choose another with --port`
        reject(new EnneadError('PORT_TAKEN', message, { cause }))
      } else {
        reject(new EnneadError('BAD_OPTION', `cannot listen on ${host}:${port} (${cause.code})`, { cause }))
      }
    })
    server.listen({ host, port }, resolve)
  })
}

async function drain(
  server: Server,
  sockets: WebSocketDoor,
  streams: HttpStreams,
  drainMs: number,
): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  const cut = setTimeout(() => server.closeAllConnections(), drainMs)
  // Connections that finish their request while draining are idle again and must not hold the server open.
  const sweep = setInterval(() => server.closeIdleConnections(), 20)
  await Promise.all([sockets.close(drainMs), streams.close(drainMs, systemClock)])
  await closed
  clearTimeout(cut)
  clearInterval(sweep)
}

function shownHost(host: string): string {
  if (host === '127.0.0.1' || host === '0.0.0.0' || host === '::' || host === '::1') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

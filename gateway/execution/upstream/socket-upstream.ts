import type { HopSigner } from '../../../kernel/hop-signer.ts'
import { socketTarget } from '../../../kernel/socket-target.ts'
import type { TlsConnection } from '../../../kernel/tls/tls-client.ts'
import type { SubgraphContext, SubgraphRequest, SubgraphResponse } from '../subgraph.ts'
import { SharedSocket } from './shared-socket.ts'
import { SocketEvents } from './socket-events.ts'
import type { Upstream, UpstreamOptions } from './upstream.ts'

export interface SocketUpstreamOptions extends UpstreamOptions {
  /** Vouches for the principal of every operation, which then needs no socket of its own. */
  readonly signer: HopSigner | undefined
  /** Asked for every connection: how TLS is spoken. */
  readonly connection: () => TlsConnection | undefined
}

/** Subscriptions on one socket, unless a message on one was too large: then each gets its own for a while. */
const operationsMax = 100
const aloneMs = 60_000
const connectMs = 10_000
const pingMs = 10_000

/** Of ws: a message was larger than maxPayload. */
const tooLargeCode = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'

/**
 * Subscriptions of a subgraph over graphql-transport-ws. Those that send the same headers share sockets: what a client's headers
 * say holds for a whole socket, what a signer says goes with each operation.
 */
export class SocketUpstream implements Upstream {
  readonly #options: SocketUpstreamOptions
  readonly #sockets = new Map<string, Set<SharedSocket>>()
  readonly #streams = new Set<SocketEvents>()
  /** Until then, by what was sent with them. */
  readonly #alone = new Map<string, number>()

  constructor(options: SocketUpstreamOptions) {
    this.#options = options
  }

  subscribe(request: SubgraphRequest, context: SubgraphContext): AsyncIterableIterator<SubgraphResponse> {
    const { subgraph, eventsMax, clock, signer } = this.#options
    const events = new SocketEvents({
      subgraph,
      socket: () => this.#socketFor(context),
      payload: () => {
        if (signer === undefined) return { ...request }
        const hop = signer.headers(context, socketTarget(subgraph, request))
        return { ...request, extensions: { hop } }
      },
      signal: context.signal,
      eventsMax,
      clock,
      ended: () => this.#streams.delete(events),
    })
    this.#streams.add(events)
    return events.queue
  }

  async close(): Promise<void> {
    await Promise.all([...this.#streams].map(({ queue }) => queue.return()))
  }

  #socketFor(context: SubgraphContext): SharedSocket {
    const sent = Object.entries(context.headers)
    const key = JSON.stringify(sent.sort(([left], [right]) => (left < right ? -1 : 1)))
    const { clock } = this.#options
    const sockets = this.#sockets.get(key) ?? new Set()
    this.#sockets.set(key, sockets)
    const alone = (this.#alone.get(key) ?? 0) > clock.now()
    if (!alone) {
      this.#alone.delete(key)
      for (const socket of sockets) if (socket.operations < operationsMax) return socket
    }
    const socket = this.#open(context, key, sockets)
    sockets.add(socket)
    return socket
  }

  #open(context: SubgraphContext, key: string, sockets: Set<SharedSocket>): SharedSocket {
    const { subgraph, url, headers, connection, eventBytesMax, clock, signer } = this.#options
    const target = { method: 'GET', path: `${url.pathname}${url.search}` }
    // It is nobody's in particular: each operation says whose it is.
    const opener = signer === undefined ? context : { ...context, principal: undefined }
    return new SharedSocket({
      subgraph,
      url: url.href,
      headers: headers(opener, target),
      connection: connection(),
      messageBytesMax: eventBytesMax,
      connectMs,
      pingMs,
      clock,
      gone: socket => {
        sockets.delete(socket)
        if (sockets.size === 0 && this.#sockets.get(key) === sockets) this.#sockets.delete(key)
        const code = socket.broken !== undefined && 'code' in socket.broken ? socket.broken.code : undefined
        // Whose message it was is not known; it must not take others with it again.
        if (code === tooLargeCode) this.#alone.set(key, clock.now() + aloneMs)
      },
    })
  }
}

import { createClient } from 'graphql-ws'
import type { Client, Sink } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Clock, Timer } from '../../../kernel/clock.ts'
import type { TlsConnection } from '../../../kernel/tls/tls-client.ts'
import type { SubgraphResponseError } from '../subgraph.ts'
import { refusedUpgrade } from './refused-upgrade.ts'

export interface SharedSocketOptions {
  readonly subgraph: string
  readonly url: string
  /** Sent with the upgrade request. */
  readonly headers: Readonly<Record<string, string>>
  readonly connection: TlsConnection | undefined
  /** Largest message taken. Bytes. */
  readonly messageBytesMax: number
  /** Time to connect, and again to be acknowledged. Milliseconds. */
  readonly connectMs: number
  /** Between two pings; a socket that leaves one unanswered until the next is ended. Milliseconds. */
  readonly pingMs: number
  readonly clock: Clock
  /** It carries nothing any more: broken, or its last operation has ended. Called once. */
  readonly gone: (socket: SharedSocket) => void
}

type Payload = Parameters<Client['subscribe']>[0]

/** A WebSocket to a subgraph that carries any number of subscriptions. It connects once, and is not used again when it broke. */
export class SharedSocket {
  readonly #options: SharedSocketOptions
  readonly #client: Client
  #operations = 0
  #gone = false
  /** Whatever is subscribed to may have been received. */
  acknowledged = false
  /** What graphql-ws does not hand on: of a socket that breaks it tells only the close code. */
  broken: Error | undefined
  /** Why the subgraph does not open it for who asks. Undefined: it does, or something else is wrong. */
  refusal: readonly SubgraphResponseError[] | undefined

  constructor(options: SharedSocketOptions) {
    this.#options = options
    this.#client = createClient({
      url: options.url,
      webSocketImpl: withSettings(options, {
        broke: failure => (this.broken = failure),
        refused: refusal => (this.refusal = refusal),
      }),
      retryAttempts: 0,
      connectionAckWaitTimeout: options.connectMs,
      onNonLazyError: () => undefined,
      on: { connected: () => (this.acknowledged = true), closed: () => this.#leave() },
    })
  }

  get operations(): number {
    return this.#operations
  }

  /** Answers how to end it. `sink` is told as graphql-ws tells it, at the latest when the socket breaks. */
  subscribe(payload: Payload, sink: Sink): () => void {
    this.#operations += 1
    let running = true
    const ended = (): void => {
      if (!running) return
      running = false
      this.#operations -= 1
      if (this.#operations === 0) this.#dispose()
    }
    const end = this.#client.subscribe(payload, {
      next: result => sink.next(result),
      error(failure) {
        ended()
        sink.error(failure)
      },
      complete() {
        ended()
        sink.complete()
      },
    })
    return () => {
      end()
      ended()
    }
  }

  /** Not on a socket that broke: graphql-ws would complete what it still has to fail. */
  #dispose(): void {
    if (this.#gone) return
    this.#leave()
    // A socket that never opened has nothing to say goodbye to.
    Promise.resolve(this.#client.dispose()).catch(() => undefined)
  }

  #leave(): void {
    if (this.#gone) return
    this.#gone = true
    this.#options.gone(this)
  }
}

/** A WebSocket class for graphql-ws. One that has gone quiet is ended: "nothing happens" must not be "nothing arrives". */
function withSettings(
  { subgraph, headers, connection, messageBytesMax, connectMs, pingMs, clock }: SharedSocketOptions,
  told: {
    readonly broke: (failure: Error) => void
    readonly refused: (refusal: readonly SubgraphResponseError[] | undefined) => void
  },
): new (address: string | URL, protocols?: string | string[]) => WebSocket {
  return class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      const settings = { headers, maxPayload: messageBytesMax, followRedirects: false }
      const more = { handshakeTimeout: connectMs, perMessageDeflate: false }
      super(address, protocols, { ...connection, ...settings, ...more })
      this.on('error', told.broke)
      // Whoever listens to this has to end the socket.
      this.on('unexpected-response', (_request, response) => {
        void refusedUpgrade(response, subgraph, clock).then(refusal => {
          told.refused(refusal)
          this.terminate()
        })
      })
      let answered = true
      let timer: Timer | undefined
      const ask = (): void => {
        if (!answered) {
          told.broke(new Error(`no sign of life within ${pingMs} ms`))
          return this.terminate()
        }
        answered = false
        this.ping()
        timer = clock.after(pingMs, ask)
        return undefined
      }
      this.on('pong', () => (answered = true))
        .once('open', () => (timer = clock.after(pingMs, ask)))
        .once('close', () => timer?.cancel())
    }
  }
}

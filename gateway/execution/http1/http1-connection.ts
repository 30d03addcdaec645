import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Http1Response, ResponseReader } from './response-reader.ts'

/** One request on a connection, and who is told once how it ended. */
export interface Http1Exchange {
  /** The whole request, bytes in latin1. */
  readonly request: string
  readonly reader: ResponseReader
  /** Undefined: it waits for one. */
  connection: Http1Connection | undefined
  answered(response: Http1Response): void
  failed(cause: unknown): void
}

/** Told what becomes of its connections. */
export interface ConnectionOwner {
  /** It can take another request. `keptMs`: how long the other side keeps it, if it said so. */
  idle(connection: Http1Connection, keptMs: number | undefined): void
  /** It is gone. */
  closed(connection: Http1Connection): void
}

/**
 * What all connections read into: readers copy what they need before they return. With one for each, a thousand connections
 * would be 64 MiB.
 */
const shared = Buffer.allocUnsafeSlow(65_536)

/** A connection that carries one request after the other. */
export class Http1Connection {
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  #exchange: Http1Exchange | undefined
  #failure: Error | undefined
  /** Until when it is used again, by the clock of its owner. Milliseconds. */
  usableUntil = Infinity

  constructor(place: { readonly host: string; readonly port: number }, owner: ConnectionOwner) {
    this.#owner = owner
    const onread = {
      buffer: shared,
      callback: (length: number): boolean => {
        this.#take(shared.subarray(0, length))
        return true
      },
    }
    this.#socket = connect({ ...place, noDelay: true, keepAlive: true, onread })
    this.#socket.on('error', cause => (this.#failure = cause))
    this.#socket.on('end', () => this.#ended())
    this.#socket.on('close', () => this.#closed())
  }

  send(exchange: Http1Exchange): void {
    this.#exchange = exchange
    exchange.connection = this
    this.#socket.write(exchange.request, 'latin1')
  }

  /** Ends with `exchange`, which is told nothing more, if that is the one under way. */
  giveUp(exchange: Http1Exchange): void {
    if (this.#exchange !== exchange) return
    this.#exchange = undefined
    this.#socket.destroy()
  }

  /** Closes it at once; an exchange under way fails. */
  destroy(): void {
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    const exchange = this.#exchange
    if (exchange === undefined) {
      // What nobody asked for could be taken for the answer to the next request.
      this.#drop()
      return
    }
    try {
      const response = exchange.reader.take(bytes)
      if (response !== undefined) this.#answered(exchange, response)
    } catch (failure) {
      this.giveUp(exchange)
      exchange.failed(failure)
    }
  }

  #answered(exchange: Http1Exchange, response: Http1Response): void {
    this.#exchange = undefined
    // Answered before it was sent: who does that does not read the rest.
    const { keep } = response
    if (keep === false || this.#socket.writableLength > 0) this.#socket.destroy()
    else this.#owner.idle(this, keep.forMs)
    exchange.answered(response)
  }

  #ended(): void {
    const exchange = this.#exchange
    const response = exchange?.reader.ended()
    if (exchange !== undefined && response !== undefined) this.#answered(exchange, response)
    if (exchange === undefined) this.#drop()
  }

  /** Nothing is under way. Its owner is told at once: until the socket says that it is closed, it would be used again. */
  #drop(): void {
    this.#socket.destroy()
    this.#owner.closed(this)
  }

  #closed(): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#owner.closed(this)
    exchange?.failed(this.#failure ?? new ConnectionClosed())
  }
}

/** The other side has closed the connection instead of answering, or within its answer. */
class ConnectionClosed extends Error {
  override readonly name = 'ConnectionClosed'
  readonly code = 'ECONNRESET'

  constructor() {
    super('the connection was closed')
  }
}

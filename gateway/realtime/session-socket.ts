import { WebSocket } from 'ws'

/** What a WebSocket tells its session. */
export interface SessionEvents {
  received(data: WebSocket.RawData, binary: boolean): void
  /** The peer has answered a ping. */
  ponged(): void
  /** A frame broke RFC 6455 or a size limit; `ws` closes with the right code by itself. */
  broken(failure: Error): void
  /** Called once, and last. */
  gone(code: number): void
}

/** A WebSocket that knows its session: listeners shared by all sockets take no memory of each. */
export class SessionSocket extends WebSocket {
  #session: SessionEvents | undefined

  /** From now on events are told to `session`. Called once, in the turn in which the socket has opened. */
  serve(session: SessionEvents): void {
    this.#session = session
    this.on('message', received).on('pong', ponged).on('error', broken).on('close', gone)
  }

  get session(): SessionEvents | undefined {
    return this.#session
  }
}

function received(this: WebSocket, data: WebSocket.RawData, binary: boolean): void {
  sessionOf(this)?.received(data, binary)
}

function ponged(this: WebSocket): void {
  sessionOf(this)?.ponged()
}

function broken(this: WebSocket, failure: Error): void {
  sessionOf(this)?.broken(failure)
}

function gone(this: WebSocket, code: number): void {
  sessionOf(this)?.gone(code)
}

function sessionOf(socket: WebSocket): SessionEvents | undefined {
  return socket instanceof SessionSocket ? socket.session : undefined
}

import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'
import { until } from './until.ts'

export interface WireMessage {
  readonly type: string
  readonly id?: string
  readonly payload?: unknown
}

/** A WebSocket client without any protocol, for tests of what is on the wire. */
export interface RawSocket extends Disposable {
  readonly socket: WebSocket
  readonly messages: WireMessage[]
  send(message: object | string): void
  /** Waits for the first message of this type (and id) that was not taken before, and takes it. */
  take(type: string, id?: string): Promise<WireMessage>
  /** The code and reason the server closes with. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
}

export interface RawSocketOptions extends ClientOptions {
  readonly protocols?: readonly string[]
  /** Send connection_init with this payload and wait for the answer. Default: send nothing. */
  readonly init?: object
}

/** Resolves when the socket is open; rejects when the server refuses the handshake. */
export async function rawSocket(url: string, options: RawSocketOptions = {}): Promise<RawSocket> {
  const { protocols = ['graphql-transport-ws'], init, ...rest } = options
  const socket = new WebSocket(url, [...protocols], rest)
  const messages: WireMessage[] = []
  // Text arrives as one Buffer, and the server under test writes only messages of the protocol.
  socket.on('message', data => messages.push(JSON.parse((data as Buffer).toString()) as WireMessage))
  const closed = new Promise<{ code: number; reason: string }>(resolve => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve())
    socket.once('error', reject)
  })
  socket.on('error', () => undefined)
  const raw: RawSocket = {
    socket,
    messages,
    closed,
    send: message => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    async take(type, id) {
      const found = (): number =>
        messages.findIndex(message => message.type === type && (id === undefined || message.id === id))
      await until(`a message "${type}" ${id ?? ''}`, () => found() >= 0)
      const [message] = messages.splice(found(), 1)
      if (message === undefined) throw new Error('it was just found')
      return message
    },
    [Symbol.dispose]: () => socket.terminate(),
  }
  if (init !== undefined) {
    raw.send({ type: 'connection_init', payload: init })
    await raw.take('connection_ack')
  }
  return raw
}

export function subscribeMessage(id: string, query: string, variables?: object): object {
  return { id, type: 'subscribe', payload: { query, variables } }
}

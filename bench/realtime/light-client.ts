import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** Called with every `next` message, as text. */
export type OnNext = (client: LightClient, message: string) => void

const handshake = (port: number): string =>
  [
    'GET /graphql HTTP/1.1',
    `host: 127.0.0.1:${port}`,
    'upgrade: websocket',
    'connection: Upgrade',
    'sec-websocket-version: 13',
    'sec-websocket-protocol: graphql-transport-ws',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    '',
    '',
  ].join('\r\n')

/**
 * A graphql-transport-ws client of a few kilobytes, so that thousands fit beside what is measured. It understands what a
 * server sends that does not fragment: text frames of JSON, pings, and closes.
 */
export class LightClient {
  /** Cursor of the last event. */
  cursor: string | undefined
  received = 0
  /** As graphql-ws names its operations: each by another id. */
  readonly #id = randomUUID()
  readonly #socket: Socket
  readonly #onNext: OnNext
  readonly #ready: Promise<void>
  #acknowledged: () => void = () => undefined
  #rest: Buffer | undefined
  #upgraded = false

  constructor(port: number, onNext: OnNext) {
    this.#onNext = onNext
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#ready = new Promise((resolve, reject) => {
      this.#acknowledged = resolve
      this.#socket.once('error', reject).once('close', () => reject(new Error('the socket was closed')))
    })
    this.#ready.catch(() => undefined)
    this.#socket.on('data', chunk => this.#take(chunk))
    this.#socket.write(handshake(port))
  }

  /** Resolves when the connection is acknowledged. */
  get ready(): Promise<void> {
    return this.#ready
  }

  subscribe(query: string, extensions?: object): void {
    this.#send({ id: this.#id, type: 'subscribe', payload: { query, extensions } })
  }

  /** Reads nothing any more. */
  stall(): void {
    this.#socket.pause()
  }

  /** Cuts the connection without a goodbye. */
  kill(): void {
    this.#socket.destroy()
  }

  #send(message: object): void {
    this.#frame(0x81, Buffer.from(JSON.stringify(message)))
  }

  /** A client masks what it sends; zeros are a mask, too. */
  #frame(first: number, payload: Buffer): void {
    const head = payload.length < 126 ? Buffer.alloc(6) : Buffer.alloc(8)
    head[0] = first
    head[1] = 0x80 | (payload.length < 126 ? payload.length : 126)
    if (payload.length >= 126) head.writeUInt16BE(payload.length, 2)
    this.#socket.write(Buffer.concat([head, payload]))
  }

  #take(chunk: Buffer): void {
    let buffer = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = undefined
    if (!this.#upgraded) {
      const end = buffer.indexOf('\r\n\r\n')
      if (end < 0) {
        this.#rest = buffer
        return
      }
      this.#upgraded = true
      buffer = buffer.subarray(end + 4)
      this.#send({ type: 'connection_init' })
    }
    while (buffer.length >= 2) {
      const short = (buffer[1] ?? 0) & 0x7f
      const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10
      if (buffer.length < headBytes) break
      const length =
        short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2))
      if (buffer.length < headBytes + length) break
      this.#message((buffer[0] ?? 0) & 0x0f, buffer.subarray(headBytes, headBytes + length))
      buffer = buffer.subarray(headBytes + length)
    }
    // A copy: the chunk it is part of may be much larger.
    if (buffer.length > 0) this.#rest = Buffer.from(buffer)
  }

  #message(opcode: number, payload: Buffer): void {
    if (opcode === 0x9) this.#frame(0x8a, payload)
    if (opcode !== 0x1) return
    const text = payload.toString('latin1')
    if (text.includes('"type":"next"')) {
      this.received += 1
      this.#onNext(this, text)
    } else if (text.includes('connection_ack')) this.#acknowledged()
  }
}

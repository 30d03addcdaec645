import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { Batch } from './batch.ts'
import type { Clock, Timer } from '../../kernel/clock.ts'
import { frameHeader } from './text-frame.ts'
import type { Held, WriteBatch } from './write-batch.ts'

/** How long an answer waits for a reader that takes nothing, milliseconds. */
const slowReaderMs = 5_000
/** How often it is looked whether there is room, where the connection does not tell. Milliseconds. */
const lookMs = 50
/** More than this is not copied. */
const copiedBytesMax = 32_768
/** Events of one turn that are more than this are not joined by a copy. */
const joinedBytesMax = 65_536

/** An empty ping of a server (RFC 6455, section 5.5.2). */
const pingFrame = Buffer.from([0x89, 0x00])

/** Writes to one WebSocket within a bound of bytes that wait for the reader. */
export class SocketWriter implements Held {
  readonly #socket: WebSocket
  readonly #wire: Duplex
  readonly #bytesMax: number
  readonly #clock: Clock
  readonly #batch: WriteBatch
  #waiting: (() => void) | undefined
  /** Events of this turn. */
  #held: Buffer[] | undefined
  #heldBytes = 0
  /** Bytes of answers that are waiting to be written. */
  #answerBytes = 0

  /** @param bytesMax Bytes that may wait for the reader before it counts as too slow. */
  constructor(socket: WebSocket, wire: Duplex, bytesMax: number, clock: Clock, batch: WriteBatch) {
    this.#socket = socket
    this.#wire = wire
    this.#bytesMax = bytesMax
    this.#clock = clock
    this.#batch = batch
  }

  /** May an event be written now? */
  get hasRoom(): boolean {
    if (this.#hasRoomNow) return true
    // What is held back until the end of this turn may find room with the system.
    this.flush()
    return this.#hasRoomNow
  }

  get #hasRoomNow(): boolean {
    return this.#wire.writableLength + this.#heldBytes - this.#answerBytes <= this.#bytesMax
  }

  /** Calls `room` once when there is room again, or the socket is gone. Only the last one given is called. */
  whenRoom(room: () => void): void {
    const waits = this.#waiting !== undefined
    this.#waiting = room
    if (!waits) this.#awaitRoom()
  }

  /** Writes text messages that begin with `head` and end with what is shared with other sockets. */
  sendEvents(head: Buffer, batch: Batch): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    if (this.#held === undefined) this.#batch.hold(this)
    const held = (this.#held ??= [])
    const parts =
      batch.bytes <= copiedBytesMax
        ? [batch.frames(head.length).withHead(head)]
        : batch.deliveries.flatMap(({ closed }) => [frameHeader(head.length + closed.length), head, closed])
    for (const part of parts) {
      held.push(part)
      this.#heldBytes += part.length
    }
  }

  /**
   * Writes the events of this turn. Not by way of `ws`, which would copy shared parts for each socket: without compression it
   * writes its own frames at once and whole, so that none of them is cut in two by these.
   */
  flush(): void {
    const held = this.#held
    if (held === undefined) return
    const bytes = this.#heldBytes
    this.#held = undefined
    this.#heldBytes = 0
    if (this.#socket.readyState !== WebSocket.OPEN) return
    const [first] = held
    if (held.length === 1 && first !== undefined) this.#wire.write(first)
    else if (bytes <= joinedBytesMax) this.#wire.write(Buffer.concat(held, bytes))
    else {
      this.#wire.cork()
      for (const part of held) this.#wire.write(part)
      this.#wire.uncork()
    }
  }

  #awaitRoom(): void {
    let timer: Timer | undefined
    const look = (): void => {
      timer?.cancel()
      this.#wire.off('drain', look).off('close', look)
      if (!this.#wire.destroyed && !this.hasRoom) return this.#awaitRoom()
      const room = this.#waiting
      this.#waiting = undefined
      room?.()
    }
    if (this.#wire.writableNeedDrain) this.#wire.once('drain', look).once('close', look)
    else timer = this.#clock.after(lookMs, look)
  }

  /** Writes a ping: the same two bytes for every socket. */
  ping(): void {
    this.flush()
    if (this.#socket.readyState === WebSocket.OPEN) this.#wire.write(pingFrame)
  }

  /** Writes a message of the protocol; false when the reader is too slow for it. */
  send(text: string): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return true
    if (this.#socket.bufferedAmount - this.#answerBytes > this.#bytesMax) return false
    this.flush()
    this.#socket.send(text)
    return true
  }

  /**
   * Waits until an answer may be written; false when the reader takes nothing for too long. Answers wait for each other
   * because one may be larger than the bound by itself.
   */
  async room(): Promise<boolean> {
    while (this.#socket.readyState === WebSocket.OPEN && this.#socket.bufferedAmount > this.#bytesMax) {
      if (!(await this.#drained())) return false
    }
    return true
  }

  /** Writes an answer. A reader is not slow because one answer is large: its bytes count only once they are written. */
  sendAnswer(text: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    this.flush()
    const before = this.#socket.bufferedAmount
    let bytes = 0
    this.#socket.send(text, () => {
      this.#answerBytes -= bytes
    })
    bytes = Math.max(0, this.#socket.bufferedAmount - before)
    this.#answerBytes += bytes
  }

  /** False when nothing was taken for too long; true when the buffer is empty or the socket is gone. */
  #drained(): Promise<boolean> {
    return new Promise(resolve => {
      const settle = (drained: boolean): void => {
        timer.cancel()
        this.#wire.off('drain', done).off('close', done)
        resolve(drained)
      }
      const done = (): void => settle(true)
      const timer = this.#clock.after(slowReaderMs, () => settle(false))
      this.#wire.once('drain', done).once('close', done)
    })
  }
}

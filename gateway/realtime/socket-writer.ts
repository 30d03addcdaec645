import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { Clock, Timer } from '../../kernel/clock.ts'
import { textFrame } from './text-frame.ts'
import type { WriteBatch } from './write-batch.ts'

/** How long an answer waits for a reader that takes nothing, milliseconds. */
const slowReaderMs = 5_000
/** How often it is looked whether there is room, where the connection does not tell. Milliseconds. */
const lookMs = 50

/** Writes to one WebSocket within a bound of bytes that wait for the reader. */
export class SocketWriter {
  readonly #socket: WebSocket
  readonly #wire: Duplex
  readonly #bytesMax: number
  readonly #clock: Clock
  readonly #batch: WriteBatch
  #waiting: (() => void) | undefined
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
    return this.#wire.writableLength - this.#answerBytes <= this.#bytesMax
  }

  /** Calls `room` once when there is room again, or the socket is gone. Only the last one given is called. */
  whenRoom(room: () => void): void {
    const waits = this.#waiting !== undefined
    this.#waiting = room
    if (!waits) this.#awaitRoom()
  }

  /** Writes a text message of two parts, of which the second one is shared with other sockets. */
  sendEvent(head: Buffer, rest: Buffer): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    // `ws` would copy the parts together. Without compression it writes its own frames at once and as a whole, so that
    // none of them can be cut in two by this one.
    this.#batch.hold(this.#wire)
    this.#wire.write(textFrame(head, rest.length))
    this.#wire.write(rest)
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

  /** Writes a message of the protocol; false when the reader is too slow for it. */
  send(text: string): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return true
    if (this.#socket.bufferedAmount - this.#answerBytes > this.#bytesMax) return false
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

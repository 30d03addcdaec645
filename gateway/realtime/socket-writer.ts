import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { Clock } from '../../kernel/clock.ts'

/** How long an answer waits for a reader that takes nothing, milliseconds. */
const slowReaderMs = 5_000

/** Writes to one WebSocket within a bound of bytes that wait for the reader. */
export class SocketWriter {
  readonly #socket: WebSocket
  readonly #wire: Duplex
  readonly #bytesMax: number
  readonly #clock: Clock
  /** Bytes of answers that are waiting to be written. */
  #answerBytes = 0

  /** @param bytesMax Bytes that may wait for the reader before it counts as too slow. */
  constructor(socket: WebSocket, wire: Duplex, bytesMax: number, clock: Clock) {
    this.#socket = socket
    this.#wire = wire
    this.#bytesMax = bytesMax
    this.#clock = clock
  }

  /** Writes a message of the protocol or an event; false when the reader is too slow for it. */
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

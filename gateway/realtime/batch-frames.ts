import type { Delivery } from './delivery.ts'
import { frameHeader } from './text-frame.ts'

/** The WebSocket frames of some events, complete but for what each reader's own messages begin with. */
export class BatchFrames {
  readonly #bytes: Buffer
  /** Where the heads belong. */
  readonly #places: readonly number[]

  /** @param headBytes Length of a head. */
  constructor(deliveries: readonly Delivery[], headBytes: number) {
    const places: number[] = []
    const gap = Buffer.alloc(headBytes)
    let length = 0
    const parts = deliveries.flatMap(({ closed }) => {
      const header = frameHeader(headBytes + closed.length)
      places.push(length + header.length)
      length += header.length + headBytes + closed.length
      return [header, gap, closed]
    })
    this.#bytes = Buffer.concat(parts, length)
    this.#places = places
  }

  /** One copy, for one reader: a small copy is cheaper than a second write. */
  withHead(head: Buffer): Buffer {
    const frames = Buffer.allocUnsafe(this.#bytes.length)
    frames.set(this.#bytes)
    for (const place of this.#places) frames.set(head, place)
    return frames
  }
}

import { BatchFrames } from './batch-frames.ts'
import type { Delivery } from './delivery.ts'

/** Lengths of heads that one batch keeps frames for. */
const framesMax = 8

/** Events of a stream that follow each other and are sent together: made once for all readers that lack the same. */
export class Batch {
  /** At least one. */
  readonly deliveries: readonly Delivery[]
  readonly bytes: number
  readonly #frames = new Map<number, BatchFrames>()

  constructor(deliveries: readonly Delivery[]) {
    this.deliveries = deliveries
    this.bytes = deliveries.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Of its last event that has one. */
  get cursor(): string | undefined {
    return this.deliveries.findLast(({ cursor }) => cursor !== undefined)?.cursor
  }

  /** The events that are not among these; undefined: none. */
  without(outdated: ReadonlySet<Delivery>): Batch | undefined {
    if (outdated.size === 0) return this
    const left = this.deliveries.filter(each => !outdated.has(each))
    return left.length === 0 ? undefined : new Batch(left)
  }

  /** WebSocket frames for messages that begin with so many bytes of the reader's own. */
  frames(headBytes: number): BatchFrames {
    const known = this.#frames.get(headBytes)
    if (known !== undefined) return known
    const frames = new BatchFrames(this.deliveries, headBytes)
    if (this.#frames.size < framesMax) this.#frames.set(headBytes, frames)
    return frames
  }
}

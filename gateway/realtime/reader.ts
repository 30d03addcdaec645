import type { Batch } from './batch.ts'
import type { StreamEnd } from './stream-end.ts'

/** Where a subscription's events go: one operation of a socket, or one response. */
export interface Subscriber {
  /** May more events be written now? After a no, `Subscription.roomAgain` tells when it may. */
  hasRoom(): boolean
  /** Called in order, with each event once. */
  deliver(batch: Batch): void
  /** Called once, behind the last event; not after `leave`. */
  ended(end: StreamEnd): void
}

/** What a subscriber holds of the hub. */
export interface Subscription {
  /** Of the last event that was sent, or of the one that it begins behind. */
  readonly cursor: string | undefined
  /** There is room for events again. */
  roomAgain(): void
  /** Nothing is told any more. Idempotent. */
  leave(): void
}

/** What a reader reads from. */
interface Read {
  serve(reader: Reader): void
  remove(reader: Reader): void
}

/** A subscriber's place in a stream. */
export class Reader implements Subscription {
  readonly subscriber: Subscriber
  /** Undefined: none yet, or none any more. */
  stream: Read | undefined
  /** Of the next event it is to be sent. */
  place = 0
  /** Of the last event it was sent, or of the one it begins behind. */
  cursor: string | undefined
  left = false

  /** While it is behind, it is sent only the newest event of each thing that stands here in an event. */
  readonly latestBy: readonly string[] | undefined

  constructor(subscriber: Subscriber, latestBy?: string) {
    this.subscriber = subscriber
    this.latestBy = latestBy?.split('.')
  }

  roomAgain(): void {
    this.stream?.serve(this)
  }

  leave(): void {
    if (this.left) return
    this.left = true
    this.stream?.remove(this)
  }

  /** Tells the subscriber, once. */
  end(end: StreamEnd): void {
    if (this.left) return
    this.left = true
    this.subscriber.ended(end)
  }
}

import type { Clock } from '../../kernel/clock.ts'
import type { Reader } from './reader.ts'
import type { ReplayRing, RingLimits } from './replay-ring.ts'

/** Readers served in one turn of the event loop: some milliseconds of writing. */
const sliceMax = 256

export interface FanOutSteps {
  readonly readers: ReadonlySet<Reader>
  readonly ring: ReplayRing
  readonly clock: Clock
  readonly limits: RingLimits
  /** Sends a reader what it lacks, as far as it has room. */
  serve(reader: Reader): void
  /** It has no room and waits for some. */
  waits(reader: Reader): boolean
}

/**
 * Has all readers of a stream served, some in each turn of the event loop: nothing else waits for ten thousand of them, and
 * events that come while it goes round are sent together with those before. What has not been round never leaves the ring.
 */
export class FanOut {
  readonly #steps: FanOutSteps
  /** The readers that this round has not come to. Undefined: everybody has been served. */
  #round: Iterator<Reader, unknown> | undefined
  /** The first event that came after this round had begun. */
  #roundEnd = 0
  /** Events before this place have been sent to everybody who had room. */
  #servedTo = 0
  /** Of events that have not been round: before this one, and since. */
  #bytes = 0
  #bytesSince = 0

  constructor(steps: FanOutSteps) {
    this.#steps = steps
  }

  /** To be called before an event of so many bytes is put into the ring. */
  expect(bytes: number): void {
    const { ring, limits } = this.#steps
    const waiting = ring.end - this.#servedTo
    const bytesWaiting = this.#bytes + this.#bytesSince
    if (waiting >= limits.eventsMax / 4 || (waiting > 0 && bytesWaiting + bytes > limits.bytesMax / 4)) {
      this.all()
    }
  }

  /** To be called when that event is in the ring. */
  begin(bytes: number): void {
    if (this.#round !== undefined) {
      this.#bytesSince += bytes
      return
    }
    this.#bytes += bytes
    this.#again()
  }

  /** Serves everybody now. */
  all(): void {
    const { readers, ring } = this.#steps
    // An end may come of it, and with that another call.
    this.#servedTo = ring.end
    this.#bytes = this.#bytesSince = 0
    for (const reader of readers) this.#serve(reader)
  }

  #again(): void {
    const { readers, ring, clock } = this.#steps
    this.#round = readers.values()
    this.#roundEnd = ring.end
    clock.soon(() => this.#some())
  }

  #some(): void {
    const { ring, clock } = this.#steps
    for (let count = 0; count < sliceMax; count++) {
      const { done, value: reader } = this.#round?.next() ?? { done: true as const, value: undefined }
      if (done === true) {
        this.#servedTo = Math.max(this.#servedTo, this.#roundEnd)
        this.#bytes = this.#bytesSince
        this.#bytesSince = 0
        this.#round = undefined
        if (this.#servedTo < ring.end) this.#again()
        return
      }
      this.#serve(reader)
    }
    clock.soon(() => this.#some())
  }

  #serve(reader: Reader): void {
    const steps = this.#steps
    if (reader.place < steps.ring.end && !steps.waits(reader)) steps.serve(reader)
  }
}

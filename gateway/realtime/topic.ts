import type { Timer } from '../../kernel/clock.ts'
import type { PreparedOperation } from '../engine.ts'
import { hubDefaults } from './hub-options.ts'
import type { HubTools } from './hub-options.ts'
import { Reader } from './reader.ts'
import type { Subscriber, Subscription } from './reader.ts'
import { ReplayRing } from './replay-ring.ts'
import { SharedStream } from './shared-stream.ts'
import type { StreamOwner } from './shared-stream.ts'
import { gapEnd } from './stream-end.ts'
import type { StreamEnd } from './stream-end.ts'

/** What a topic needs of the hub. */
export interface TopicOwner extends Pick<StreamOwner, 'open' | 'told' | 'expired'> {
  /** A cursor that names this place of a stream, for this topic alone. Undefined: the topic is shared with nobody. */
  cursorOf(epoch: string, place: number): string | undefined
  /** A name for a new stream that no other has. */
  newEpoch(): string
  /** May so many bytes more be kept for readers who come back? What was allowed is given back with `forgotten`. */
  keep(bytes: number): boolean
  forgotten(bytes: number): void
  /** Nobody reads it, and nothing is kept. */
  empty(): void
}

/**
 * All subscriptions that bring the same events to callers who see the same. Usually that is one stream; whoever comes back
 * with a cursor that the stream has no memory of is read to from the source's log by a second one, which ends as soon as it
 * meets the first. From replay to live is one step: a reader changes streams behind an event that both of them have.
 */
export class Topic {
  readonly #owner: TopicOwner
  readonly #tools: HubTools
  /** Those that can be joined. */
  readonly #streams = new Set<SharedStream>()
  /** Events of resumable streams that nobody reads, for those who come back. */
  readonly #kept = new Map<ReplayRing, Timer>()
  #operation: PreparedOperation
  #open = 0

  constructor(operation: PreparedOperation, owner: TopicOwner, tools: HubTools) {
    this.#operation = operation
    this.#owner = owner
    this.#tools = tools
  }

  /** Sources that are open now. */
  get streams(): number {
    return this.#open
  }

  /**
   * @param after Cursor of the last event the subscriber has; undefined: it wants what comes from now on.
   * @param latestBy As `Reader.latestBy`, its steps joined by dots.
   */
  join(subscriber: Subscriber, after: string | undefined, latestBy?: string): Subscription {
    const reader = new Reader(subscriber, latestBy)
    this.#place(reader, after)
    return reader
  }

  /** The same operation on another supergraph. Where events could be lost, the readers are ended one by one. */
  continueAs(operation: PreparedOperation): void {
    this.#operation = operation
    this.#forget()
    for (const stream of this.#streams) if (!stream.continueAs(operation)) this.#dismiss(stream, changed)
  }

  /** Ends every reader, one by one. */
  dismiss(end: StreamEnd): void {
    this.#forget()
    for (const stream of this.#streams) this.#dismiss(stream, end)
  }

  /** Lets go of every source at once, and tells nobody. */
  close(): void {
    this.#forget()
    for (const stream of this.#streams) stream.close(false)
  }

  #place(reader: Reader, after: string | undefined): void {
    if (after === undefined) {
      for (const stream of this.#streams) if (stream.live) return stream.add(reader, stream.ring.end)
      return this.#begin(reader, undefined)
    }
    for (const stream of this.#streams) {
      const place = stream.ring.placeBehind(after)
      if (place !== undefined) return stream.add(reader, place)
    }
    if (!this.#resumable) return reader.end(gapEnd())
    return this.#begin(reader, after)
  }

  get #resumable(): boolean {
    return this.#operation.subscription?.resumable === true
  }

  #begin(reader: Reader, after: string | undefined): void {
    if (this.#open >= hubDefaults.streamsMax) return reader.end(crowded)
    const ring =
      after === undefined ? undefined : (this.#takeKept(after) ?? new ReplayRing(after, this.#tools.ring))
    const stream = new SharedStream(
      this.#operation,
      ring,
      this.#owner.newEpoch(),
      this.#streamOwner(),
      this.#tools,
    )
    this.#open += 1
    this.#streams.add(stream)
    stream.add(reader, after === undefined ? 0 : (stream.ring.placeBehind(after) ?? 0))
    stream.begin()
  }

  #streamOwner(): StreamOwner {
    const { open, told, expired } = this.#owner
    return {
      open,
      told,
      expired,
      cursorOf: (stream, place) => this.#owner.cursorOf(stream.epoch, place),
      grown: stream => this.#merge(stream),
      released: (stream, kept) => this.#released(stream, kept),
      fallen: (reader, stream) => this.#catchUp(reader, stream),
    }
  }

  /** Two streams that have the same event have the same events behind it: one of them is enough. */
  #merge(stream: SharedStream): void {
    if (this.#streams.size < 2 || !this.#streams.has(stream)) return
    const { newest } = stream.ring
    if (newest === undefined) return
    for (const other of this.#streams) {
      if (other === stream || other.ring.placeBehind(newest) === undefined) continue
      if (!stream.canMoveTo(other)) continue
      stream.moveTo(other)
      return
    }
  }

  /** The events that a reader needs next are gone here: they are read from the source's log again, if there is one. */
  #catchUp(reader: Reader, stream: SharedStream): void {
    const cursor = reader.cursor
    if (reader.left) return
    if (!stream.resumable || cursor === undefined) reader.end({ kind: 'slow' })
    else this.#place(reader, cursor)
  }

  #released(stream: SharedStream, kept: boolean): void {
    this.#streams.delete(stream)
    if (stream.over) {
      this.#open -= 1
      if (kept && stream.resumable) this.#keep(stream.ring)
    }
    this.#settle()
  }

  #keep(ring: ReplayRing): void {
    if (ring.bytes === 0 || !this.#owner.keep(ring.bytes)) return
    const timer = this.#tools.clock.after(hubDefaults.keptMs, () => {
      this.#drop(ring)
      this.#settle()
    })
    this.#kept.set(ring, timer)
  }

  #takeKept(after: string): ReplayRing | undefined {
    for (const ring of this.#kept.keys()) {
      if (ring.placeBehind(after) === undefined) continue
      this.#drop(ring)
      return ring
    }
    return undefined
  }

  #drop(ring: ReplayRing): void {
    this.#kept.get(ring)?.cancel()
    this.#kept.delete(ring)
    this.#owner.forgotten(ring.bytes)
  }

  #forget(): void {
    for (const ring of this.#kept.keys()) this.#drop(ring)
    this.#settle()
  }

  #settle(): void {
    if (this.#open === 0 && this.#kept.size === 0) this.#owner.empty()
  }

  #dismiss(stream: SharedStream, end: StreamEnd): void {
    // Nobody may join what is about to end.
    this.#streams.delete(stream)
    stream.dismiss(end, () => this.#tools.random() * hubDefaults.dismissMs)
  }
}

const crowded: StreamEnd = {
  kind: 'broken',
  errors: [
    {
      message: `more than ${hubDefaults.streamsMax} readers of this stream catch up; try again`,
      extensions: { code: 'OVERLOADED' },
    },
  ],
}

const changed: StreamEnd = {
  kind: 'broken',
  errors: [
    {
      message: 'the graph has changed and this stream cannot go on without a gap; subscribe again',
      extensions: { code: 'UNAVAILABLE' },
    },
  ],
}

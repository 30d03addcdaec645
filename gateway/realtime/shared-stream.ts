import { answerText } from '../admission/answer-text.ts'
import type { AnswerStream, GraphQLAnswer, PreparedOperation } from '../engine.ts'
import { Batch } from './batch.ts'
import { Delivery } from './delivery.ts'
import { FanOut } from './fan-out.ts'
import type { HubTools } from './hub-options.ts'
import type { Reader } from './reader.ts'
import { ReplayRing } from './replay-ring.ts'
import type { StreamEnd } from './stream-end.ts'
import { StreamSource } from './stream-source.ts'
import type { SourceSteps } from './stream-source.ts'

/** What a stream tells its topic, and asks of it. */
export interface StreamOwner extends Pick<SourceSteps, 'told' | 'expired'> {
  /** An event has come. The stream may be empty when this returns. */
  grown(stream: SharedStream): void
  /** It takes no more readers. `kept`: its events are still good for readers who come back. */
  released(stream: SharedStream, kept: boolean): void
  /** Events that the reader needs are no longer in the ring. */
  fallen(reader: Reader, stream: SharedStream): void
  /** Opens the source behind an event, or where the operation says. */
  open(operation: PreparedOperation, after: string | undefined, signal: AbortSignal): AnswerStream
  /** A cursor for a source that has none of its own. Undefined: it is shared with nobody, and cannot be resumed. */
  cursorOf(stream: SharedStream, place: number): string | undefined
}

/**
 * One source for any number of readers: each event is completed once, serialised once and kept in a ring, from which
 * readers that have fallen behind or come back are served. A reader never waits for another one.
 */
export class SharedStream {
  readonly ring: ReplayRing
  /** Names this stream in the cursors it makes. */
  readonly epoch: string
  /** It is where the present is, and not behind it. */
  live: boolean
  readonly resumable: boolean
  readonly #owner: StreamOwner
  readonly #tools: HubTools
  readonly #readers = new Set<Reader>()
  readonly #behind = new Set<Reader>()
  readonly #closed = new AbortController()
  readonly #source: StreamSource
  readonly #fanOut: FanOut
  /** By the place of their first event; those that were made since the last event came. */
  readonly #batches = new Map<number, Batch>()
  #end: StreamEnd | undefined
  #wake: (() => void) | undefined

  /** @param ring Begins behind its newest event; undefined: with what comes from now on. */
  constructor(
    operation: PreparedOperation,
    ring: ReplayRing | undefined,
    epoch: string,
    owner: StreamOwner,
    tools: HubTools,
  ) {
    this.resumable = operation.subscription?.resumable ?? false
    this.ring = ring ?? new ReplayRing(undefined, tools.ring)
    this.live = ring === undefined
    this.epoch = epoch
    this.#owner = owner
    this.#tools = tools
    const steps: SourceSteps = {
      open: (asked, after) => owner.open(asked, after, this.#closed.signal),
      newest: () => this.ring.newest,
      push: answer => this.#push(answer),
      told: owner.told,
      expired: owner.expired,
    }
    this.#source = new StreamSource(operation, steps, tools)
    this.#fanOut = new FanOut({
      readers: this.#readers,
      ring: this.ring,
      clock: tools.clock,
      limits: tools.ring,
      serve: reader => this.serve(reader),
      waits: reader => this.#behind.has(reader),
    })
  }

  /** Opens the source. Called once. */
  begin(): void {
    void this.#source.follow().then(end => end && this.#finish(end))
  }

  /** It has no source and no readers any more. */
  get over(): boolean {
    return this.#closed.signal.aborted
  }

  get readers(): number {
    return this.#readers.size
  }

  /** Sends the reader everything from `place` on, as far as it has room, and then what comes. */
  add(reader: Reader, place: number): void {
    reader.place = place
    reader.cursor = this.ring.cursorBefore(place)
    reader.stream = this
    this.#readers.add(reader)
    this.serve(reader)
    // Not everybody has to be waited for any more.
    this.#wake?.()
  }

  /** Takes a reader out; the source is let go at once when it was the last one. */
  remove(reader: Reader): void {
    this.#behind.delete(reader)
    if (!this.#readers.delete(reader)) return
    if (this.#readers.size === 0) this.close()
    else this.#wake?.()
  }

  /** Sends what the reader has not got, as far as it has room. */
  serve(reader: Reader): void {
    const { ring } = this
    const skipped = reader.latestBy === undefined || !this.#behind.has(reader) ? none : this.#outdated(reader)
    while (!reader.left && this.#readers.has(reader)) {
      if (reader.place === ring.end) return this.#caughtUp(reader)
      if (!reader.subscriber.hasRoom()) {
        this.#behind.add(reader)
        return
      }
      const batch = this.#batchAt(reader.place)
      if (batch === undefined) return this.#fall(reader)
      reader.place += batch.deliveries.length
      reader.cursor = batch.cursor ?? reader.cursor
      const wanted = batch.without(skipped)
      if (wanted !== undefined) reader.subscriber.deliver(wanted)
    }
  }

  /**
   * Another stream has, or now gets, every event that a reader of this one lacks. A reader that has no room may lack some
   * that are gone there: moved, it would have to read them from the log again, and be moved again.
   */
  canMoveTo(other: SharedStream): boolean {
    // A reader that has been sent nothing has no place in another stream.
    this.#fanOut.all()
    other.ring.prepend(this.ring)
    for (const { cursor } of this.#readers) {
      if (cursor === undefined || other.ring.placeBehind(cursor) === undefined) return false
    }
    return true
  }

  /** Moves every reader to another stream, and ends. */
  moveTo(other: SharedStream): void {
    other.live ||= this.live
    const readers = [...this.#readers]
    this.#readers.clear()
    this.#behind.clear()
    this.close(false)
    for (const reader of readers) {
      const { cursor } = reader
      const place = cursor === undefined ? undefined : other.ring.placeBehind(cursor)
      if (place === undefined) this.#owner.fallen(reader, this)
      else other.add(reader, place)
    }
  }

  /**
   * Goes on as the same operation on another supergraph. False when events could be lost: then the stream goes on as it
   * was, and its readers have to be told.
   */
  continueAs(operation: PreparedOperation): boolean {
    return this.#source.continueAs(operation)
  }

  /** Ends the readers one by one, each when `delayMs` of it have passed. */
  dismiss(end: StreamEnd, delayMs: () => number): void {
    for (const reader of this.#readers) {
      this.#tools.clock.after(delayMs(), () => {
        this.serve(reader)
        if (!this.#readers.has(reader)) return
        reader.end(end)
        this.remove(reader)
      })
    }
  }

  /**
   * Lets go of the source. Readers are told nothing. Idempotent.
   * @param kept Its events stay good for readers who come back.
   */
  close(kept = this.#end === undefined): void {
    if (this.#closed.signal.aborted) return
    this.#closed.abort()
    this.#wake?.()
    this.#source.close()
    this.#owner.released(this, kept)
  }

  #push(answer: GraphQLAnswer): Promise<void> {
    const { ring } = this
    const place = ring.end
    const own = answer.extensions?.['cursor']
    const made = typeof own === 'string' || this.resumable ? undefined : this.#owner.cursorOf(this, place)
    const shown =
      made === undefined ? answer : { ...answer, extensions: { ...answer.extensions, cursor: made } }
    const cursor = typeof own === 'string' ? own : made
    const delivery = new Delivery(answerText(shown, this.#tools.answerBytesMax), cursor)
    this.#fanOut.expect(delivery.bytes)
    ring.push(delivery)
    this.#batches.clear()
    this.#fanOut.begin(delivery.bytes)
    if (!this.resumable) for (const reader of this.#behind) if (reader.place < ring.start) this.#fall(reader)
    this.#owner.grown(this)
    return this.#room()
  }

  /** The event at a place and those behind it, as far as they are sent together. Undefined: it is no longer kept. */
  #batchAt(place: number): Batch | undefined {
    const known = this.#batches.get(place)
    if (known !== undefined) return known
    const { eventsMax, bytesMax } = this.#tools.batch
    const deliveries: Delivery[] = []
    let bytes = 0
    while (deliveries.length < eventsMax) {
      const delivery = this.ring.at(place + deliveries.length)
      if (delivery === undefined || (bytes > 0 && bytes + delivery.bytes > bytesMax)) break
      deliveries.push(delivery)
      bytes += delivery.bytes
    }
    if (deliveries.length === 0) return undefined
    const batch = new Batch(deliveries)
    // Readers that catch up are at many places; those that are with us are at a few.
    if (this.#batches.size < batchesMax) this.#batches.set(place, batch)
    return batch
  }

  /** What the reader has not got and need not have: a newer event is about the same thing. */
  #outdated({ place, latestBy = [] }: Reader): ReadonlySet<Delivery> {
    const newest = new Map<string, Delivery>()
    const outdated = new Set<Delivery>()
    for (let at = place; at < this.ring.end; at++) {
      const delivery = this.ring.at(at)
      const about = delivery?.at(latestBy)
      if (delivery === undefined || about === undefined) continue
      const older = newest.get(about)
      if (older !== undefined) outdated.add(older)
      newest.set(about, delivery)
    }
    return outdated
  }

  /** A source that can be read later is not read while nobody has room: its log keeps more than we do. */
  async #room(): Promise<void> {
    const stalled = (): boolean =>
      this.resumable && this.#readers.size > 0 && this.#behind.size === this.#readers.size
    while (stalled() && !this.#closed.signal.aborted) {
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
  }

  #caughtUp(reader: Reader): void {
    if (this.#behind.delete(reader)) this.#wake?.()
    if (this.#end === undefined) return
    this.#readers.delete(reader)
    reader.end(this.#end)
    if (this.#readers.size === 0) this.close()
  }

  #fall(reader: Reader): void {
    this.#behind.delete(reader)
    this.#readers.delete(reader)
    this.#owner.fallen(reader, this)
    if (this.#readers.size === 0) this.close()
    else this.#wake?.()
  }

  #finish(end: StreamEnd): void {
    this.#end = end
    this.#owner.released(this, false)
    for (const reader of this.#readers) this.serve(reader)
  }
}

/** Batches kept for other readers until the next event comes. */
const batchesMax = 16

const none: ReadonlySet<Delivery> = new Set()

import type { Delivery } from './delivery.ts'

export interface RingLimits {
  /** Events kept. */
  readonly eventsMax: number
  /** Bytes of events kept; the newest one is kept whatever it has. */
  readonly bytesMax: number
}

/**
 * The newest events of one stream, without a gap, found by the cursors clients hold. Places are numbers that never change:
 * the next event gets `end`.
 */
export class ReplayRing {
  readonly #limits: RingLimits
  readonly #places = new Map<string, number>()
  #deliveries: (Delivery | undefined)[] = []
  /** Deliveries before this index are no longer part of the ring. */
  #first = 0
  #start = 0
  #bytes = 0
  /** The last cursor before the first event kept, and whether that is of the event right before it. */
  #before: string | undefined
  #beforeIsNext = true

  /** @param before Cursor of the event that the stream begins behind. */
  constructor(before: string | undefined, limits: RingLimits) {
    this.#before = before
    this.#limits = limits
  }

  get start(): number {
    return this.#start
  }

  get end(): number {
    return this.#start + this.#deliveries.length - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Cursor to go on with behind the newest event. */
  get newest(): string | undefined {
    return this.cursorBefore(this.end)
  }

  at(place: number): Delivery | undefined {
    return place < this.#start ? undefined : this.#deliveries[this.#first + place - this.#start]
  }

  /** The last cursor before a place: an event without one, whose fields have failed, would be read once more. */
  cursorBefore(place: number): string | undefined {
    for (let before = place - 1; before >= this.#start; before--) {
      const cursor = this.at(before)?.cursor
      if (cursor !== undefined) return cursor
    }
    return place < this.#start ? undefined : this.#before
  }

  /** The place behind the event of a cursor; undefined when that is not known here. */
  placeBehind(cursor: string): number | undefined {
    if (cursor === this.#before && this.#beforeIsNext) return this.#start
    const place = this.#places.get(cursor)
    return place === undefined ? undefined : place + 1
  }

  push(delivery: Delivery): void {
    if (delivery.cursor !== undefined) this.#places.set(delivery.cursor, this.end)
    this.#deliveries.push(delivery)
    this.#bytes += delivery.bytes
    const { eventsMax, bytesMax } = this.#limits
    while (this.end - this.#start > 1 && (this.end - this.#start > eventsMax || this.#bytes > bytesMax))
      this.drop()
  }

  /** Puts in front what another ring has of the events before ours, as far as there is room. */
  prepend(older: ReplayRing): void {
    const joined = this.#before !== undefined && this.#beforeIsNext
    let place = joined ? older.placeBehind(this.#before ?? '') : undefined
    while (place !== undefined && place > older.start) {
      const delivery = older.at(place - 1)
      const { eventsMax, bytesMax } = this.#limits
      if (delivery?.cursor === undefined || this.end - this.#start >= eventsMax) return
      if (this.#bytes + delivery.bytes > bytesMax) return
      place -= 1
      this.#start -= 1
      this.#bytes += delivery.bytes
      this.#places.set(delivery.cursor, this.#start)
      if (this.#first > 0) this.#deliveries[--this.#first] = delivery
      else this.#deliveries.unshift(delivery)
      this.#before = older.cursorBefore(place)
      this.#beforeIsNext = this.#before !== undefined && older.placeBehind(this.#before) === place
    }
  }

  /** Forgets the oldest event. */
  drop(): void {
    const oldest = this.#deliveries[this.#first]
    if (oldest === undefined) return
    if (oldest.cursor !== undefined) this.#places.delete(oldest.cursor)
    this.#beforeIsNext = oldest.cursor !== undefined
    this.#before = oldest.cursor ?? this.#before
    this.#bytes -= oldest.bytes
    this.#deliveries[this.#first] = undefined
    this.#first += 1
    this.#start += 1
    if (this.#first > this.#limits.eventsMax) {
      // Moving once a whole ring's worth keeps a push cheap on average.
      this.#deliveries = this.#deliveries.slice(this.#first)
      this.#first = 0
    }
  }
}

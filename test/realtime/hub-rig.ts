import { silentLog } from '../../kernel/log.ts'
import type { ClientPrincipal } from '../../kernel/principal.ts'
import type { Batch } from '../../gateway/realtime/batch.ts'
import type { Delivery } from '../../gateway/realtime/delivery.ts'
import type { Subscriber, Subscription } from '../../gateway/realtime/reader.ts'
import type { RingLimits } from '../../gateway/realtime/replay-ring.ts'
import type { StreamEnd } from '../../gateway/realtime/stream-end.ts'
import { SubscriptionHub } from '../../gateway/realtime/subscription-hub.ts'
import { manualClock, settled } from '../support/manual-clock.ts'
import { LogEngine } from './log-engine.ts'

/** A subscriber that notes what it is told, and breaks the test when it is told something after its end. */
export class Witness implements Subscriber {
  readonly seen: number[] = []
  cursor: string | undefined
  end: StreamEnd | undefined
  /** Events it takes before it has no room. */
  room = Number.POSITIVE_INFINITY
  subscription: Subscription | undefined
  /** Deliveries as they came: the same object for everybody. */
  readonly deliveries: Delivery[] = []

  hasRoom(): boolean {
    return this.room > 0
  }

  deliver({ deliveries }: Batch): void {
    for (const delivery of deliveries) this.#told(delivery)
  }

  #told(delivery: Delivery): void {
    if (this.end !== undefined) throw new Error('told of an event after the end')
    // LogEngine's answers.
    const answer = JSON.parse(delivery.json.toString()) as {
      data: { numbers: { at: number } }
      extensions?: { cursor?: string }
    }
    this.seen.push(answer.data.numbers.at)
    this.cursor = answer.extensions?.cursor ?? this.cursor
    this.room = Math.max(0, this.room - 1)
    this.deliveries.push(delivery)
  }

  ended(end: StreamEnd): void {
    if (this.end !== undefined) throw new Error('told of its end twice')
    this.end = end
  }

  /** Takes so many events more. */
  take(events: number): void {
    this.room = events
    this.subscription?.roomAgain()
  }

  leave(): void {
    this.subscription?.leave()
  }
}

interface JoinOptions {
  readonly principal?: ClientPrincipal
  readonly topic?: string
  readonly room?: number
  readonly latestBy?: string
}

/** @param together Events that are sent to a reader at once. */
export function hubRig(
  resumable: boolean,
  ring: RingLimits = { eventsMax: 1_000, bytesMax: 1_000_000 },
  together = 1,
) {
  const engine = new LogEngine(resumable)
  const clock = manualClock()
  const hub = new SubscriptionHub({
    engine,
    clock,
    log: silentLog,
    requestTimeoutMs: 500,
    answerBytesMax: 1_000_000,
    ring,
    batch: { eventsMax: together, bytesMax: 100_000 },
    random: () => 0.5,
  })
  const join = (after?: string, { principal, topic, room, latestBy }: JoinOptions = {}): Witness => {
    const witness = new Witness()
    if (room !== undefined) witness.room = room
    const caller = { principal, headers: {}, userAgent: undefined, address: undefined, sheddable: false }
    const asked = {
      operation: engine.operation(topic),
      request: { query: 'subscription { at }' },
      caller,
      requestId: 'request-1',
      headers: {},
      after,
      latestBy,
    }
    witness.subscription = hub.join(asked, witness)
    return witness
  }
  const publish = async (count = 1): Promise<void> => {
    for (let index = 0; index < count; index++) engine.publish()
    await clock.run(0)
    await settled()
  }
  return { engine, clock, hub, join, publish }
}

import { DeliverPolicy, jetstream } from '@nats-io/jetstream'
import type { ConsumerMessages } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { type Clock, sleep } from '../../kernel/clock.ts'
import { EnneadError, kindOf } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { type Position, cursorExpired } from '../position.ts'
import { StreamStates } from './stream-states.ts'

/** A message of a stream. */
export interface SubjectMessage {
  /** `epoch`: when its stream was made, since one that is made anew counts from 1; `seq`: its place there. */
  readonly position: Position
  readonly text: string
}

export interface SubjectRead {
  readonly stream: string
  readonly subject: string
  /** Undefined: what comes from now on. */
  readonly after: Position | undefined
}

export interface SubjectReaderOptions {
  /** A connection that comes back by itself; asked for anew when it was refused. */
  readonly connect: () => Promise<NatsConnection>
  readonly clock: Clock
  readonly log: Log
  /** How long a broker that is away is waited for. Milliseconds. Default 30,000. */
  readonly patienceMs?: number
  /** How often it is made sure of a quiet subject that nothing of it was deleted unread. Milliseconds. Default 10,000. */
  readonly quietMs?: number
}

/** Nothing of a subject has been missed up to here. */
interface Known extends Position {
  seq: number
}

/** Rests between attempts, milliseconds. */
const restMs = 100
const restMsMax = 2_000
/** A pull that the server has forgotten is noticed and made anew this soon. Milliseconds; as measured in a broker that was killed. */
const pulls = { max_messages: 100, expires: 2_000, idle_heartbeat: 500 } as const

/** Reads subjects of JetStream as logs. */
export class SubjectReader {
  readonly #options: SubjectReaderOptions
  readonly #states: StreamStates
  #connection: Promise<NatsConnection> | undefined

  constructor(options: SubjectReaderOptions) {
    this.#options = options
    this.#states = new StreamStates(() => this.#connected())
  }

  /**
   * The messages of a subject behind a place, each once and in order, also across a restart of the broker. Ends when `signal`
   * aborts. Throws CURSOR_EXPIRED when messages behind the place are gone, UNAVAILABLE when the broker stays away.
   */
  async *read(
    { stream, subject, after }: SubjectRead,
    signal: AbortSignal,
  ): AsyncGenerator<SubjectMessage, void> {
    const { clock, log, patienceMs = 30_000 } = this.#options
    let place: Known | undefined = after === undefined ? undefined : { ...after }
    let failures = 0
    let failingSince = clock.now()
    while (!signal.aborted) {
      try {
        place ??= await this.#head(stream)
        for await (const message of this.#behind(stream, subject, place, signal)) {
          failures = 0
          yield message
        }
      } catch (failure) {
        if (signal.aborted) return
        if (kindOf(failure) === 'caller') throw failure
        if (failures === 0) failingSince = clock.now()
        failures += 1
        log.warn('events.broker-away', { stream, subject, failures, failure })
        if (clock.now() - failingSince > patienceMs) {
          throw new EnneadError('UNAVAILABLE', `the events of stream ${stream} cannot be read`, {
            cause: failure,
          })
        }
      }
      const rest = Math.min(restMsMax, restMs * 2 ** failures)
      await sleep(clock, rest, signal).catch(() => undefined)
    }
  }

  /** Lets go of the connection. */
  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined)
    await connection?.close()
  }

  /** As far as one consumer of the broker goes; ends when the broker has forgotten it. */
  async *#behind(
    stream: string,
    subject: string,
    known: Known,
    signal: AbortSignal,
  ): AsyncGenerator<SubjectMessage, void> {
    await this.#check(stream, known)
    const client = jetstream(await this.#connected())
    const consumer = await client.consumers.get(stream, {
      filter_subjects: subject,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: known.seq + 1,
    })
    const messages = await consumer.consume(pulls)
    const stop = (): void => messages.stop()
    signal.addEventListener('abort', stop, { once: true })
    const watched = this.#watch(stream, messages, known)
    // It is awaited only where the messages end by themselves.
    watched.catch(() => undefined)
    try {
      if (signal.aborted) return
      // Of how many messages it was looked whether something before them has been deleted.
      let looked = 0
      for await (const message of messages) {
        const { seq } = message
        if (seq > known.seq + 1 && messages.getProcessed() > looked) {
          const received = messages.getReceived()
          await this.#check(stream, known)
          looked = received
        }
        known.seq = seq
        yield { position: { epoch: known.epoch, seq }, text: message.string() }
      }
      await watched
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
      // The server would keep it for minutes.
      await consumer.delete().catch(() => undefined)
    }
  }

  /**
   * Lets go of a consumer that the client has made anew by itself: it would not notice that what is next has been deleted. And
   * moves `known` on while only other subjects have messages, which the server says by its heartbeats.
   */
  async #watch(stream: string, messages: ConsumerMessages, known: Known): Promise<void> {
    const { clock, log, quietMs = 10_000 } = this.#options
    let lookedAt = clock.now()
    for await (const status of messages.status()) {
      if (status.type === 'ordered_consumer_recreated') return messages.stop()
      // `getPending` counts what is no message, too.
      const quiet = status.type === 'heartbeat' && messages.getReceived() === messages.getProcessed()
      if (!quiet || status.lastStreamSequence <= known.seq || clock.now() - lookedAt < quietMs) continue
      lookedAt = clock.now()
      try {
        const { seq } = known
        await this.#check(stream, known)
        if (known.seq === seq) known.seq = status.lastStreamSequence
        log.debug('events.nothing-missed', { stream, seq: known.seq })
      } catch (failure) {
        messages.stop()
        throw failure
      }
    }
  }

  async #head(stream: string): Promise<Known> {
    const { epoch, last } = await this.#states.of(stream)
    return { epoch, seq: last }
  }

  /** Throws CURSOR_EXPIRED: of another life of the stream, behind its end, or before what it keeps. */
  async #check(stream: string, after: Position): Promise<void> {
    const { epoch, first, last } = await this.#states.of(stream)
    if (after.epoch !== epoch || after.seq > last || after.seq + 1 < first) throw cursorExpired()
  }

  #connected(): Promise<NatsConnection> {
    const asked = (this.#connection ??= this.#options.connect())
    asked.catch(() => {
      if (this.#connection === asked) this.#connection = undefined
    })
    return asked
  }
}

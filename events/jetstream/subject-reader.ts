import {
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream'
import type { ConsumerMessages } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { type Clock, sleep } from '../../kernel/clock.ts'
import { EnneadError, kindOf } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { type Position, cursorExpired } from '../position.ts'

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
}

/** Rests between attempts, milliseconds. */
const restMs = 100
const restMsMax = 2_000
/** A pull that the server has forgotten is noticed and made anew this soon. Milliseconds; as measured in a broker that was killed. */
const pulls = { max_messages: 100, expires: 2_000, idle_heartbeat: 500 } as const

/** Reads subjects of JetStream as logs. */
export class SubjectReader {
  readonly #options: SubjectReaderOptions
  #connection: Promise<NatsConnection> | undefined

  constructor(options: SubjectReaderOptions) {
    this.#options = options
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
    let place = after
    let failures = 0
    let failingSince = clock.now()
    while (!signal.aborted) {
      try {
        place ??= await this.#head(stream)
        for await (const message of this.#behind(stream, subject, place, signal)) {
          failures = 0
          place = message.position
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

  /** As far as one consumer of the broker goes; ends when the broker has forgotten that. */
  async *#behind(
    stream: string,
    subject: string,
    after: Position,
    signal: AbortSignal,
  ): AsyncGenerator<SubjectMessage, void> {
    await this.#check(stream, after)
    const client = jetstream(await this.#connected())
    const consumer = await client.consumers.get(stream, {
      filter_subjects: subject,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: after.seq + 1,
    })
    const messages = await consumer.consume(pulls)
    const stop = (): void => messages.stop()
    signal.addEventListener('abort', stop, { once: true })
    void stopWhenMadeAnew(messages)
    try {
      if (signal.aborted) return
      for await (const message of messages) {
        yield { position: { epoch: after.epoch, seq: message.seq }, text: message.string() }
      }
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
      // The server would keep it for minutes.
      await consumer.delete().catch(() => undefined)
    }
  }

  async #head(stream: string): Promise<Position> {
    const { epoch, last } = await this.#state(stream)
    return { epoch, seq: last }
  }

  /** Throws CURSOR_EXPIRED: of another life of the stream, behind its end, or before what it keeps. */
  async #check(stream: string, after: Position): Promise<void> {
    const { epoch, first, last } = await this.#state(stream)
    if (after.epoch !== epoch || after.seq > last || after.seq + 1 < first) throw cursorExpired()
  }

  async #state(stream: string): Promise<{ epoch: string; first: number; last: number }> {
    const { streams } = await jetstreamManager(await this.#connected())
    const { created, state } = await streams.info(stream).catch((cause: unknown) => {
      if (cause instanceof JetStreamApiError && cause.code === JetStreamApiCodes.StreamNotFound) {
        throw new EnneadError(
          'UNAVAILABLE',
          `NATS has no stream "${stream}"; make it, or correct --event-subjects`,
        )
      }
      throw cause
    })
    return { epoch: Date.parse(created).toString(36), first: state.first_seq, last: state.last_seq }
  }

  #connected(): Promise<NatsConnection> {
    const asked = (this.#connection ??= this.#options.connect())
    asked.catch(() => {
      if (this.#connection === asked) this.#connection = undefined
    })
    return asked
  }
}

/** The client makes a consumer anew by itself, and would not notice that what is next has been deleted meanwhile. */
async function stopWhenMadeAnew(messages: ConsumerMessages): Promise<void> {
  for await (const { type } of messages.status()) {
    if (type === 'ordered_consumer_recreated') return messages.stop()
  }
}

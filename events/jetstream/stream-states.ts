import { JetStreamApiCodes, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { EnneadError } from '../../kernel/errors.ts'

/** What a stream keeps. */
export interface StreamState {
  /** When the stream was made: one that is made anew counts from 1. */
  readonly epoch: string
  readonly first: number
  readonly last: number
}

interface Asked {
  readonly running: Promise<StreamState>
  /** For those who asked meanwhile. */
  next: Promise<StreamState> | undefined
}

/** Asks a broker what its streams keep: for any number of readers of a stream one question at a time. */
export class StreamStates {
  readonly #connected: () => Promise<NatsConnection>
  readonly #asked = new Map<string, Asked>()

  constructor(connected: () => Promise<NatsConnection>) {
    this.#connected = connected
  }

  /** The state at some time from now on. Throws UNAVAILABLE where there is no such stream. */
  of(stream: string): Promise<StreamState> {
    const asked = this.#asked.get(stream)
    // What is under way may tell what was so before.
    if (asked !== undefined) {
      const again = (): Promise<StreamState> => this.of(stream)
      return (asked.next ??= asked.running.then(again, again))
    }
    const running = this.#ask(stream).finally(() => this.#asked.delete(stream))
    this.#asked.set(stream, { running, next: undefined })
    return running
  }

  async #ask(stream: string): Promise<StreamState> {
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
}

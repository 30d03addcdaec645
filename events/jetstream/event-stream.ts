import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StoredMsg,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { EnneadError } from '../../kernel/errors.ts'

/** The stream that holds the events of all workspaces; docs/decisions/0026-events-in-jetstream.md. */
export const streamName = 'ENNEAD_EVENTS'
const subjectPrefix = 'ennead.events'
const bytesMaxDefault = 2 ** 30

/** An event on its way into the stream. */
export interface StreamEvent {
  readonly id: string
  /** `epoch:seq` */
  readonly position: string
  readonly workspaceId: string
}

/** Where a stream ends. */
export interface StreamEnd {
  /** The sequence of the last message; 0: there never was one. */
  readonly sequence: number
  /** The position of its event; undefined: there never was one. */
  readonly position: string | undefined
}

export interface EventStreamOptions {
  /** Servers that keep a copy, for a stream that is made. 1 to 5. Default 1. */
  readonly replicas?: number
  /** Bytes kept of a stream that is made; the oldest go. Default 1 GiB. */
  readonly bytesMax?: number
}

/** The subject of a workspace's events. */
export function subjectOf(workspaceId: string): string {
  return `${subjectPrefix}.${workspaceId}`
}

/** The stream of events as its writer uses it. */
export class EventStream {
  readonly #connection: NatsConnection
  readonly #options: EventStreamOptions
  /** What it is, for an operator. */
  readonly detail: string

  constructor(connection: NatsConnection, options: EventStreamOptions = {}) {
    this.#connection = connection
    this.#options = options
    this.detail = `NATS ${connection.info?.version ?? ''}`
  }

  /** Makes the stream if it is not there, and says where it ends. Rejects with AGENT_FAULT when nobody can know that. */
  async end(): Promise<StreamEnd> {
    const { streams } = await jetstreamManager(this.#connection)
    const found = await streams.info(streamName).catch((failure: unknown) => {
      if (isCode(failure, JetStreamApiCodes.StreamNotFound)) return undefined
      throw failure
    })
    if (found === undefined) await this.#make()
    const sequence = found?.state.last_seq ?? 0
    if (sequence === 0) return { sequence, position: undefined }
    const last = await streams.getMessage(streamName, { seq: sequence }).catch((failure: unknown) => {
      if (isCode(failure, JetStreamApiCodes.NoMessageFound)) return null
      throw failure
    })
    if (last === null) {
      throw new EnneadError(
        'AGENT_FAULT',
        `the stream ${streamName} no longer has its last message, which says where to go on: ` +
          'limit it by size and not by age, and delete it, so that it is made and filled anew',
      )
    }
    return { sequence, position: positionOf(last) }
  }

  /**
   * Appends events behind the message `after`, if the stream still ends there. Resolves with the sequence of the last once
   * all are acknowledged, or with undefined when somebody else has written to the stream. Some may have been appended
   * whatever comes of it, in order and from the first on.
   */
  async append(events: readonly StreamEvent[], after: number): Promise<number | undefined> {
    const client = jetstream(this.#connection)
    const outcomes = await Promise.allSettled(
      events.map((event, index) =>
        client.publish(subjectOf(event.workspaceId), JSON.stringify(event), {
          msgID: event.id,
          expect: { streamName, lastSequence: after + index },
        }),
      ),
    )
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') {
        const failure: unknown = outcome.reason
        if (isCode(failure, JetStreamApiCodes.StreamWrongLastSequence)) return undefined
        throw failure
      }
      // A duplicate was in the stream already, elsewhere than believed.
      if (outcome.value.seq !== after + index + 1) return undefined
    }
    return after + events.length
  }

  /** Lets go of the connection, after what is on its way. */
  async close(): Promise<void> {
    await this.#connection.drain().catch(() => this.#connection.close())
  }

  async #make(): Promise<void> {
    const { replicas = 1, bytesMax = bytesMaxDefault } = this.#options
    const { streams } = await jetstreamManager(this.#connection)
    // Two that make it at once make the same.
    await streams.add({
      name: streamName,
      subjects: [`${subjectPrefix}.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_bytes: bytesMax,
      num_replicas: replicas,
      allow_direct: true,
    })
  }
}

/** The log position of the event in a message. Throws AGENT_FAULT for one that no relay wrote. */
export function positionOf(message: Pick<StoredMsg, 'string' | 'seq'>): string {
  const event: unknown = parse(message.string())
  const position: unknown =
    typeof event === 'object' && event !== null && 'position' in event ? event.position : undefined
  if (typeof position === 'string') return position
  throw new EnneadError(
    'AGENT_FAULT',
    `message ${message.seq} of the stream ${streamName} is none of Ennead's: nobody else may write to ${subjectPrefix}.>`,
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isCode(failure: unknown, code: number): boolean {
  return failure instanceof JetStreamApiError && failure.code === code
}

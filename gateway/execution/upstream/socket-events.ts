import type { SubscribePayload } from 'graphql-ws'
import { sleep } from '../../../kernel/clock.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { SubgraphResponse, SubgraphResponseError } from '../subgraph.ts'
import { untrusted } from '../untrusted.ts'
import { EventQueue } from './event-queue.ts'
import type { SharedSocket } from './shared-socket.ts'

export interface SocketEventsOptions {
  readonly subgraph: string
  /** A socket that takes one more operation. */
  readonly socket: () => SharedSocket
  /** Made anew for each time that it is sent. */
  readonly payload: () => SubscribePayload
  readonly signal: AbortSignal
  /** Events that may wait to be read; more end the stream with OVERLOADED. */
  readonly eventsMax: number
  readonly clock: Clock
  /** Called once, when the stream has ended. */
  readonly ended: () => void
}

/** Attempts to connect. Once a subgraph may have had the subscription, a break is the caller's to know: events may be missing. */
const connectRetriesMax = 2

/** Before the first of them; each further one waits twice as long. */
const connectRestMs = 100

/** Events of one subscription over a socket that others share. SUBGRAPH_UNREACHABLE or SUBGRAPH_UNTRUSTED when that breaks. */
export class SocketEvents {
  readonly queue: EventQueue
  readonly #options: SocketEventsOptions
  #leave: () => void = () => undefined
  #attempts = 0

  constructor(options: SocketEventsOptions) {
    this.#options = options
    this.queue = new EventQueue(options.signal, {
      begin: () => this.#begin(),
      taken: () => undefined,
      ended: () => {
        this.#leave()
        options.ended()
      },
    })
  }

  #begin(): void {
    const { socket: open, payload } = this.#options
    const socket = open()
    this.#leave = socket.subscribe(payload(), {
      // graphql-ws checks that it is an object; what is in it is not trusted further on.
      next: event => this.#push(event as SubgraphResponse),
      error: failure => this.#failed(failure, socket),
      complete: () => this.queue.finish(undefined),
    })
    if (this.queue.over) this.#leave()
  }

  #push(event: SubgraphResponse): void {
    const { eventsMax, subgraph } = this.#options
    if (this.queue.length < eventsMax) return this.queue.push(event)
    const message = `more than ${eventsMax} events of subgraph "${subgraph}" wait to be read`
    return this.queue.finish(new EnneadError('OVERLOADED', message))
  }

  /** A list of GraphQL errors, or of an upgrade that it refuses, is the subgraph's own refusal: an answer. Everything else is a stream that broke. */
  #failed(failure: unknown, socket: SharedSocket): void {
    // Only graphql-ws's error message arrives as a list: GraphQL errors.
    const refusal = Array.isArray(failure) ? (failure as readonly SubgraphResponseError[]) : socket.refusal
    if (refusal !== undefined) {
      this.queue.push({ data: null, errors: refusal })
      return this.queue.finish(undefined)
    }
    const { subgraph } = this.#options
    const distrusted = untrusted(subgraph, socket.broken)
    if (distrusted === undefined && !socket.acknowledged && this.#attempts < connectRetriesMax) {
      return void this.#again()
    }
    const message = `the stream of subgraph "${subgraph}" broke`
    const cause = socket.broken ?? failure
    return this.queue.finish(distrusted ?? new EnneadError('SUBGRAPH_UNREACHABLE', message, { cause }))
  }

  async #again(): Promise<void> {
    const { clock, signal } = this.#options
    const restMs = connectRestMs * 2 ** this.#attempts
    this.#attempts += 1
    await sleep(clock, restMs, signal).catch(() => undefined)
    if (!this.queue.over) this.#begin()
  }
}

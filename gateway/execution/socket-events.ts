import { createClient } from 'graphql-ws'
import type { Client } from 'graphql-ws'
import { WebSocket } from 'ws'
import { sleep } from '../../kernel/clock.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { TlsConnection } from '../../kernel/tls/tls-client.ts'
import type { SubgraphRequest, SubgraphResponse } from './subgraph.ts'
import { untrusted } from './untrusted.ts'

export interface SocketEventsOptions {
  readonly subgraph: string
  readonly url: string
  /** Sent with an upgrade request; asked for anew for each. */
  readonly headers: () => Readonly<Record<string, string>>
  /** Asked for every connection: how TLS is spoken. */
  readonly connection: () => TlsConnection | undefined
  readonly request: SubgraphRequest
  readonly signal: AbortSignal
  /** Events that may wait to be read; more end the stream with OVERLOADED. */
  readonly eventsMax: number
  /** Longest event, in bytes. */
  readonly eventBytesMax: number
  readonly clock: Clock
  /** Called once, when the stream has ended. */
  readonly ended: () => void
}

/** Attempts to connect before the first event. Afterwards a lost stream is the caller's to know: events may be missing. */
const connectRetriesMax = 2

/** Before the first of them; each further one waits twice as long. */
const connectRestMs = 100

type Result = IteratorResult<SubgraphResponse>

/**
 * Events of one subscription over a WebSocket of its own, since the headers say who it is for. Connects at the first
 * `next`. A broken stream is thrown by `next` as SUBGRAPH_UNREACHABLE or SUBGRAPH_UNTRUSTED after the events that came before it.
 */
export class SocketEvents implements AsyncIterableIterator<SubgraphResponse> {
  readonly #options: SocketEventsOptions
  readonly #waiting: SubgraphResponse[] = []
  readonly #readers: { resolve(result: Result): void; reject(failure: unknown): void }[] = []
  readonly #abort: () => void
  #client: Client | undefined
  /** What graphql-ws does not hand on: of a socket that breaks it tells only the close code. */
  #broken: unknown
  #end: { readonly failure: EnneadError | undefined } | undefined

  constructor(options: SocketEventsOptions) {
    this.#options = options
    this.#abort = () => this.#finish(undefined)
    if (options.signal.aborted) this.#finish(undefined)
    else options.signal.addEventListener('abort', this.#abort, { once: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    if (this.#end === undefined) this.#start()
    const event = this.#waiting.shift()
    if (event !== undefined) return Promise.resolve({ done: false, value: event })
    if (this.#end === undefined)
      return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
    const { failure } = this.#end
    this.#end = { failure: undefined }
    return failure === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure)
  }

  return(): Promise<Result> {
    this.#waiting.length = 0
    this.#finish(undefined)
    return Promise.resolve({ done: true, value: undefined })
  }

  #start(): void {
    if (this.#client !== undefined) return
    const { url, headers, connection, request, eventBytesMax, clock } = this.#options
    let begun = false
    const client = createClient({
      url,
      webSocketImpl: withHeaders(headers, connection, eventBytesMax, failure => (this.#broken = failure)),
      retryAttempts: connectRetriesMax,
      shouldRetry: () => !begun,
      retryWait: retries => sleep(clock, connectRestMs * 2 ** retries),
      onNonLazyError: () => undefined,
    })
    this.#client = client
    client.subscribe(request, {
      next: event => {
        begun = true
        // graphql-ws checks that it is an object; what is in it is not trusted further on.
        this.#push(event as SubgraphResponse)
      },
      error: failure => this.#failed(failure),
      complete: () => this.#finish(undefined),
    })
  }

  /** A list of GraphQL errors is the subgraph's own refusal: an answer. Everything else is a stream that broke. */
  #failed(failure: unknown): void {
    if (Array.isArray(failure)) {
      // Only graphql-ws's error message arrives as a list: GraphQL errors.
      this.#push({ data: null, errors: failure as NonNullable<SubgraphResponse['errors']> })
      this.#finish(undefined)
      return
    }
    const { subgraph } = this.#options
    const failed = untrusted(subgraph, this.#broken)
    const message = `the stream of subgraph "${subgraph}" broke`
    this.#finish(
      failed ?? new EnneadError('SUBGRAPH_UNREACHABLE', message, { cause: this.#broken ?? failure }),
    )
  }

  #push(event: SubgraphResponse): void {
    if (this.#end !== undefined) return
    const reader = this.#readers.shift()
    if (reader !== undefined) reader.resolve({ done: false, value: event })
    else if (this.#waiting.length < this.#options.eventsMax) this.#waiting.push(event)
    else {
      const message = `more than ${this.#options.eventsMax} events of subgraph "${this.#options.subgraph}" wait to be read`
      this.#finish(new EnneadError('OVERLOADED', message))
    }
  }

  #finish(failure: EnneadError | undefined): void {
    if (this.#end !== undefined) return
    this.#end = { failure }
    this.#options.signal.removeEventListener('abort', this.#abort)
    const readers = this.#readers.splice(0)
    if (readers.length > 0) this.#end = { failure: undefined }
    for (const [index, reader] of readers.entries()) {
      if (failure !== undefined && index === 0) reader.reject(failure)
      else reader.resolve({ done: true, value: undefined })
    }
    // A socket that never opened has nothing to say goodbye to.
    Promise.resolve(this.#client?.dispose()).catch(() => undefined)
    this.#options.ended()
  }
}

function withHeaders(
  headers: () => Readonly<Record<string, string>>,
  connection: () => TlsConnection | undefined,
  maxPayload: number,
  broke: (failure: Error) => void,
): new (address: string | URL, protocols?: string | string[]) => WebSocket {
  return class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      const settings = { headers: { ...headers() }, maxPayload, followRedirects: false }
      super(address, protocols, { ...connection(), ...settings })
      this.on('error', broke)
    }
  }
}

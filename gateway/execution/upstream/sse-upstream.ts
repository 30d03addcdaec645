import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { EnneadError } from '../../../kernel/errors.ts'
import { TlsPool } from '../../../kernel/tls/tls-client.ts'
import type { TlsClientOptions } from '../../../kernel/tls/tls-client.ts'
import { answerTooLarge, badAnswer, notReached, parsedAnswer, problemOf } from '../http-answer.ts'
import type { SubgraphContext, SubgraphRequest, SubgraphResponse } from '../subgraph.ts'
import { EventQueue } from './event-queue.ts'
import { EventStreamReader } from './event-stream.ts'
import type { StreamMessage } from './event-stream.ts'
import type { Upstream, UpstreamOptions } from './upstream.ts'

export interface SseUpstreamOptions extends UpstreamOptions {
  readonly tls: TlsClientOptions | undefined
}

/** A stream says that it has begun, even if nothing happens. Milliseconds. */
const headersMs = 30_000

/**
 * Subscriptions of a subgraph as Server-Sent Events, distinct connections mode
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md): each is a response that stays open. What is not read is left
 * with the subgraph.
 */
export class SseUpstream implements Upstream {
  readonly #options: SseUpstreamOptions
  /** Apart from that of requests, which would wait for streams to end. */
  readonly #pool: TlsPool
  readonly #streams = new Set<EventQueue>()

  constructor(options: SseUpstreamOptions) {
    this.#options = options
    const limits = { connections: null, headersTimeout: headersMs, bodyTimeout: 0 }
    this.#pool = new TlsPool(options.url.origin, limits, options.tls)
  }

  subscribe(request: SubgraphRequest, context: SubgraphContext): AsyncIterableIterator<SubgraphResponse> {
    const reader = new SseReader(this.#options, {
      signal: context.signal,
      begin: handler => this.#send(request, context, handler),
      ended: () => this.#streams.delete(reader.queue),
    })
    this.#streams.add(reader.queue)
    return reader.queue
  }

  async close(): Promise<void> {
    await Promise.all([...this.#streams].map(queue => queue.return()))
    await this.#pool.destroy()
  }

  #send(request: SubgraphRequest, context: SubgraphContext, handler: Dispatcher.DispatchHandler): void {
    const { url, headers: headersOf } = this.#options
    const path = `${url.pathname}${url.search}`
    const body = JSON.stringify(request)
    const headers = {
      ...headersOf(context, { method: 'POST', path, body }),
      'content-type': 'application/json',
      accept: 'text/event-stream',
    }
    this.#pool.current.dispatch({ method: 'POST', path, headers, body }, handler)
  }
}

interface SseReaderSteps {
  readonly signal: AbortSignal
  readonly begin: (handler: Dispatcher.DispatchHandler) => void
  readonly ended: () => void
}

/** One response. */
class SseReader implements Dispatcher.DispatchHandler {
  readonly queue: EventQueue
  readonly #options: SseUpstreamOptions
  readonly #text: EventStreamReader
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  /** An answer that is no stream: a refusal. */
  #refusal: Buffer[] | undefined
  #refusalBytes = 0

  constructor(options: SseUpstreamOptions, { signal, begin, ended }: SseReaderSteps) {
    this.#options = options
    this.#text = new EventStreamReader(options.eventBytesMax)
    this.queue = new EventQueue(signal, {
      begin: () => begin(this),
      taken: () => {
        if (this.queue.length <= options.eventsMax / 2 && this.#controller?.paused === true) {
          this.#controller.resume()
        }
      },
      ended: () => {
        this.#controller?.abort(left)
        ended()
      },
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.queue.over) controller.abort(left)
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    const type = single(headers['content-type']).split(';')[0]?.trim().toLowerCase()
    if (status === 200 && type === 'text/event-stream') return
    const problem = problemOf(status, single(headers['content-type']), single(headers['content-encoding']))
    if (problem === undefined) this.#refusal = []
    else this.queue.finish(badAnswer(this.#options.subgraph, problem, status))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#refusal !== undefined) return this.#refused(this.#refusal, chunk)
    for (const message of this.#text.read(chunk)) this.#take(message)
    if (this.#text.tooLong) return this.#tooLarge()
    // Bounded by what one read of the connection brings beyond that.
    if (!this.queue.over && this.queue.length >= this.#options.eventsMax) controller.pause()
  }

  onResponseEnd(): void {
    const { subgraph } = this.#options
    if (this.#refusal === undefined) {
      const message = `the stream of subgraph "${subgraph}" ended without "complete"`
      return this.queue.finish(new EnneadError('SUBGRAPH_UNREACHABLE', message))
    }
    try {
      const answer = parsedAnswer({ status: this.#status, body: Buffer.concat(this.#refusal) }, subgraph)
      this.queue.push(answer)
      return this.queue.finish(undefined)
    } catch (failure) {
      if (failure instanceof EnneadError) return this.queue.finish(failure)
      throw failure
    }
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    if (!this.queue.over) this.queue.finish(notReached(this.#options.subgraph, this.#status !== 0, cause))
  }

  #take({ event, data }: StreamMessage): void {
    if (event === 'complete') return this.queue.finish(undefined)
    if (event !== 'next') return
    try {
      this.queue.push(parsedAnswer({ status: this.#status, body: Buffer.from(data) }, this.#options.subgraph))
    } catch (failure) {
      if (!(failure instanceof EnneadError)) throw failure
      this.queue.finish(failure)
    }
  }

  #refused(chunks: Buffer[], chunk: Buffer): void {
    this.#refusalBytes += chunk.length
    if (this.#refusalBytes > this.#options.eventBytesMax) this.#tooLarge()
    else chunks.push(chunk)
  }

  #tooLarge(): void {
    const { subgraph, eventBytesMax } = this.#options
    this.queue.finish(answerTooLarge(subgraph, eventBytesMax))
  }
}

const left = new Error('the subscription was ended')

function single(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.[0] ?? '')
}

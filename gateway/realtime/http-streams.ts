import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { subjectOf } from '../../kernel/principal.ts'
import type { Clock, Random } from '../../kernel/clock.ts'
import { sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { DoorRequest } from '../admission/graphql-request.ts'
import type { Caller } from '../admission/run-operation.ts'
import type { PreparedOperation } from '../engine.ts'
import { HttpStream } from './http-stream.ts'
import { reconnectMs } from './reconnect.ts'
import type { StreamDoorOptions } from './stream-door-options.ts'
import type { StreamEnd } from './stream-end.ts'
import type { StreamFormat } from './stream-format.ts'

/** A subscription that came over HTTP. */
export interface StreamedSubscription {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  readonly format: StreamFormat
  readonly operation: PreparedOperation
  readonly asked: DoorRequest
  readonly caller: Caller
}

/** Subscriptions as responses that stay open: Server-Sent Events and multipart. */
export class HttpStreams {
  readonly #options: StreamDoorOptions
  readonly #open = new Set<HttpStream>()
  readonly #random: Random
  #draining = false

  constructor(options: StreamDoorOptions, random: Random = Math.random) {
    this.#options = options
    this.#random = random
  }

  /** Streams open now. */
  get count(): number {
    return this.#open.size
  }

  /** Answers with a stream, and resolves when it has ended. Rejects with OVERLOADED before anything was written. */
  async run(subscription: StreamedSubscription): Promise<StreamEnd> {
    const { caller, format, response, request, operation, asked, requestId } = subscription
    const { clock, limits, hub, batch, identity, log } = this.#options
    const { requestTimeoutMs: timeoutMs, socketRecheckMs: everyMs } = limits
    const watch = { identity, clock, log, timeoutMs, everyMs }
    const credential = request.headers.authorization
    if (this.#draining) throw stopping()
    const release = this.#take(caller)
    const stream = new HttpStream(response, format, { clock, batch, limits, caller, watch, credential })
    this.#open.add(stream)
    try {
      stream.begin(reconnectMs(this.#random))
      const after = lastEventId(request.headers) ?? asked.after
      const { headers } = request
      const { latestBy } = asked
      return await stream.follow(reader =>
        hub.join({ operation, request: asked, caller, requestId, headers, after, latestBy }, reader),
      )
    } finally {
      this.#open.delete(stream)
      release()
    }
  }

  /** Runs what waits on purpose, within the bounds of streams. Rejects with OVERLOADED before it has begun. */
  async hold<Result>(caller: Caller, wait: () => Promise<Result>): Promise<Result> {
    if (this.#draining) throw stopping()
    const release = this.#take(caller)
    try {
      return await wait()
    } finally {
      release()
    }
  }

  /** Asks at once what the credentials of these actors' streams allow. */
  recheck(actorIds: ReadonlySet<string>): void {
    for (const stream of this.#open) {
      const { principal } = stream.caller
      if (principal !== undefined && actorIds.has(subjectOf(principal))) stream.recheckNow()
    }
  }

  /** Takes no more streams and ends those that are open one by one over `drainMs`. Their clients come back elsewhere. */
  async close(drainMs: number, clock: Clock): Promise<void> {
    this.#draining = true
    const leaving = [...this.#open]
    const pauseMs = Math.min(spreadMaxMs, drainMs / Math.max(1, leaving.length))
    for (const stream of leaving) {
      stream.cut()
      if (pauseMs >= 1) await sleep(clock, pauseMs)
    }
  }

  #take({ address = '', principal }: Caller): () => void {
    const { quotas } = this.#options
    const refusal = quotas.take(address)
    if (refusal !== undefined) throw new EnneadError('OVERLOADED', refusal)
    const actor = principal === undefined ? undefined : subjectOf(principal)
    if (actor !== undefined && !quotas.actors.take(actor)) {
      quotas.release(address)
      throw new EnneadError('OVERLOADED', 'too many sockets of this user')
    }
    return () => {
      quotas.release(address)
      if (actor !== undefined) quotas.actors.release(actor)
    }
  }
}

function stopping(): EnneadError {
  return new EnneadError('UNAVAILABLE', 'this gateway is stopping')
}

/** What EventSource sends when it comes back by itself. */
function lastEventId(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['last-event-id']
  return typeof id === 'string' && id !== '' ? id : undefined
}

/** Longest pause between two streams while draining, milliseconds. */
const spreadMaxMs = 50

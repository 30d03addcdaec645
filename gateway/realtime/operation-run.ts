import type { Admission } from '../admission/admission.ts'
import { answerText } from '../admission/answer-text.ts'
import type { RateLimits } from '../admission/rate-limits.ts'
import type { StoredDocuments } from '../admission/stored-documents.ts'
import { requestFromMembers } from '../admission/graphql-request.ts'
import type { DoorRequest } from '../admission/graphql-request.ts'
import { errorsOf } from '../admission/refusal.ts'
import { RequestBudget } from '../admission/request-budget.ts'
import { answerWithin, contextOf, grantTime } from '../admission/run-operation.ts'
import type { Ask } from '../admission/request-priority.ts'
import type { Caller } from '../admission/run-operation.ts'
import { untilAborted } from '../admission/until-aborted.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import type { IncomingHttpHeaders } from 'node:http'
import type { AnswerError, Engine, PreparedOperation } from '../engine.ts'
import { outcomeOf } from '../gateway-events.ts'
import type { ObserveGateway, OperationOutcome } from '../gateway-events.ts'
import type { ClientName } from '../recording/client-name.ts'
import type { RecordOperation } from '../recording/record-operation.ts'
import { beginTrace } from '../tracing.ts'
import type { RequestTrace } from '../tracing.ts'
import type { SubscribePayload } from './client-message.ts'
import type { Delivery } from './delivery.ts'
import type { Subscription } from './reader.ts'
import { endBy } from './stream-end.ts'
import type { StreamEnd } from './stream-end.ts'
import type { SubscriptionHub } from './subscription-hub.ts'

export interface RunOptions {
  readonly engine: Engine
  readonly hub: SubscriptionHub
  readonly admission: Admission
  readonly documents: StoredDocuments
  readonly rates: RateLimits | undefined
  readonly clock: Clock
  readonly log: Log
  readonly observe: ObserveGateway | undefined
  readonly record: RecordOperation | undefined
  /** Milliseconds for a query, and for each event of a subscription. */
  readonly requestTimeoutMs: number
  readonly mutationTimeoutMs: number
  /** Largest answer or event, bytes. */
  readonly answerBytesMax: number
}

/** What a run is about. */
export interface RunRequest {
  readonly caller: Caller
  readonly requestId: string
  readonly client: ClientName
  /** Of the upgrade: may say what trace the socket is part of. */
  readonly headers: IncomingHttpHeaders
  readonly payload: SubscribePayload
}

/** Where a run tells what happens. */
export interface RunEvents {
  /** The answer of a query or mutation, as JSON. Resolves when it is on its way. */
  answered(payload: string): Promise<void>
  /** May an event be written now? After a no, the run is told by `roomAgain`. */
  hasRoom(): boolean
  /** An event of a subscription. */
  deliver(delivery: Delivery): void
  /** Told once, unless the run was stopped. */
  ended(end: StreamEnd): void
}

/** One operation of a socket, begun by its constructor. Failures are told to `events`, never thrown. */
export class OperationRun {
  readonly #options: RunOptions
  readonly #request: RunRequest
  readonly #events: RunEvents
  readonly #budget: RequestBudget
  readonly #trace: RequestTrace
  readonly #startedAt: number
  #kind: PreparedOperation['kind'] | undefined
  #outcome: OperationOutcome | undefined
  #subscription: Subscription | undefined
  #asked: DoorRequest | undefined
  #caller: Caller
  #left: ((end: StreamEnd) => void) | undefined
  #stopped = false

  constructor(options: RunOptions, request: RunRequest, events: RunEvents) {
    this.#options = options
    this.#request = request
    this.#caller = request.caller
    this.#events = events
    this.#budget = new RequestBudget(options.clock, options.requestTimeoutMs)
    this.#trace = beginTrace(request.headers, 'graphql operation')
    this.#startedAt = options.clock.now()
    void this.#begin()
  }

  /** Lets go of everything at once, also of a quiet source. Nothing is told afterwards. Idempotent. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#budget.cancel()
    this.#subscription?.leave()
    this.#left?.({ kind: 'completed' })
  }

  /** Events may be written again. */
  roomAgain(): void {
    this.#subscription?.roomAgain()
  }

  /** The caller has other rights from now on: a subscription goes on behind its last event with what it may see now. */
  callAs(caller: Caller): void {
    this.#caller = caller
    if (this.#subscription !== undefined) void this.#move(this.#subscription)
  }

  async #move(from: Subscription): Promise<void> {
    from.leave()
    this.#subscription = undefined
    const { engine } = this.#options
    try {
      for (;;) {
        const caller = this.#caller
        const request = this.#asked
        if (request === undefined) return
        const operation = await engine.prepare(request, caller.principal)
        if (this.#stopped) return
        // It may have changed again meanwhile.
        if (this.#caller === caller) return this.#join(operation, request, from.cursor ?? request.after)
      }
    } catch (failure) {
      this.#left?.(endBy(this.#told(failure)))
    }
  }

  async #begin(): Promise<void> {
    const end = await this.#perform()
    this.#budget.end()
    this.#observe(end)
    if (!this.#stopped) this.#events.ended(end)
  }

  #observe(end: StreamEnd): void {
    const { observe, clock } = this.#options
    const errors = 'errors' in end ? end.errors : []
    const failed = this.#kind === undefined ? 'refused' : 'failed'
    const outcome = 'errors' in end ? failed : (this.#outcome ?? 'ok')
    this.#trace.end(outcome, {})
    observe?.({
      is: 'operationEnded',
      door: 'websocket',
      kind: this.#kind,
      outcome,
      codes: errors.map(error => error.extensions.code),
      request: undefined,
      tookMs: clock.now() - this.#startedAt,
    })
  }

  async #perform(): Promise<StreamEnd> {
    const { engine, admission, mutationTimeoutMs, requestTimeoutMs, answerBytesMax } = this.#options
    const { sheddable, principal } = this.#request.caller
    try {
      const request = requestFromMembers(this.#request.payload, this.#options.documents)
      // A refused subscription is told in another way, which takes knowing that it is one.
      if (!request.query.includes('subscription'))
        admission.glance(request.query, sheddable, requestTimeoutMs)
      const operation = await untilAborted(engine.prepare(request, principal), this.#budget.signal)
      this.#budget.signal.throwIfAborted()
      this.#kind = operation.kind
      this.#options.record?.(operation, this.#request.client)
      if (this.#request.caller.principal !== undefined) request.register?.()
      await this.#options.rates?.operation(this.#request.caller, operation, [])
      const ask = { operation, query: request.query, sheddable }
      if (operation.kind === 'subscription') return await this.#follow(ask, request)
      grantTime(operation, this.#budget, mutationTimeoutMs)
      const answer = await admission.run(ask, this.#budget, () =>
        answerWithin(engine, operation, this.#context()),
      )
      this.#outcome = outcomeOf(answer)
      // Without data nothing was executed, which the protocol tells as an error of the operation.
      if (answer.errors !== undefined && answer.data === undefined) {
        return { kind: 'failed', errors: answer.errors }
      }
      if (!this.#stopped) await this.#events.answered(answerText(answer, answerBytesMax))
      return { kind: 'completed' }
    } catch (failure) {
      return { kind: 'failed', errors: this.#told(failure) }
    }
  }

  /** Reads along in the hub until the stream ends or this run is stopped. */
  async #follow(ask: Ask, request: DoorRequest): Promise<StreamEnd> {
    // A subscription has no end of time; only its events have.
    this.#budget.end()
    try {
      this.#options.admission.check(ask)
    } catch (failure) {
      return endBy(this.#told(failure))
    }
    return new Promise(resolve => {
      this.#left = resolve
      this.#asked = request
      this.#join(ask.operation, request, request.after)
      // It was prepared for what the caller could see when it came.
      if (this.#caller !== this.#request.caller) this.callAs(this.#caller)
    })
  }

  #join(operation: PreparedOperation, request: DoorRequest, after: string | undefined): void {
    const caller = this.#caller
    const { requestId, headers } = this.#request
    const { latestBy } = request
    const asked = { operation, request, caller, requestId, headers, after, latestBy }
    this.#subscription = this.#options.hub.join(asked, {
      hasRoom: () => this.#events.hasRoom(),
      deliver: delivery => this.#events.deliver(delivery),
      ended: end => this.#left?.(end),
    })
    if (this.#stopped) this.#subscription.leave()
  }

  #context(): ReturnType<typeof contextOf> {
    return contextOf(this.#request.caller, this.#request.requestId, this.#budget, this.#trace)
  }

  /** A caller who left gets no answer, so its failures are not worth a line in the log. */
  #told(failure: unknown): readonly AnswerError[] {
    if (this.#stopped) return []
    return errorsOf(failure, this.#options.log.with({ requestId: this.#request.requestId }))
  }
}

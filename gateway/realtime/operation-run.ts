import { answerText } from '../admission/answer-text.ts'
import { requestFromMembers } from '../admission/graphql-request.ts'
import type { DoorRequest } from '../admission/graphql-request.ts'
import { errorsOf } from '../admission/refusal.ts'
import { RequestBudget } from '../admission/request-budget.ts'
import { answerWithin, contextOf, grantTime } from '../admission/run-operation.ts'
import { sightRefusals } from '../admission/sight-refusals.ts'
import type { Ask } from '../admission/request-priority.ts'
import type { Caller } from '../admission/run-operation.ts'
import { untilAborted } from '../../kernel/until-aborted.ts'
import type { IncomingHttpHeaders } from 'node:http'
import type { AnswerError, GraphQLAnswer, PreparedOperation } from '../engine.ts'
import { outcomeOf } from '../gateway-events.ts'
import type { OperationOutcome } from '../gateway-events.ts'
import type { ClientName } from '../recording/client-name.ts'
import { beginTrace } from '../tracing.ts'
import type { RequestTrace } from '../tracing.ts'
import type { SubscribePayload } from './client-message.ts'
import type { Batch } from './batch.ts'
import type { Subscriber, Subscription } from './reader.ts'
import { endBy } from './stream-end.ts'
import type { StreamEnd } from './stream-end.ts'
import type { StreamDoorOptions } from './stream-door-options.ts'

/** What a run is about. */
export interface RunRequest {
  /** Its number in the protocol. */
  readonly run: number
  readonly caller: Caller
  readonly requestId: string
  readonly client: ClientName
  /** Of the upgrade: may say what trace the socket is part of. */
  readonly headers: IncomingHttpHeaders
}

/** Where a run tells what happens. */
export interface RunEvents {
  /** The answer of a query or mutation, as JSON. Resolves when it is on its way. */
  answered(run: number, payload: string): Promise<void>
  /** May events be written now? After a no, the run is told by `roomAgain`. */
  hasRoom(): boolean
  /** Events of a subscription. */
  deliver(run: number, batch: Batch): void
  /** Told once, unless the run was stopped. */
  ended(run: number, end: StreamEnd): void
}

/** One operation of a socket. Failures are told to `events`, never thrown. */
export class OperationRun implements Subscriber {
  readonly #options: StreamDoorOptions
  readonly #request: RunRequest
  readonly #events: RunEvents
  /** Undefined: it has no end of time any more. */
  #budget: RequestBudget | undefined
  readonly #trace: RequestTrace
  readonly #startedAt: number
  #kind: PreparedOperation['kind'] | undefined
  #outcome: OperationOutcome | undefined
  #subscription: Subscription | undefined
  #asked: DoorRequest | undefined
  #caller: Caller
  #stopped = false
  #over = false

  constructor(options: StreamDoorOptions, request: RunRequest, events: RunEvents) {
    this.#options = options
    this.#request = request
    this.#caller = request.caller
    this.#events = events
    this.#trace = beginTrace(request.headers, 'graphql operation')
    this.#startedAt = options.clock.now()
  }

  get number(): number {
    return this.#request.run
  }

  /** Called once. */
  begin(payload: SubscribePayload): void {
    const budget = new RequestBudget(this.#options.clock, this.#options.limits.requestTimeoutMs)
    this.#budget = budget
    void this.#begin(payload, budget)
  }

  /** Lets go of everything at once, also of a quiet source. Nothing is told afterwards. Idempotent. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#budget?.cancel()
    this.#subscription?.leave()
    if (this.#asked !== undefined) this.ended({ kind: 'completed' })
  }

  hasRoom(): boolean {
    return this.#events.hasRoom()
  }

  deliver(batch: Batch): void {
    this.#events.deliver(this.#request.run, batch)
  }

  /** The stream that it reads along has ended, or whatever it was. */
  ended(end: StreamEnd): void {
    if (this.#over) return
    this.#over = true
    this.#observe(end)
    if (!this.#stopped) this.#events.ended(this.#request.run, end)
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
      this.ended(endBy(this.#told(failure)))
    }
  }

  async #begin(payload: SubscribePayload, budget: RequestBudget): Promise<void> {
    const end = await this.#perform(payload, budget)
    budget.end()
    this.#budget = undefined
    // A subscription lives on without this function and what it holds.
    if (end !== undefined) this.ended(end)
  }

  #observe(end: StreamEnd): void {
    const { observe, clock } = this.#options
    const errors = 'errors' in end ? end.errors : []
    const failed = this.#kind === undefined ? 'refused' : 'failed'
    const outcome = 'errors' in end ? failed : (this.#outcome ?? 'ok')
    this.#trace.end(outcome, {})
    const codes = errors.map(error => error.extensions.code)
    this.#sight(codes)
    observe?.({
      is: 'operationEnded',
      door: 'websocket',
      kind: this.#kind,
      outcome,
      codes,
      request: undefined,
      tookMs: clock.now() - this.#startedAt,
    })
  }

  #sight(codes: readonly string[] | undefined): void {
    const { principal, address } = this.#caller
    // That of a socket was looked at when it began.
    sightRefusals(this.#options.sight, codes, { principal, address, credential: false })
  }

  /** Undefined: it is a subscription, which has begun. */
  async #perform(payload: SubscribePayload, budget: RequestBudget): Promise<StreamEnd | undefined> {
    const { engine, admission } = this.#options
    const { limits } = this.#options
    const { requestTimeoutMs, answerBytesMax } = limits
    const { sheddable, principal } = this.#request.caller
    try {
      const request = requestFromMembers(payload, this.#options.documents)
      // A refused subscription is told in another way, which takes knowing that it is one.
      if (!request.query.includes('subscription'))
        admission.glance(request.query, sheddable, requestTimeoutMs)
      const operation = await untilAborted(engine.prepare(request, principal), budget.signal)
      budget.signal.throwIfAborted()
      this.#kind = operation.kind
      this.#options.record?.(operation, this.#request.client)
      if (this.#request.caller.principal !== undefined) request.register?.()
      await this.#options.rates?.operation(this.#request.caller, operation, [])
      const ask = { operation, query: request.query, sheddable }
      if (operation.kind === 'subscription') return this.#follow(ask, request)
      grantTime(operation, budget, limits)
      const { caller, requestId } = this.#request
      const answered = (): Promise<GraphQLAnswer> =>
        answerWithin(
          engine,
          operation,
          contextOf(caller, requestId, budget, this.#trace, request.consistency),
        )
      // One that waits on purpose would only keep a place from others.
      if (operation.waitMs !== undefined) admission.check(ask)
      const answer = await (operation.waitMs === undefined
        ? admission.run(ask, budget, answered)
        : answered())
      this.#outcome = outcomeOf(answer)
      if (answer.data !== undefined) this.#sight(answer.errors?.map(error => error.extensions.code))
      // Without data nothing was executed, which the protocol tells as an error of the operation.
      if (answer.errors !== undefined && answer.data === undefined) {
        return { kind: 'failed', errors: answer.errors }
      }
      if (!this.#stopped) await this.#events.answered(this.#request.run, answerText(answer, answerBytesMax))
      return { kind: 'completed' }
    } catch (failure) {
      const errors = this.#told(failure)
      // Refused before its kind was known: stock clients would never ask for a subscription again.
      const streams = this.#kind === undefined && looksLikeSubscription(payload)
      return streams ? endBy(errors) : { kind: 'failed', errors }
    }
  }

  /** Reads along in the hub until the stream ends or this run is stopped. */
  #follow(ask: Ask, request: DoorRequest): StreamEnd | undefined {
    if (this.#stopped) return { kind: 'completed' }
    try {
      this.#options.admission.check(ask)
    } catch (failure) {
      return endBy(this.#told(failure))
    }
    // One copy of the text for all who sent the same.
    this.#asked = { ...request, register: undefined, query: ask.operation.text ?? request.query }
    this.#join(ask.operation, request, request.after)
    // It was prepared for what the caller could see when it came.
    if (this.#caller !== this.#request.caller) this.callAs(this.#caller)
    return undefined
  }

  #join(operation: PreparedOperation, request: DoorRequest, after: string | undefined): void {
    const caller = this.#caller
    const { requestId, headers } = this.#request
    const { latestBy } = request
    const asked = { operation, request, caller, requestId, headers, after, latestBy }
    this.#subscription = this.#options.hub.join(asked, this)
    if (this.#stopped) this.#subscription.leave()
  }

  /** A caller who left gets no answer, so its failures are not worth a line in the log. */
  #told(failure: unknown): readonly AnswerError[] {
    if (this.#stopped) return []
    return errorsOf(failure, this.#options.log.with({ requestId: this.#request.requestId }))
  }
}

function looksLikeSubscription({ query }: SubscribePayload): boolean {
  return typeof query === 'string' && /^\s*subscription\b/m.test(query)
}

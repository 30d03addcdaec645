import type { Admission } from '../admission/admission.ts'
import { answerText } from '../admission/answer-text.ts'
import type { RateLimits } from '../admission/rate-limits.ts'
import type { StoredDocuments } from '../admission/stored-documents.ts'
import { requestFromMembers } from '../admission/graphql-request.ts'
import { errorsOf } from '../admission/refusal.ts'
import { RequestBudget } from '../admission/request-budget.ts'
import { answerWithin, contextOf, grantTime } from '../admission/run-operation.ts'
import type { Ask } from '../admission/request-priority.ts'
import type { Caller } from '../admission/run-operation.ts'
import { untilAborted } from '../admission/until-aborted.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import type { IncomingHttpHeaders } from 'node:http'
import type { AnswerError, Engine, GraphQLAnswer, PreparedOperation } from '../engine.ts'
import { outcomeOf } from '../gateway-events.ts'
import type { ObserveGateway, OperationOutcome } from '../gateway-events.ts'
import { isOutage } from '../outage.ts'
import type { ClientName } from '../recording/client-name.ts'
import type { RecordOperation } from '../recording/record-operation.ts'
import { beginTrace } from '../tracing.ts'
import type { RequestTrace } from '../tracing.ts'
import type { SubscribePayload } from './client-message.ts'

export interface RunOptions {
  readonly engine: Engine
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

/** How a run ended. `broken`: something behind the gateway is down, and the client can resume when it connects again. */
export type RunEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly errors: readonly AnswerError[] }
  | { readonly kind: 'broken'; readonly errors: readonly AnswerError[] }

/** Where a run tells what happens. */
export interface RunEvents {
  /** An event of a subscription, or the answer of a query or mutation, as JSON. Resolves when the next may come. */
  next(payload: string, kind: PreparedOperation['kind']): Promise<void>
  /** Told once, unless the run was stopped. */
  ended(end: RunEnd): void
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
  #source: AsyncIterableIterator<GraphQLAnswer> | undefined
  #stopped = false

  constructor(options: RunOptions, request: RunRequest, events: RunEvents) {
    this.#options = options
    this.#request = request
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
    this.#letGo()
  }

  async #begin(): Promise<void> {
    const end = await this.#perform()
    this.#budget.end()
    this.#observe(end)
    if (!this.#stopped) this.#events.ended(end)
  }

  #observe(end: RunEnd): void {
    const { observe, clock } = this.#options
    const errors = end.kind === 'completed' ? [] : end.errors
    const failed = this.#kind === undefined ? 'refused' : 'failed'
    const outcome = end.kind === 'completed' ? (this.#outcome ?? 'ok') : failed
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

  async #perform(): Promise<RunEnd> {
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
      if (operation.kind === 'subscription') return await this.#follow(ask)
      grantTime(operation, this.#budget, mutationTimeoutMs)
      const answer = await admission.run(ask, this.#budget, () =>
        answerWithin(engine, operation, this.#context()),
      )
      this.#outcome = outcomeOf(answer)
      // Without data nothing was executed, which the protocol tells as an error of the operation.
      if (answer.data === undefined && answer.errors !== undefined) {
        return { kind: 'failed', errors: answer.errors }
      }
      if (!this.#stopped) await this.#events.next(answerText(answer, answerBytesMax), operation.kind)
      return { kind: 'completed' }
    } catch (failure) {
      return { kind: 'failed', errors: this.#told(failure) }
    }
  }

  /** Pulls one event at a time, so that a source is never faster than what is written. */
  async #follow(ask: Ask): Promise<RunEnd> {
    const context = this.#context()
    // A subscription has no end of time; only its events have.
    this.#budget.end()
    try {
      this.#options.admission.check(ask)
      this.#source = this.#options.engine.subscribe(ask.operation, context)
      return await this.#pull(this.#source)
    } catch (failure) {
      this.#letGo()
      return this.#stopped ? { kind: 'completed' } : streamEnd(this.#told(failure))
    }
  }

  async #pull(source: AsyncIterableIterator<GraphQLAnswer>): Promise<RunEnd> {
    let pending = source.next()
    while (!this.#stopped) {
      const event = await pending
      if (this.#stopped || event.done === true) break
      const errors = errorsOnly(event.value)
      // An event that an outage took away is still kept behind the cursor: resuming brings it complete.
      if (errors !== undefined && isOutage(errors)) {
        this.#letGo()
        return { kind: 'broken', errors }
      }
      pending = source.next()
      // It is awaited above or by nobody, when the run is stopped meanwhile.
      pending.catch(() => undefined)
      if (errors !== undefined && (await this.#endsNow(pending))) return { kind: 'failed', errors }
      await this.#events.next(answerText(event.value, this.#options.answerBytesMax), 'subscription')
    }
    return { kind: 'completed' }
  }

  /**
   * A source that is refused tells it as an event with errors and ends in the same turn; the protocol has a message of
   * its own for that. A source that goes on had an event whose fields failed.
   */
  async #endsNow(pending: Promise<IteratorResult<GraphQLAnswer>>): Promise<boolean> {
    const turn = new Promise<false>(resolve => this.#options.clock.soon(() => resolve(false)))
    const ended = pending.then(
      ({ done }) => done === true,
      () => false,
    )
    return Promise.race([ended, turn])
  }

  #context(): ReturnType<typeof contextOf> {
    return contextOf(this.#request.caller, this.#request.requestId, this.#budget, this.#trace)
  }

  /** A caller who left gets no answer, so its failures are not worth a line in the log. */
  #told(failure: unknown): readonly AnswerError[] {
    if (this.#stopped) return []
    return errorsOf(failure, this.#options.log.with({ requestId: this.#request.requestId }))
  }

  #letGo(): void {
    const returned = this.#source?.return?.()
    returned?.catch((failure: unknown) =>
      this.#options.log.warn('socket.release-failed', { requestId: this.#request.requestId, failure }),
    )
  }
}

/** The errors of an answer that has nothing else. */
function errorsOnly({ data, errors }: GraphQLAnswer): readonly AnswerError[] | undefined {
  return data === undefined || data === null ? errors : undefined
}

/**
 * An outage must not become an `error` message: stock clients take that as the end of the subscription and never ask
 * again, although the events are kept and a cursor would bring them all.
 */
function streamEnd(errors: readonly AnswerError[]): RunEnd {
  return { kind: isOutage(errors) ? 'broken' : 'failed', errors }
}

import { sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { AnswerStream, GraphQLAnswer, PreparedOperation } from '../engine.ts'
import { isOutage } from '../outage.ts'
import { startDeadline } from './deadline.ts'
import type { Deadline } from './deadline.ts'
import { answerWith } from './execute.ts'
import type { ExecutionTools } from './execute.ts'
import { EventSource } from './event-source.ts'
import { mergeRoot } from './merge-answer.ts'
import { Prepared } from './prepared.ts'
import type { SubgraphContext, SubgraphResponse } from './subgraph.ts'

export interface SubscriptionTools extends ExecutionTools {
  /** Time to complete one event with the fields of other subgraphs, in milliseconds. */
  readonly eventMs: number
}

/** First pause before other subgraphs are asked again for an event; doubles up to `retryLastMs`. */
const retryFirstMs = 10
const retryLastMs = 500

/**
 * Answers of a subscription, one an event, in order. Written by hand and not as a generator: `return()` of a generator
 * that waits for an event waits with it, and would hold the source until the next one comes.
 */
export class SubscriptionAnswers implements AnswerStream {
  #prepared: Prepared
  #asked: EventSource
  readonly #context: SubgraphContext
  readonly #tools: SubscriptionTools
  readonly #source: AsyncIterableIterator<SubgraphResponse>
  readonly #waiting = new Set<(result: IteratorResult<GraphQLAnswer>) => void>()
  readonly #controller = new AbortController()
  #over = false
  /** The last event missed something because of an outage. */
  #inOutage = false
  /** The `next` asked for last; the one after it waits for it, so that answers keep the order of events. */
  #last: Promise<unknown> = Promise.resolve()

  /** @param after Cursor of the event to begin behind; undefined: where the operation says. */
  constructor(prepared: Prepared, context: SubgraphContext, tools: SubscriptionTools, after?: string) {
    this.#prepared = prepared
    this.#asked = new EventSource(prepared.planned, prepared.variables)
    this.#tools = tools
    const { signal } = context
    const abort = (): void => void this.return()
    signal.addEventListener('abort', abort, { once: true })
    this.#controller.signal.addEventListener('abort', () => signal.removeEventListener('abort', abort))
    this.#context = { ...context, signal: this.#controller.signal }
    const { plan, subgraphs } = prepared.planned
    const name = plan.source?.serviceName ?? ''
    this.#source = subgraphs.subscribe(name, this.#asked.request(after), this.#context)
    // A signal that had aborted before says nothing any more.
    if (signal.aborted) this.#end()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  continueAs(operation: PreparedOperation): boolean {
    if (!(operation instanceof Prepared) || operation.kind !== 'subscription') return false
    const asked = new EventSource(operation.planned, operation.variables)
    // Where it began does not matter any more.
    const same = JSON.stringify(asked.request('')) === JSON.stringify(this.#asked.request(''))
    if (!same || asked.place !== this.#asked.place) return false
    this.#prepared = operation
    this.#asked = asked
    return true
  }

  next(): Promise<IteratorResult<GraphQLAnswer>> {
    const answer = this.#after(this.#last)
    this.#last = answer.catch(() => undefined)
    // Not Promise.race with one promise for the end: that would keep something of every event as long as it is pending.
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve)
      answer.then(resolve, reject).finally(() => this.#waiting.delete(resolve))
    })
  }

  return(): Promise<IteratorResult<GraphQLAnswer>> {
    this.#end()
    for (const settle of this.#waiting) settle({ done: true, value: undefined })
    return Promise.resolve({ done: true, value: undefined })
  }

  async #after(previous: Promise<unknown>): Promise<IteratorResult<GraphQLAnswer>> {
    await previous
    if (this.#over) return { done: true, value: undefined }
    try {
      const event = await this.#source.next()
      if (event.done === true) {
        this.#end()
        return { done: true, value: undefined }
      }
      const cursor = this.#asked.cursorOf(event.value)
      const answer = await this.#answer(event.value)
      if (cursor === undefined) return { done: false, value: answer }
      return { done: false, value: { ...answer, extensions: { ...answer.extensions, cursor } } }
    } catch (failure) {
      if (this.#over) return { done: true, value: undefined }
      this.#end()
      throw lost(failure, this.#prepared)
    }
  }

  /**
   * A stock client cannot ask for one event again, so other subgraphs are asked until they answer or the event's time
   * is up. While an outage lasts only its first event waits: the rest would pile up behind it.
   */
  async #answer(event: SubgraphResponse): Promise<GraphQLAnswer> {
    const { eventMs, clock } = this.#tools
    const deadline = startDeadline(clock, eventMs, this.#context.signal)
    try {
      for (let pauseMs = retryFirstMs; ; pauseMs = Math.min(pauseMs * 2, retryLastMs)) {
        const answer = await this.#complete(event, deadline)
        const missed = event.errors === undefined && isOutage(answer.errors ?? [])
        if (!missed || this.#inOutage || deadline.remainingMs() <= pauseMs) {
          this.#inOutage = missed
          return answer
        }
        await sleep(clock, pauseMs, deadline.signal)
      }
    } finally {
      deadline.close()
    }
  }

  #complete(event: SubgraphResponse, deadline: Deadline): Promise<GraphQLAnswer> {
    const context = { ...this.#context, remainingMs: deadline.remainingMs() }
    return answerWith(this.#prepared, context, deadline, this.#tools, async (root, run) => {
      const source = this.#prepared.planned.plan.source
      if (source !== undefined) mergeRoot(source, event, [root], run)
    })
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#controller.abort(new EnneadError('CANCELLED', 'the subscription was ended'))
    // The source's own failure to end is nobody's concern any more.
    this.#source.return?.().catch(() => undefined)
  }
}

function lost(failure: unknown, prepared: Prepared): EnneadError {
  if (failure instanceof EnneadError) return failure
  const name = prepared.planned.plan.source?.serviceName ?? ''
  return new EnneadError('SUBGRAPH_UNREACHABLE', `the stream of subgraph "${name}" broke`, { cause: failure })
}

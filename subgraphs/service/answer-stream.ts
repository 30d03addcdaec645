import type { SubgraphAnswer } from './subgraph-service.ts'

/** The events behind a subscription, or the one answer that says why there are none. */
export type EventSource =
  | { readonly is: 'events'; readonly events: AsyncIterable<unknown> }
  | { readonly is: 'refused'; readonly answer: SubgraphAnswer }

export interface AnswerStreamSteps {
  /** Opens the source. Must not reject. */
  readonly open: () => Promise<EventSource>
  /** The answer for one event. Must not reject. */
  readonly answer: (event: unknown) => Promise<SubgraphAnswer>
  /** The last answer when the source fails. */
  readonly failed: (failure: unknown) => SubgraphAnswer
  /** Called once, when the stream has ended for whatever reason. */
  readonly ended: () => void
}

const done: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * The answers of a subscription. Written by hand because an async generator cannot be left while it waits: `return()`
 * settles every pending `next()` and lets go of the source at once. A failing source ends it with one last answer.
 */
export class AnswerStream implements AsyncIterableIterator<SubgraphAnswer> {
  readonly #steps: AnswerStreamSteps
  readonly #waiting: ((result: IteratorResult<SubgraphAnswer>) => void)[] = []
  #source: AsyncIterator<unknown> | undefined
  #last: SubgraphAnswer | undefined
  #pulling = false
  #ended = false

  constructor(steps: AnswerStreamSteps) {
    this.#steps = steps
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<SubgraphAnswer>> {
    if (this.#last !== undefined) {
      const value = this.#last
      this.#last = undefined
      return Promise.resolve({ done: false, value })
    }
    if (this.#ended) return Promise.resolve(done)
    return new Promise(settle => {
      this.#waiting.push(settle)
      if (!this.#pulling) void this.#pull()
    })
  }

  return(): Promise<IteratorResult<SubgraphAnswer>> {
    this.#last = undefined
    this.#end()
    return Promise.resolve(done)
  }

  throw(failure: unknown): Promise<IteratorResult<SubgraphAnswer>> {
    this.#end()
    return Promise.reject(failure)
  }

  /** Ends the stream with one last answer. */
  endWith(answer: SubgraphAnswer): void {
    if (this.#ended) return
    const settle = this.#waiting.shift()
    if (settle === undefined) this.#last = answer
    else settle({ done: false, value: answer })
    this.#end()
  }

  async #pull(): Promise<void> {
    this.#pulling = true
    while (this.#waiting.length > 0 && !this.#ended) {
      try {
        const source = this.#source ?? (await this.#open())
        if (source === undefined) break
        const event = await source.next()
        if (event.done === true) this.#end()
        else if (!this.#ended) this.#give(await this.#steps.answer(event.value))
      } catch (failure) {
        this.endWith(this.#steps.failed(failure))
      }
    }
    this.#pulling = false
  }

  async #open(): Promise<AsyncIterator<unknown> | undefined> {
    const source = await this.#steps.open()
    if (source.is === 'refused') {
      this.endWith(source.answer)
      return undefined
    }
    this.#source = source.events[Symbol.asyncIterator]()
    if (!this.#ended) return this.#source
    this.#letGo()
    return undefined
  }

  #give(answer: SubgraphAnswer): void {
    if (!this.#ended) this.#waiting.shift()?.({ done: false, value: answer })
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#letGo()
    for (const settle of this.#waiting.splice(0)) settle(done)
    this.#steps.ended()
  }

  #letGo(): void {
    // What a source says about being left changes nothing any more.
    void Promise.resolve(this.#source?.return?.()).catch(() => undefined)
  }
}

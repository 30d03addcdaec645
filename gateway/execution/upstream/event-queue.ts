import type { EnneadError } from '../../../kernel/errors.ts'
import type { SubgraphResponse } from '../subgraph.ts'

export interface EventQueueSteps {
  /** Called once, with the first `next`. */
  begin(): void
  /** An event has been taken by a reader. */
  taken(): void
  /** Called once, when it has ended. */
  ended(): void
}

type Result = IteratorResult<SubgraphResponse>

/**
 * Events of one subscription between whoever brings them and whoever reads them. A failure is thrown by `next` after the events
 * that came before it; `return` and the signal end it at once.
 */
export class EventQueue implements AsyncIterableIterator<SubgraphResponse> {
  readonly #signal: AbortSignal
  readonly #steps: EventQueueSteps
  readonly #waiting: SubgraphResponse[] = []
  readonly #readers: { resolve(result: Result): void; reject(failure: unknown): void }[] = []
  readonly #abort = (): void => this.finish(undefined)
  #begun = false
  #end: { readonly failure: EnneadError | undefined } | undefined

  constructor(signal: AbortSignal, steps: EventQueueSteps) {
    this.#signal = signal
    this.#steps = steps
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Events that nobody has read. */
  get length(): number {
    return this.#waiting.length
  }

  get over(): boolean {
    return this.#end !== undefined
  }

  next(): Promise<Result> {
    if (this.#signal.aborted) this.finish(undefined)
    if (this.#end === undefined && !this.#begun) {
      this.#begun = true
      this.#signal.addEventListener('abort', this.#abort, { once: true })
      this.#steps.begin()
    }
    const event = this.#waiting.shift()
    if (event !== undefined) {
      this.#steps.taken()
      return Promise.resolve({ done: false, value: event })
    }
    if (this.#end === undefined)
      return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
    const { failure } = this.#end
    this.#end = { failure: undefined }
    return failure === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure)
  }

  return(): Promise<Result> {
    this.#waiting.length = 0
    this.finish(undefined)
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Nothing happens when it has ended. */
  push(event: SubgraphResponse): void {
    if (this.#end !== undefined) return
    const reader = this.#readers.shift()
    if (reader === undefined) this.#waiting.push(event)
    else reader.resolve({ done: false, value: event })
  }

  /** Undefined: in order. Idempotent. */
  finish(failure: EnneadError | undefined): void {
    if (this.#end !== undefined) return
    this.#end = { failure }
    this.#signal.removeEventListener('abort', this.#abort)
    const readers = this.#readers.splice(0)
    if (readers.length > 0) this.#end = { failure: undefined }
    for (const [index, reader] of readers.entries()) {
      if (failure !== undefined && index === 0) reader.reject(failure)
      else reader.resolve({ done: true, value: undefined })
    }
    this.#steps.ended()
  }
}

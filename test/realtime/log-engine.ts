import { EnneadError } from '../../kernel/errors.ts'
import type { AnswerStream, Engine, GraphQLAnswer, PreparedOperation } from '../../gateway/engine.ts'
import { noSupergraph } from '../support/no-supergraph.ts'

/** An engine whose one subscription is a log of numbers from 1 on, in memory, with sources that a test can break. */
export class LogEngine implements Engine {
  /** The newest event. */
  head = 0
  /** Sources opened so far. */
  opened = 0
  readonly open = new Set<LogSource>()
  /** Answers made so far: each stands for one run of a plan. */
  answered = 0
  /** While true, sources break as soon as they are asked. */
  failing = false
  /** The next supergraph continues streams as they are. */
  continues = true
  readonly #resumable: boolean
  #told: () => void = () => undefined

  constructor(resumable: boolean) {
    this.#resumable = resumable
  }

  publish(): void {
    this.head += 1
    for (const source of this.open) source.wake()
  }

  /** Breaks every source that is open. */
  break(): void {
    for (const source of this.open) source.fail()
  }

  /** Another supergraph begins to serve. */
  reload(): void {
    this.#told()
  }

  prepare(): Promise<PreparedOperation> {
    return Promise.resolve(this.operation())
  }

  operation(topic = 'numbers'): PreparedOperation {
    const subscription = { topic, after: undefined, resumable: this.#resumable }
    return { kind: 'subscription', name: undefined, subscription }
  }

  execute(): Promise<GraphQLAnswer> {
    return Promise.reject(new Error('there are only subscriptions'))
  }

  executeIncrementally(): never {
    throw new Error('nothing is deferred')
  }

  subscribe(_operation: PreparedOperation, _context: unknown, after?: string): AnswerStream {
    this.opened += 1
    const source = new LogSource(
      this,
      after === undefined ? this.head : Number(after.slice(1)),
      this.#resumable,
    )
    this.open.add(source)
    return source
  }

  onSupergraph(told: () => void): void {
    this.#told = told
  }

  health(): ReturnType<Engine['health']> {
    return { ready: true, supergraph: noSupergraph, subgraphs: [] }
  }

  ready(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

class LogSource implements AnswerStream {
  readonly #engine: LogEngine
  readonly #resumable: boolean
  #at: number
  #over = false
  #broken = false
  #wake: (() => void)[] = []

  constructor(engine: LogEngine, at: number, resumable: boolean) {
    this.#engine = engine
    this.#at = at
    this.#resumable = resumable
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  wake(): void {
    for (const settle of this.#wake.splice(0)) settle()
  }

  fail(): void {
    this.#broken = true
    this.wake()
  }

  continueAs(): boolean {
    return this.#engine.continues
  }

  async next(): Promise<IteratorResult<GraphQLAnswer>> {
    for (;;) {
      await Promise.resolve()
      if (this.#over) return { done: true, value: undefined }
      if (this.#broken || this.#engine.failing) {
        this.#leave()
        throw new EnneadError('SUBGRAPH_UNREACHABLE', 'the source broke')
      }
      if (this.#at < this.#engine.head) {
        this.#at += 1
        this.#engine.answered += 1
        const data = { numbers: { at: this.#at, rest: this.#at % 3 } }
        const value = this.#resumable ? { data, extensions: { cursor: `c${this.#at}` } } : { data }
        return { done: false, value }
      }
      await new Promise<void>(settle => this.#wake.push(settle))
    }
  }

  return(): Promise<IteratorResult<GraphQLAnswer>> {
    this.#leave()
    this.wake()
    return Promise.resolve({ done: true, value: undefined })
  }

  #leave(): void {
    this.#over = true
    this.#engine.open.delete(this)
  }
}

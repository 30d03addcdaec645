import { sleep } from '../../kernel/clock.ts'
import type { AnswerError, AnswerStream, GraphQLAnswer, PreparedOperation } from '../engine.ts'
import { isOutage } from '../outage.ts'
import type { HubTools } from './hub-options.ts'
import { endBy } from './stream-end.ts'
import type { StreamEnd } from './stream-end.ts'

/** What a source needs of its stream. */
export interface SourceSteps {
  /** Opens the source behind an event, or where the operation says. */
  open(operation: PreparedOperation, after: string | undefined): AnswerStream
  /** Cursor to go on with behind the last event. */
  newest(): string | undefined
  /** An event has come. Resolves when the next one may. */
  push(answer: GraphQLAnswer): Promise<void>
  /** A failure as clients may see it. */
  told(failure: unknown): readonly AnswerError[]
  /** The credential that the source was opened with is no longer valid. */
  expired(): boolean
}

/** How one opening of a source ended: for good, or to be opened again behind the last event. */
type SourceEnd = StreamEnd | { readonly kind: 'replaced' }

/**
 * Where the events of a stream come from. A source that can begin behind an event is opened again when it breaks, for so
 * long that a restart passes; one that cannot is not, since events would be missing.
 */
export class StreamSource {
  readonly #steps: SourceSteps
  readonly #tools: HubTools
  readonly #closed = new AbortController()
  #operation: PreparedOperation
  #source: AnswerStream | undefined

  constructor(operation: PreparedOperation, steps: SourceSteps, tools: HubTools) {
    this.#operation = operation
    this.#steps = steps
    this.#tools = tools
  }

  /** Reads until the source has ended; undefined when it was closed. Called once. */
  async follow(): Promise<StreamEnd | undefined> {
    const { clock, random, retry, log } = this.#tools
    let failures = 0
    let failingSince = clock.now()
    while (!this.#closed.signal.aborted) {
      const newest = this.#steps.newest()
      const end = await this.#read(newest)
      if (this.#closed.signal.aborted) return undefined
      if (end.kind === 'replaced') continue
      if (this.#steps.newest() !== newest) failures = 0
      if (failures === 0) failingSince = clock.now()
      const resumes = end.kind === 'broken' && this.#resumes
      if (!resumes || clock.now() - failingSince > retry.msMax) return end
      log.warn('stream.reopens', { failures, codes: end.errors.map(error => error.extensions.code) })
      const rest = Math.min(retry.restMsMax, retry.restMs * 2 ** failures)
      failures += 1
      await sleep(clock, rest * (0.5 + random() / 2), this.#closed.signal).catch(() => undefined)
    }
    return undefined
  }

  /** As `SharedStream.continueAs`. */
  continueAs(operation: PreparedOperation): boolean {
    if (this.#source?.continueAs?.(operation) === true) {
      this.#operation = operation
      return true
    }
    if (!this.#resumes || operation.subscription?.resumable !== true) return false
    this.#operation = operation
    this.#letGo()
    return true
  }

  /** Lets go of the source at once. Idempotent. */
  close(): void {
    this.#closed.abort()
    this.#letGo()
  }

  get #resumes(): boolean {
    return this.#operation.subscription?.resumable === true && this.#steps.newest() !== undefined
  }

  /** Reads one source to its end. */
  async #read(after: string | undefined): Promise<SourceEnd> {
    let source: AnswerStream | undefined
    try {
      source = this.#steps.open(this.#operation, after)
      this.#source = source
      return await this.#pull(source)
    } catch (failure) {
      return this.#closed.signal.aborted ? { kind: 'completed' } : endBy(this.#steps.told(failure))
    } finally {
      if (this.#source === source) this.#letGo()
    }
  }

  async #pull(source: AnswerStream): Promise<SourceEnd> {
    let pending = source.next()
    for (;;) {
      const event = await pending
      if (this.#source !== source) return { kind: 'replaced' }
      if (event.done === true) return { kind: 'completed' }
      const errors = errorsOnly(event.value)
      // An event that an outage took away is still kept behind the cursor: resuming brings it complete.
      if (errors !== undefined && isOutage(errors)) return { kind: 'broken', errors }
      pending = source.next()
      // It is awaited above or by nobody, when the stream is closed meanwhile.
      pending.catch(() => undefined)
      if (errors !== undefined && (await this.#endsNow(pending))) return this.#refusal(errors)
      await this.#steps.push(event.value)
    }
  }

  /**
   * A source that is refused tells it as an event with errors and ends in the same turn. A source that goes on had an event
   * whose fields failed.
   */
  async #endsNow(pending: Promise<IteratorResult<GraphQLAnswer>>): Promise<boolean> {
    const turn = new Promise<false>(resolve => this.#tools.clock.soon(() => resolve(false)))
    const ended = pending.then(
      ({ done }) => done === true,
      () => false,
    )
    return Promise.race([ended, turn])
  }

  #refusal(errors: readonly AnswerError[]): StreamEnd {
    const unknown = errors.some(error => error.extensions.code === 'UNAUTHENTICATED')
    return unknown && this.#steps.expired() ? { kind: 'expired' } : { kind: 'failed', errors }
  }

  #letGo(): void {
    const source = this.#source
    this.#source = undefined
    source?.return?.().catch((failure: unknown) => this.#tools.log.warn('stream.release-failed', { failure }))
  }
}

/** The errors of an answer that has nothing else. */
function errorsOnly({ data, errors }: GraphQLAnswer): readonly AnswerError[] | undefined {
  return data === undefined || data === null ? errors : undefined
}

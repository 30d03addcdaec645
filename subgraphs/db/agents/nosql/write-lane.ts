import { EnneadError } from '../../../../kernel/errors.ts'

/** Callers that may wait for their turn to write. */
const waitingMax = 1_000

interface Waiting {
  start(): Promise<void>
}

/** Lets writes run one at a time, in the order they came. A caller who leaves before its turn is never run. */
export class WriteLane {
  readonly #waiting = new Set<Waiting>()
  #running = false

  /**
   * Runs `work` when it is its turn. Rejects with the signal's reason when it aborts before that, with OVERLOADED when
   * the queue is full, and with what `leave` says when it aborts while `work` runs, which goes on alone.
   */
  run<T>(
    signal: AbortSignal,
    work: () => Promise<T>,
    leave: () => unknown = () => signal.reason,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason)
        return
      }
      if (this.#waiting.size >= waitingMax) {
        reject(new EnneadError('OVERLOADED', `${waitingMax} writes are waiting for this store`))
        return
      }
      const left = (): void => reject(this.#waiting.delete(waiting) ? signal.reason : leave())
      const waiting: Waiting = {
        start: () =>
          work()
            .then(resolve, reject)
            .finally(() => signal.removeEventListener('abort', left)),
      }
      signal.addEventListener('abort', left, { once: true })
      this.#waiting.add(waiting)
      this.#next()
    })
  }

  #next(): void {
    if (this.#running) return
    const [first] = this.#waiting
    if (first === undefined) return
    this.#waiting.delete(first)
    this.#running = true
    void first.start().finally(() => {
      this.#running = false
      this.#next()
    })
  }
}

export function unknownOutcome(cause?: unknown): EnneadError {
  return new EnneadError(
    'UNKNOWN_COMMIT_OUTCOME',
    'the change may or may not have been stored; repeat it with the same idempotency key',
    { cause },
  )
}

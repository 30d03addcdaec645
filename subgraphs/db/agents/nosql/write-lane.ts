import { EnneadError } from '../../../../kernel/errors.ts'
import type { Commit, CommitOutcome } from '../../task-store.ts'

/** Callers that may wait for their turn to write. */
const waitingMax = 1_000
/** Commits that are decided and written as one. */
const groupMax = 256

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

interface CommitRequest {
  readonly commits: readonly Commit[]
  readonly resolve: (outcomes: readonly CommitOutcome[]) => void
  readonly reject: (failure: unknown) => void
}

/** Gathers the commits of all callers that wait for the lane, so that they share one durable write. */
export class GroupCommit {
  readonly #lane: WriteLane
  readonly #write: (commits: readonly Commit[]) => Promise<readonly CommitOutcome[]>
  readonly #requests = new Set<CommitRequest>()
  #called = false

  constructor(lane: WriteLane, write: (commits: readonly Commit[]) => Promise<readonly CommitOutcome[]>) {
    this.#lane = lane
    this.#write = write
  }

  /** One outcome a commit. Rejects with UNKNOWN_COMMIT_OUTCOME when the caller leaves once writing has begun. */
  commit(commits: readonly Commit[], signal: AbortSignal): Promise<readonly CommitOutcome[]> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason)
        return
      }
      if (this.#requests.size >= waitingMax) {
        reject(new EnneadError('OVERLOADED', `${waitingMax} commits are waiting for this store`))
        return
      }
      const left = (): void => reject(this.#requests.delete(request) ? signal.reason : unknownOutcome())
      const settled = (): void => signal.removeEventListener('abort', left)
      const request: CommitRequest = {
        commits,
        resolve: outcomes => {
          settled()
          resolve(outcomes)
        },
        reject: failure => {
          settled()
          reject(failure)
        },
      }
      signal.addEventListener('abort', left, { once: true })
      this.#requests.add(request)
      this.#call()
    })
  }

  #call(): void {
    if (this.#called) return
    this.#called = true
    // The lane's own queue is bounded for single writes; the group takes one place in it, whoever waits.
    this.#lane.run(neverAborts, () => this.#flush()).catch((failure: unknown) => this.#refuseAll(failure))
  }

  async #flush(): Promise<void> {
    this.#called = false
    const group: CommitRequest[] = []
    let size = 0
    for (const request of this.#requests) {
      if (group.length > 0 && size + request.commits.length > groupMax) break
      size += request.commits.length
      group.push(request)
      this.#requests.delete(request)
    }
    if (this.#requests.size > 0) this.#call()
    try {
      const outcomes = await this.#write(group.flatMap(request => request.commits))
      let from = 0
      for (const request of group) {
        request.resolve(outcomes.slice(from, from + request.commits.length))
        from += request.commits.length
      }
    } catch (failure) {
      for (const request of group) request.reject(failure)
    }
  }

  #refuseAll(failure: unknown): void {
    this.#called = false
    for (const request of this.#requests) request.reject(failure)
    this.#requests.clear()
  }
}

const neverAborts = new AbortController().signal

export function unknownOutcome(cause?: unknown): EnneadError {
  return new EnneadError(
    'UNKNOWN_COMMIT_OUTCOME',
    'the change may or may not have been stored; repeat it with the same idempotency key',
    { cause },
  )
}

import { type Clock, type Timer, sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { Quorum } from './quorum/quorum.ts'
import { unknownOutcome } from './quorum/quorum-failure.ts'
import { unstorable } from './storable.ts'
import type { Commit, CommitOutcome } from './task-store.ts'

export interface WriterParts {
  readonly quorum: Pick<Quorum, 'commit'>
  readonly clock: Clock
  readonly log: Log
  readonly limits: WriterLimits
}

export interface WriterLimits {
  /** Commits that may wait for their batch. */
  readonly queueMax: number
  /** Commits in one batch. */
  readonly batchMax: number
  /** Longest time a commit may take for its caller. Milliseconds. */
  readonly commitMs: number
  /** How long a batch is tried again before those who wait are refused: a majority that is gone may be back. Milliseconds. */
  readonly graceMs: number
  /** How long a batch of unknown outcome is repeated. Milliseconds. */
  readonly unknownMs: number
}

export interface CommitOptions {
  /** The caller left or its deadline passed. */
  readonly signal?: AbortSignal
  /** What the caller has left. Milliseconds. */
  readonly remainingMs?: number
}

interface Waiting {
  readonly commit: Commit
  readonly settle: (outcome: CommitOutcome) => void
  readonly fail: (failure: EnneadError) => void
  sent: boolean
}

const pauseMs = { first: 20, last: 250 }

/**
 * The one way in which records change. Commits go to the quorum in batches: those that arrive while a batch is on its
 * way make up the next one, in the order they came, so that one round serves many callers. A commit is answered when it
 * has been chosen and the stores that answer reads have had a short while to take it over.
 *
 * A batch whose outcome is unknown is repeated with the same commit ids, which changes nothing when it had happened, until
 * the outcome is known; meanwhile new commits are refused, because they cannot be promised anything. Nothing here
 * remembers commits: what a process that dies had in flight is settled by its clients repeating their idempotency keys.
 */
export class Writer {
  readonly #parts: WriterParts
  readonly #closing = new AbortController()
  #queue: Waiting[] = []
  #running: Promise<void> | undefined
  #uncertain = false
  #failure: { readonly since: number; readonly last: unknown } | undefined

  constructor(parts: WriterParts) {
    this.#parts = parts
  }

  /**
   * Resolves when the commit is durable or in conflict. Rejects with UNAVAILABLE or OVERLOADED when it certainly did not
   * happen, with DEADLINE_EXCEEDED or CANCELLED when it was not sent before the caller's time was over, and with
   * UNKNOWN_COMMIT_OUTCOME when it may have happened or may still happen.
   */
  commit(commit: Commit, { signal, remainingMs }: CommitOptions = {}): Promise<CommitOutcome> {
    const { limits, clock } = this.#parts
    const refusal = this.#refusal(commit)
    if (refusal !== undefined) return Promise.reject(refusal)
    if (signal?.aborted === true) return Promise.reject(leftBeforeSent())
    if (this.#queue.length >= limits.queueMax) {
      return Promise.reject(
        new EnneadError('OVERLOADED', `${limits.queueMax} writes are waiting already, retry`),
      )
    }
    return new Promise<CommitOutcome>((resolve, reject) => {
      let timer: Timer | undefined = undefined
      const end = (): void => {
        timer?.cancel()
        signal?.removeEventListener('abort', leave)
      }
      const one: Waiting = {
        commit,
        sent: false,
        settle: outcome => (end(), resolve(outcome)),
        fail: failure => (end(), reject(failure)),
      }
      const leave = (): void => {
        this.#queue = this.#queue.filter(other => other !== one)
        one.fail(one.sent ? unknownOutcome() : leftBeforeSent())
      }
      timer = clock.after(Math.min(remainingMs ?? Infinity, limits.commitMs), leave)
      signal?.addEventListener('abort', leave, { once: true })
      this.#queue.push(one)
      // After the microtasks that are due: commits computed in the same turn share the batch.
      this.#running ??= Promise.resolve().then(() => this.#run())
    })
  }

  /** Refuses new commits and waits for those that were taken. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#parts.limits.batchMax)
      for (const one of batch) one.sent = true
      await this.#send(batch)
    }
    this.#running = undefined
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    const { clock, log, limits, quorum } = this.#parts
    const since = clock.now()
    const until = since + limits.unknownMs
    let pause: number = pauseMs.first
    for (;;) {
      try {
        const { outcomes, held } = await quorum.commit(
          batch.map(one => one.commit),
          since,
        )
        this.#uncertain = false
        this.#failure = undefined
        this.#settle(batch, outcomes, held)
        return
      } catch (failure) {
        log.warn('db.commit.failed', { commits: batch.length, error: failure })
        const now = clock.now()
        this.#failure = { since: this.#failure?.since ?? now, last: failure }
        const isPatient = now - this.#failure.since < limits.graceMs && !this.#closing.signal.aborted
        if (!this.#uncertain && !isPatient && didNotHappen(failure)) {
          for (const one of batch) one.fail(refused(failure))
          return
        }
        this.#uncertain ||= !didNotHappen(failure)
        // Those that were never sent can be told so.
        if (!isPatient) for (const one of this.#queue.splice(0)) one.fail(refused(failure))
        if (now >= until || this.#closing.signal.aborted) {
          for (const one of batch) one.fail(this.#uncertain ? unknownOutcome(failure) : refused(failure))
          this.#uncertain = false
          return
        }
        await sleep(clock, pause, this.#closing.signal).catch(() => undefined)
        pause = Math.min(pause * 2, pauseMs.last)
      }
    }
  }

  #settle(batch: readonly Waiting[], outcomes: readonly CommitOutcome[], held: Promise<void>): void {
    batch.forEach((one, index) => {
      const outcome = outcomes[index]
      if (outcome === undefined) one.fail(unknownOutcome())
      else if (outcome.is === 'conflict') one.settle(outcome)
      else void held.then(() => one.settle(outcome))
    })
  }

  /** Why a commit is not even taken. */
  #refusal(commit: Commit): EnneadError | undefined {
    const { clock, limits } = this.#parts
    if (this.#closing.signal.aborted) return new EnneadError('UNAVAILABLE', 'this process is ending, retry')
    const isLasting = this.#failure !== undefined && clock.now() - this.#failure.since >= limits.graceMs
    if (this.#uncertain && isLasting) return refused(this.#failure?.last)
    return unstorable(commit)
  }
}

/** The proposer says when a proposal was sent; before that, nothing has happened. */
function didNotHappen(failure: unknown): boolean {
  return !(failure instanceof EnneadError && failure.code === 'UNKNOWN_COMMIT_OUTCOME')
}

function refused(failure: unknown): EnneadError {
  if (failure instanceof EnneadError && failure.code === 'UNAVAILABLE') return failure
  return new EnneadError('UNAVAILABLE', 'no majority of the stores takes writes now, retry', {
    cause: failure,
  })
}

function leftBeforeSent(): EnneadError {
  return new EnneadError('DEADLINE_EXCEEDED', 'the time for this write was over before it was sent')
}

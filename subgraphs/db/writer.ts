import type { Dispatcher } from '../../dispatch/port.ts'
import { type Clock, type Timer, sleep } from '../../kernel/clock.ts'
import { EnneadError, kindOf } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { EngineSlot } from './engine-slot.ts'
import type { Frontier } from './frontier.ts'
import type { Commit, CommitOutcome, LogEntry, TaskStore } from './task-store.ts'

export interface WriterParts {
  readonly store: Pick<Dispatcher<TaskStore>, 'call'>
  readonly primary: EngineSlot
  readonly frontier: Frontier
  /** Hands durable entries to the copies; resolves when they hold them or `waitMs` have passed. */
  readonly handOver: (entries: readonly LogEntry[], waitMs: number) => Promise<void>
  readonly clock: Clock
  readonly log: Log
  readonly limits: WriterLimits
}

export interface WriterLimits {
  /** Commits that may wait for their batch. */
  readonly queueMax: number
  /** Commits in one batch. */
  readonly batchMax: number
  /** Time the primary has for a batch. Milliseconds. */
  readonly attemptMs: number
  /** Longest time a commit may take for its caller. Milliseconds. */
  readonly commitMs: number
  /** How long a batch of unknown outcome is repeated. Milliseconds. */
  readonly unknownMs: number
  /** How long an answer waits for the copies. Milliseconds. */
  readonly copyWaitMs: number
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
 * The one way in which records change. Commits go to the primary in batches: those that arrive while a batch is on its
 * way make up the next one, in the order they came, so that one write to disk serves many callers. A commit is answered
 * when the primary has it durably and the copies have had a short while to take it over (see replication.ts).
 *
 * A batch whose outcome is unknown (the connection broke, no answer in time) is repeated with the same commit ids, which
 * changes nothing when it had happened, until the outcome is known; meanwhile new commits are refused at once, because
 * they cannot be promised anything. Nothing here remembers commits: what a process that dies had in flight is settled by
 * its clients repeating their idempotency keys.
 *
 * With a quorum of stores instead of a primary, commits of one record will go to all stores at once and be answered by
 * the second; batches, deadlines and refusals stay as they are, "the writer store is down" goes.
 */
export class Writer {
  readonly #parts: WriterParts
  readonly #closing = new AbortController()
  #queue: Waiting[] = []
  #running: Promise<void> | undefined
  #uncertain = false

  constructor(parts: WriterParts) {
    this.#parts = parts
  }

  /**
   * Resolves when the commit is durable or in conflict. Rejects with UNAVAILABLE or OVERLOADED when it certainly did not
   * happen, with DEADLINE_EXCEEDED or CANCELLED when it was not sent before the caller's time was over, and with
   * UNKNOWN_COMMIT_OUTCOME when it may have happened or may still happen.
   */
  commit(commit: Commit, { signal, remainingMs }: CommitOptions = {}): Promise<CommitOutcome> {
    const { primary, limits, clock } = this.#parts
    if (this.#closing.signal.aborted || this.#uncertain || !primary.current) {
      return Promise.reject(this.#down())
    }
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
    const { clock, log, limits, primary } = this.#parts
    const sentAt = clock.now()
    const until = sentAt + limits.unknownMs
    let pause: number = pauseMs.first
    for (;;) {
      try {
        this.#settle(batch, await this.#commitNow(batch), sentAt)
        this.#uncertain = false
        return
      } catch (failure) {
        log.warn('db.commit.failed', { engine: primary.name, commits: batch.length, error: failure })
        if (!this.#uncertain && didNotHappen(failure)) {
          await this.#refuse(batch, failure)
          return
        }
        this.#uncertain = true
        // Those that were never sent can be told so at once.
        for (const one of this.#queue.splice(0)) one.fail(this.#down(failure))
        if (clock.now() >= until || this.#closing.signal.aborted) {
          for (const one of batch) one.fail(unknownOutcome(failure))
          this.#uncertain = false
          return
        }
        await sleep(clock, pause, this.#closing.signal).catch(() => undefined)
        pause = Math.min(pause * 2, pauseMs.last)
      }
    }
  }

  #commitNow(batch: readonly Waiting[]): Promise<readonly CommitOutcome[]> {
    const { store, limits } = this.#parts
    return store.call(
      'commit',
      batch.map(one => one.commit),
      // This loop repeats what is unknown itself, so that it always knows whether something is.
      {
        attemptMs: limits.attemptMs,
        timeoutMs: limits.attemptMs,
        priority: 'critical',
        idempotent: false,
      },
    )
  }

  #settle(batch: readonly Waiting[], outcomes: readonly CommitOutcome[], sentAt: number): void {
    const { primary, frontier, handOver, limits } = this.#parts
    const entries: LogEntry[] = []
    const committed: (() => void)[] = []
    batch.forEach((one, index) => {
      const outcome = outcomes[index]
      if (outcome === undefined) one.fail(unknownOutcome())
      else if (outcome.is === 'conflict') one.settle(outcome)
      else {
        const { expects: _, ...commit } = one.commit
        entries.push({ position: outcome.position, commit })
        committed.push(() => one.settle(outcome))
      }
    })
    entries.sort((a, b) => a.position.seq - b.position.seq)
    const oldest = entries[0]
    const newest = entries.at(-1)
    if (oldest === undefined || newest === undefined) return
    primary.reached(newest.position.seq)
    frontier.committed(oldest.position.seq, { ...newest.position, commitId: newest.commit.id }, sentAt)
    void handOver(entries, limits.copyWaitMs).finally(() => {
      for (const settle of committed) settle()
    })
  }

  /** A batch that certainly did not happen. One commit that the store refuses must not take the others with it. */
  async #refuse(batch: readonly Waiting[], failure: unknown): Promise<void> {
    const [only] = batch
    if (kindOf(failure) === 'caller' && batch.length > 1) {
      for (const one of batch) await this.#send([one])
    } else if (kindOf(failure) === 'caller' && failure instanceof EnneadError) only?.fail(failure)
    else for (const one of batch) one.fail(this.#down(failure))
  }

  #down(cause?: unknown): EnneadError {
    const { primary } = this.#parts
    return new EnneadError('UNAVAILABLE', `the writer store ${primary.name} is down, retry`, { cause })
  }
}

/**
 * Whoever says so refused before the work or has rolled it back; silence and breaks say nothing. The dispatcher cannot
 * know what a store's failure means and calls every one unknown; the store's own words are its cause.
 */
function didNotHappen(failure: unknown): boolean {
  if (!(failure instanceof EnneadError)) return false
  if (failure.code === 'UNKNOWN_COMMIT_OUTCOME') return didNotHappen(failure.cause)
  return failure.kind === 'overload' || failure.kind === 'fault' || failure.kind === 'caller'
}

function unknownOutcome(cause?: unknown): EnneadError {
  const message = 'the write may or may not have happened; repeat it with its idempotency key'
  return new EnneadError('UNKNOWN_COMMIT_OUTCOME', message, { cause })
}

function leftBeforeSent(): EnneadError {
  return new EnneadError('DEADLINE_EXCEEDED', 'the time for this write was over before it was sent')
}

import type { Clock, Timer } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import type { DirectoryRecord } from '../authority.ts'
import { compareStores } from './compare-stores.ts'
import type { DirectoryStore } from './directory-store.ts'
import { type DirectoryExamination, examineDirectory } from './examine-directory.ts'
import { firstThatAnswers } from './first-that-answers.ts'
import { type OpenDirectory, Replica } from './replica.ts'

export interface DirectoriesOptions {
  /** Where each agent keeps its copy. At least one. */
  readonly copies: readonly { readonly name: string; readonly path: string }[]
  readonly open: OpenDirectory
  readonly clock: Clock
  readonly log: Log
  /** Milliseconds until a copy that failed or missed a write is looked at again; doubles up to 30 times that. */
  readonly retryMs: number
  /** Told of records that at least one copy has taken. Default: nobody is. */
  readonly stored?: (records: readonly DirectoryRecord[]) => void
}

/** Expired sessions are kept so long, so that a copy that slept that long cannot bring one back unrevoked. */
const keepExpiredMs = 90 * 86_400_000
const forgetEveryMs = 6 * 3_600_000
const forgetMax = 1_000

/**
 * The copies of the directory. Any one is enough to read and write; a copy that missed something is left out of reads
 * while another has it, and is made whole again in the background.
 */
export class Directories {
  readonly replicas: readonly Replica[]
  readonly #options: DirectoriesOptions
  readonly #closing = new AbortController()
  #timer: Timer | undefined
  #retryMs: number
  #running: Promise<void> = Promise.resolve()
  /** Nothing was wrong at the last look, and nothing has been since. */
  #whole = false
  #forgotAt = Number.NEGATIVE_INFINITY

  private constructor(options: DirectoriesOptions) {
    const { open, clock } = options
    this.#options = options
    this.#retryMs = options.retryMs
    this.replicas = options.copies.map(({ name, path }) => new Replica(name, path, open, clock))
  }

  /** Opens and compares the copies. Rejects with the first copy's failure when none opens. */
  static async open(options: DirectoriesOptions): Promise<Directories> {
    const directories = new Directories(options)
    await directories.#maintain()
    const { replicas } = directories
    if (replicas.length > 0 && replicas.every(replica => replica.store === undefined)) {
      const failure = replicas[0]?.failure
      await directories.close()
      throw failure ?? new EnneadError('INTERNAL', 'no directory opened')
    }
    return directories
  }

  /**
   * The store of one copy, for one read. Throws AGENT_FAULT when it is not open, or may have missed a write that
   * another copy has: a fault rather than a refusal, so that the breaker spares callers the way round. A copy that is known
   * to lack a write is not read even when the copy that has it is away: the past is never told as the present.
   */
  read(name: string): DirectoryStore {
    const replica = this.replicas.find(one => one.name === name)
    const store = replica?.store
    if (replica === undefined || store === undefined) {
      throw new EnneadError('AGENT_FAULT', `the directory of "${name}" is not open`, {
        cause: replica?.failure,
      })
    }
    if (replica.lacking || (!replica.current && this.replicas.some(one => one.current))) {
      throw new EnneadError('AGENT_FAULT', `the directory of "${name}" is catching up`)
    }
    return store
  }

  /** What knows most, for reads: the current stores, or else any open ones. Throws UNAVAILABLE when there is none. */
  best(): DirectoryStore {
    const current = this.replicas.filter(one => one.current)
    const candidates = current.length > 0 ? current : this.replicas.filter(one => !one.lacking)
    const stores = candidates.flatMap(({ name, store }) => (store === undefined ? [] : [{ name, store }]))
    return firstThatAnswers(stores, name => this.failed(name))
  }

  /**
   * Merges records into every copy. Answers when each copy has them durably or has failed to take them; rejects with
   * UNAVAILABLE when none took them. A copy that failed gets them later from the others.
   */
  async put(records: readonly DirectoryRecord[]): Promise<void> {
    const outcomes = await Promise.allSettled(this.replicas.map(replica => replica.put(records)))
    if (outcomes.some(outcome => outcome.status === 'rejected')) this.#wake()
    if (outcomes.some(outcome => outcome.status === 'fulfilled')) {
      this.#options.stored?.(records)
      outcomes.forEach(({ status }, index) => {
        if (status === 'rejected') this.replicas[index]?.lack()
      })
      return
    }
    const causes = outcomes.map(outcome => (outcome.status === 'rejected' ? outcome.reason : undefined))
    throw new EnneadError('UNAVAILABLE', 'no directory took the write; try again', {
      cause: new AggregateError(causes),
    })
  }

  /** A copy failed to read: the others answer until it has been read from end to end. */
  failed(name: string): void {
    this.replicas.find(replica => replica.name === name)?.miss()
    this.#wake()
  }

  /** Compares the copies, those as well that are taken for whole; what differs is put right when that is asked for. */
  examine(repair: boolean): Promise<DirectoryExamination> {
    const copies = this.replicas.map(({ name, store, failure }) =>
      store === undefined ? { name, why: failure?.message ?? 'it is not open' } : { name, store },
    )
    return examineDirectory({ copies, repair, clock: this.#options.clock, signal: this.#closing.signal })
  }

  async close(): Promise<void> {
    this.#closing.abort(new EnneadError('CANCELLED', 'the directories are closing'))
    this.#timer?.cancel()
    await this.#running
    await Promise.all(this.replicas.map(replica => replica.close()))
  }

  /** Opens what is not open, compares what is behind, forgets what is long over; comes back later for what failed. */
  #maintain(): Promise<void> {
    this.#running = this.#running
      .then(() => this.#maintainOnce())
      .catch((failure: unknown) => {
        if (!this.#closing.signal.aborted) this.#options.log.warn('auth.directory.repair.failed', { failure })
      })
    return this.#running.then(() => {
      const whole = this.replicas.every(replica => replica.current)
      this.#retryMs = whole ? this.#options.retryMs : Math.min(this.#retryMs * 2, this.#options.retryMs * 30)
      this.#schedule(whole ? forgetEveryMs : this.#retryMs)
    })
  }

  /** Brings the next look forward; a burst of failures must not put it off. */
  #wake(): void {
    if (this.#whole) this.#schedule(this.#options.retryMs)
  }

  #schedule(ms: number): void {
    this.#timer?.cancel()
    this.#whole = ms === forgetEveryMs
    if (this.#closing.signal.aborted) return
    this.#timer = this.#options.clock.after(ms, () => void this.#maintain())
  }

  async #maintainOnce(): Promise<void> {
    const { signal } = this.#closing
    await Promise.all(this.replicas.map(replica => this.#openOne(replica)))
    const open = this.replicas.filter(replica => replica.store !== undefined)
    const missed = open.map(replica => replica.missed)
    if (open.some(replica => !replica.current)) await this.#compareAll(open)
    signal.throwIfAborted()
    // With a copy missing, what the others agree on may not be all there is; it still is all that can be had.
    const all = open.length === this.replicas.length
    open.forEach((replica, index) => replica.caughtUp(missed[index] ?? 0, all))
    if (this.replicas.every(replica => replica.current)) await this.#forget()
  }

  async #openOne(replica: Replica): Promise<void> {
    const before = replica.failure
    await replica.open(this.#closing.signal)
    const { failure } = replica
    const { log } = this.#options
    if (failure !== undefined && failure.message !== before?.message) {
      log.error('auth.directory.failing', { agent: replica.name, failure })
    } else if (before !== undefined && failure === undefined) {
      log.info('auth.directory.opened', { agent: replica.name })
    }
  }

  async #compareAll(open: readonly Replica[]): Promise<void> {
    const [first, ...others] = open.flatMap(replica => replica.store ?? [])
    let written = 0
    for (const other of others) {
      // `first` gathers what each of the others has …
      if (first !== undefined) written += await compareStores(first, other, this.#closing.signal)
    }
    // … and hands what came later to those that were asked before; the last one asked has it all.
    for (const other of others.slice(0, -1)) {
      if (first !== undefined) written += await compareStores(first, other, this.#closing.signal)
    }
    if (written > 0) this.#options.log.info('auth.directory.repaired', { records: written })
  }

  /** Only when all copies are whole: one copy forgetting what another lacks would lose it. */
  async #forget(): Promise<void> {
    const { clock } = this.#options
    if (clock.now() - this.#forgotAt < forgetEveryMs) return
    this.#forgotAt = clock.now()
    const before = new Date(clock.wall() - keepExpiredMs).toISOString()
    for (const replica of this.replicas) {
      let forgotten = forgetMax
      while (forgotten === forgetMax) {
        this.#closing.signal.throwIfAborted()
        forgotten = (await replica.store?.forgetExpired(before, forgetMax)) ?? 0
      }
    }
  }
}

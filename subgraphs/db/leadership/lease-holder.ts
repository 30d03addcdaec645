import { type Clock, sleep } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import type { LeaseBook } from './lease.ts'

/** One time of holding the lease. */
export interface Tenure {
  readonly term: number
  /** What the holder before left; undefined: nothing. */
  readonly note: string | undefined
  /** Aborts when the lease may be another's, or the process closes. */
  readonly signal: AbortSignal
  /** Leaves a note to the next holder, with the next renewal. */
  readonly keep: (note: string) => void
}

export type Standing =
  /** Nobody can be asked for the lease, and nothing is done. */
  | { readonly is: 'waiting'; readonly why: string }
  | { readonly is: 'standing by'; readonly holder: string }
  | { readonly is: 'holding'; readonly term: number }

export interface LeaseHolderParts {
  /** The work. */
  readonly name: string
  /** Names this life of this process. */
  readonly holder: string
  /** Undefined: it cannot be asked now. */
  readonly leases: () => LeaseBook | undefined
  /** Runs while the lease is held, until its signal aborts; begins anew with the next tenure. */
  readonly work: (tenure: Tenure) => Promise<void>
  readonly clock: Clock
  readonly log: Log
  /** How long the lease is held without being renewed. Milliseconds. */
  readonly leaseMs: number
}

/** A lease is renewed so often in its length, and a question about it is given up after such a part of it. */
const partsOfLease = 3
/** The least time between two questions for a lease that another has. Milliseconds. */
const askAgainMs = 50
/** A process that ends waits so long for its lease to be taken back. Milliseconds. */
const giveBackMs = 1_000

/**
 * Does a work while this process holds its lease, and waits for the lease else. It believes in the lease from when it asked
 * for it, not from when it was answered, so that it gives up before the lease can be given to another; unless the process
 * stands still, which is what terms are for.
 */
export class LeaseHolder {
  readonly #parts: LeaseHolderParts
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  #standing: Standing = { is: 'waiting', why: 'not asked yet' }

  constructor(parts: LeaseHolderParts) {
    this.#parts = parts
    this.#running = this.#run()
  }

  get standing(): Standing {
    return this.#standing
  }

  /** Ends the work and gives the lease back. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, leaseMs, log, name } = this.#parts
    const { signal } = this.#closing
    while (!signal.aborted) {
      let pauseMs = leaseMs / partsOfLease
      try {
        const book = this.#book()
        pauseMs = Math.min(pauseMs, Math.max(askAgainMs, await this.#hold(book)))
      } catch (failure) {
        if (signal.aborted) return
        const why = failure instanceof EnneadError ? failure.message : String(failure)
        if (this.#standing.is !== 'waiting') log.warn('db.lease.unknown', { name, error: failure })
        this.#standing = { is: 'waiting', why }
      }
      await sleep(clock, pauseMs, signal).catch(() => undefined)
    }
  }

  #book(): LeaseBook {
    const book = this.#parts.leases()
    if (book !== undefined) return book
    throw new EnneadError('UNAVAILABLE', 'PostgreSQL, which keeps the leases, is away')
  }

  /** Asks for the lease, and works as long as it is held. Answers for how long it need not be asked for again. */
  async #hold(book: LeaseBook): Promise<number> {
    const { name, holder, clock, leaseMs, log } = this.#parts
    const askedAt = clock.now()
    const got = await this.#within(ask => book.acquire({ name, holder, lengthMs: leaseMs }, ask))
    if (got.is === 'taken') {
      this.#standing = { is: 'standing by', holder: got.holder }
      return got.remainingMs
    }
    const { term } = got
    this.#standing = { is: 'holding', term }
    log.info('db.lease.taken', { name, term })
    const notes: { kept: string | undefined } = { kept: undefined }
    const tenure = new AbortController()
    const end = (): void => tenure.abort()
    this.#closing.signal.addEventListener('abort', end, { once: true })
    if (this.#closing.signal.aborted) end()
    const working = this.#parts
      .work({ term, note: got.note, signal: tenure.signal, keep: note => void (notes.kept = note) })
      // What ended by itself has nothing more to do; a late holder's is refused.
      .catch((failure: unknown) => log.warn('db.lease.work_ended', { name, term, error: failure }))
      .finally(end)
    try {
      await this.#renew(book, term, askedAt + leaseMs, notes, tenure)
    } finally {
      end()
      this.#closing.signal.removeEventListener('abort', end)
      await working
      await this.#giveBack(book, term, notes.kept)
    }
    return leaseMs / partsOfLease
  }

  /** Resolves when the lease is lost, or not known to be held any more, or the work has ended. */
  async #renew(
    book: LeaseBook,
    term: number,
    until: number,
    notes: { readonly kept: string | undefined },
    tenure: AbortController,
  ): Promise<void> {
    const { name, clock, leaseMs, log } = this.#parts
    let heldUntil = until
    while (!tenure.signal.aborted) {
      const overdue = clock.after(heldUntil - clock.now(), () => tenure.abort())
      try {
        await sleep(clock, leaseMs / partsOfLease, tenure.signal)
        const askedAt = clock.now()
        const held = await this.#within(ask => book.renew({ name, term }, leaseMs, notes.kept, ask))
        if (!held) {
          log.warn('db.lease.lost', { name, term })
          return
        }
        heldUntil = askedAt + leaseMs
      } catch (failure) {
        // It is still held for a while; the next question may be answered.
        if (!tenure.signal.aborted) log.warn('db.lease.not_renewed', { name, term, error: failure })
      } finally {
        overdue.cancel()
      }
    }
  }

  /** So that another process need not wait for its end; where that fails, it waits. */
  async #giveBack(book: LeaseBook, term: number, note: string | undefined): Promise<void> {
    const { name } = this.#parts
    await this.#within(ask => book.release({ name, term }, note, ask), giveBackMs).catch(() => undefined)
  }

  /** Gives a question `ms` milliseconds. */
  async #within<T>(
    work: (signal: AbortSignal) => Promise<T>,
    ms = this.#parts.leaseMs / partsOfLease,
  ): Promise<T> {
    const { clock } = this.#parts
    const controller = new AbortController()
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = clock.after(ms, () => {
      const failure = new EnneadError('AGENT_TIMEOUT', 'PostgreSQL, which keeps the leases, does not answer')
      controller.abort(failure)
      reject(failure)
    })
    try {
      return await Promise.race([work(controller.signal), late])
    } finally {
      timer.cancel()
    }
  }
}

import { type Clock, type Random, type Timer, sleep, systemClock } from '../kernel/clock.ts'
import { EnneadError, kindOf } from '../kernel/errors.ts'
import { type Log, silentLog } from '../kernel/log.ts'
import type { EventLog, LogEntry, LogPage } from './event-log.ts'
import { FeedListener, type FeedView } from './feed-listener.ts'
import { type Position, cursorExpired } from './position.ts'
import { Ring } from './ring.ts'
import { Turns } from './turns.ts'

export interface FeedOptions<Entry extends LogEntry, Narrow> {
  readonly source: EventLog<Entry, Narrow>
  readonly clock?: Clock
  readonly random?: Random
  readonly log?: Log
  readonly limits?: Partial<FeedLimits>
}

export interface FeedLimits {
  /** Newest entries held in memory. Default 10,000. */
  readonly ringMax: number
  /** Entries read at once. Default 500. */
  readonly pageMax: number
  /** How long one read of the log waits for entries. Milliseconds. Default 20,000. */
  readonly waitMs: number
  /** How long the log is followed on after the last listener left. Milliseconds. Default 30,000. */
  readonly lingerMs: number
  /** Rest after a first failed read; doubles with each. Milliseconds. Default 50. */
  readonly restMs: number
  /** Longest rest after failed reads. Milliseconds. Default 2,000. */
  readonly restMsMax: number
  /** Listeners at once. Default 20,000. */
  readonly listenersMax: number
  /** Listeners that read older pages of the log at once; others wait their turn. Default 16. */
  readonly catchUpsMax: number
}

const defaultLimits: FeedLimits = {
  ringMax: 10_000,
  pageMax: 500,
  waitMs: 20_000,
  lingerMs: 30_000,
  restMs: 50,
  restMsMax: 2_000,
  listenersMax: 20_000,
  catchUpsMax: 16,
}

export interface AttachOptions<Entry extends LogEntry, Narrow> {
  /** Everything behind it is given. Default: what comes from now on. */
  readonly after?: Position | undefined
  /** Ends the listener, like `return()`. */
  readonly signal?: AbortSignal
  readonly wanted: (entry: Entry) => boolean
  /** What the log may leave out when older entries are read; `wanted` decides in any case. */
  readonly narrow?: Narrow
}

/**
 * Follows a log once for a whole process and lets any number of listeners read along. Every listener gets exactly the
 * entries behind its place that it wants, in order. While the log cannot be read they wait; a place that is no longer
 * kept is a CURSOR_EXPIRED. The log is followed only while somebody listens.
 */
export class Feed<Entry extends LogEntry, Narrow = undefined> {
  readonly #source: EventLog<Entry, Narrow>
  readonly #clock: Clock
  readonly #random: Random
  readonly #log: Log
  readonly #limits: FeedLimits
  readonly #listeners = new Set<FeedListener<Entry>>()
  readonly #turns: Turns
  #view: FeedView<Entry> | undefined
  #follower: AbortController | undefined
  #lingering: Timer | undefined
  #closed = false

  constructor(options: FeedOptions<Entry, Narrow>) {
    this.#source = options.source
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#log = options.log ?? silentLog
    this.#limits = { ...defaultLimits, ...options.limits }
    for (const [name, value] of Object.entries(this.#limits)) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new EnneadError('BAD_OPTION', `limits.${name} must be an integer >= 1, got ${value}`)
      }
    }
    this.#turns = new Turns(this.#limits.catchUpsMax)
  }

  /** Listeners at present. */
  get listening(): number {
    return this.#listeners.size
  }

  /** The log is being followed. */
  get following(): boolean {
    return this.#follower !== undefined
  }

  /** Begins to listen at once, not with the first `next()`. Throws OVERLOADED when too many listen already. */
  attach(options: AttachOptions<Entry, Narrow>): FeedListener<Entry> {
    if (this.#closed) throw new EnneadError('UNAVAILABLE', 'the event feed is shutting down')
    if (this.#listeners.size >= this.#limits.listenersMax) {
      throw new EnneadError('OVERLOADED', `${this.#limits.listenersMax} listeners follow events already`)
    }
    const { signal, narrow } = options
    const leave = (): void => void listener.return()
    const listener = new FeedListener<Entry>(options.after, {
      view: () => this.#view,
      older: (after, left) => this.#older(after, narrow, left),
      wanted: options.wanted,
      ended: () => {
        signal?.removeEventListener('abort', leave)
        this.#listeners.delete(listener)
        this.#rest()
      },
    })
    this.#listeners.add(listener)
    signal?.addEventListener('abort', leave, { once: true })
    this.#start()
    if (signal?.aborted === true) leave()
    return listener
  }

  /** Ends every listener and stops following. Idempotent. */
  close(): void {
    this.#closed = true
    for (const listener of this.#listeners) void listener.return()
    this.#stop()
  }

  #start(): void {
    this.#lingering?.cancel()
    this.#lingering = undefined
    if (this.#follower !== undefined) return
    const follower = new AbortController()
    this.#follower = follower
    void this.#follow(follower.signal)
  }

  #rest(): void {
    if (this.#listeners.size > 0 || this.#follower === undefined || this.#lingering !== undefined) return
    this.#lingering = this.#clock.after(this.#limits.lingerMs, () => this.#stop())
  }

  #stop(): void {
    this.#lingering?.cancel()
    this.#lingering = undefined
    this.#follower?.abort()
    this.#follower = undefined
    // Whoever comes next without a cursor must begin at the head of then, not of now.
    this.#view = undefined
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#advance(signal)
        failures = 0
      } catch (failure) {
        if (signal.aborted) return
        this.#log.warn('feed.read.failed', { failures, error: failure })
        // The log lives on under another name, or has forgotten our place: find its head anew.
        if (isFinal(failure)) this.#view = undefined
        await this.#restAfter(failures, signal)
        failures += 1
      }
    }
  }

  async #advance(signal: AbortSignal): Promise<void> {
    const view = this.#view
    const { pageMax, ringMax, waitMs } = this.#limits
    const began = this.#clock.now()
    const page = await this.#source.read(
      { after: view?.head, first: pageMax, waitMs: view === undefined ? 0 : waitMs, narrow: undefined },
      signal,
    )
    if (signal.aborted) return
    if (view === undefined) {
      this.#view = { head: page.next, ring: new Ring(page.next.seq, ringMax) }
    } else {
      if (page.next.epoch !== view.head.epoch) throw cursorExpired()
      this.#view = this.#taken(view, page)
      // A log that does not wait must not be asked in a tight loop.
      const moved = this.#view.head.seq > view.head.seq
      if (!moved && this.#clock.now() - began < this.#limits.restMs) {
        await sleep(this.#clock, this.#limits.restMs, signal).catch(() => undefined)
      }
    }
    for (const listener of this.#listeners) listener.wake()
  }

  #taken(view: FeedView<Entry>, page: LogPage<Entry>): FeedView<Entry> {
    let { head } = view
    for (const entry of page.entries) {
      if (entry.position.seq <= head.seq) continue
      view.ring.push(entry)
      head = entry.position
    }
    return { head: page.next.seq > head.seq ? page.next : head, ring: view.ring }
  }

  async #older(after: Position, narrow: Narrow | undefined, signal: AbortSignal): Promise<LogPage<Entry>> {
    for (let failures = 0; ; failures++) {
      try {
        const page = await this.#turns.run(signal, () =>
          this.#source.read({ after, first: this.#limits.pageMax, waitMs: 0, narrow }, signal),
        )
        if (page.next.epoch !== after.epoch) throw cursorExpired()
        if (page.next.seq > after.seq) return page
        throw new EnneadError('AGENT_FAULT', 'the log does not have yet what has been read from it')
      } catch (failure) {
        if (signal.aborted || isFinal(failure)) throw failure
        this.#log.warn('feed.older.failed', { failures, error: failure })
        await this.#restAfter(failures, signal)
        signal.throwIfAborted()
      }
    }
  }

  async #restAfter(failures: number, signal: AbortSignal): Promise<void> {
    const { restMs, restMsMax } = this.#limits
    const longest = Math.min(restMsMax, restMs * 2 ** Math.min(failures, 20))
    // Half of it at random, so that processes do not come back all at once.
    await sleep(this.#clock, longest * (0.5 + this.#random() / 2), signal).catch(() => undefined)
  }
}

/** The place itself is refused; reading again would not help. */
function isFinal(failure: unknown): boolean {
  return kindOf(failure) === 'caller'
}

import { type Clock, sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { type EngineSlot, headOf } from './engine-slot.ts'
import type { Frontier } from './frontier.ts'
import type { ReadLog } from './history.ts'
import type { RecentLog } from './recent-log.ts'
import type { LogEntry } from './task-store.ts'

export interface FollowerParts {
  readonly slot: EngineSlot
  readonly frontier: Frontier
  readonly recent: RecentLog
  /** Reads entries from a store that has them. */
  readonly readLog: ReadLog
  readonly clock: Clock
  readonly log: Log
}

/** Entries handed over at once. */
const batchMax = 200
/** Time a store has to take over a batch. Milliseconds. */
const absorbMs = 10_000
const pauseMs = { first: 50, last: 5_000 }

/**
 * Brings one store to the end of the log and keeps it there: absorbs entries in order, never skipping one, from memory
 * where it can and from another store's log otherwise. Works only while there is something to do.
 */
export class Follower {
  readonly #parts: FollowerParts
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined
  #failure: string | undefined

  constructor(parts: FollowerParts) {
    this.#parts = parts
  }

  /** Why the last attempt to catch up failed; undefined while it goes well. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Goes well and needs no more than what is in memory, so that waiting for it makes sense. */
  get isClose(): boolean {
    const { slot, recent } = this.#parts
    return slot.admitted && this.#failure === undefined && recent.reachesBackTo(slot.seq)
  }

  /** Looks whether there is something to do. */
  wake(): void {
    if (this.#running === undefined && !this.#closing.signal.aborted && this.#isBehind()) {
      this.#running = this.#catchUp()
    }
  }

  /** Stops after the batch that is on its way. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  #isBehind(): boolean {
    const { slot, frontier, recent } = this.#parts
    return slot.admitted && slot.seq < Math.max(frontier.head.seq, recent.end)
  }

  async #catchUp(): Promise<void> {
    const { slot, log, clock } = this.#parts
    let pause: number = pauseMs.first
    while (!this.#closing.signal.aborted && this.#isBehind()) {
      try {
        await this.#absorbNext()
        pause = pauseMs.first
        this.#failure = undefined
      } catch (failure) {
        this.#failure = failure instanceof Error ? failure.message : String(failure)
        log.warn('db.copy.failed', { engine: slot.name, at: slot.seq, error: failure })
        if (failure instanceof EnneadError && failure.code === 'STORE_DIVERGED') {
          slot.refused(failure.message)
          break
        }
        await sleep(clock, pause, this.#closing.signal).catch(() => undefined)
        pause = Math.min(pause * 2, pauseMs.last)
        await this.#lookAgain()
      }
    }
    // A vote may have brought it there.
    if (!this.#isBehind()) this.#failure = undefined
    this.#running = undefined
  }

  async #absorbNext(): Promise<void> {
    const { slot } = this.#parts
    const entries = await this.#entriesBehind(slot.seq)
    if (entries.length === 0) throw new EnneadError('UNAVAILABLE', 'no store has the next entries of the log')
    const { life } = slot
    const position = await slot.direct('absorb', entries, absorbMs)
    slot.reached(position.seq, life)
  }

  async #entriesBehind(seq: number): Promise<readonly LogEntry[]> {
    const { recent, readLog } = this.#parts
    const known = recent.behind(seq, batchMax)
    return known.length > 0 ? known : readLog({ afterSeq: seq, limit: batchMax })
  }

  /** A batch that failed may have been taken over nevertheless. */
  async #lookAgain(): Promise<void> {
    const { slot } = this.#parts
    if (this.#closing.signal.aborted || !slot.admitted) return
    const { life } = slot
    // Failing to look is no news: the next attempt says the same.
    const head = await headOf(slot, absorbMs).catch(() => undefined)
    if (head !== undefined) slot.reached(head.seq, life)
  }
}

import type { Clock } from '../../../kernel/clock.ts'
import { type ThreatKind, thresholds } from './threat.ts'

/** Length of the time in which things seen are counted together. Milliseconds. */
const windowMs = 60_000
/** While it goes on it is told again after this, then after twice as long … Milliseconds. */
const pauseMs = 60_000
/** … up to this. */
const pauseMsMax = 3_600_000
/** Accounts, addresses and keys that are counted at once; the one seen longest ago is forgotten first. */
const subjectsMax = 20_000

interface Counter {
  windowFrom: number
  inWindow: number
  /** Since it was told last. */
  untold: number
  pauseMs: number
  quietUntil: number
}

/**
 * Counts, in bounded memory, what is seen of each account, address and key, and says when it is to be told: when there was enough
 * of it within a minute, and while it goes on at ever longer pauses.
 */
export class ThreatCounters {
  readonly #clock: Clock
  readonly #counters = new Map<string, Counter>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#counters.size
  }

  /** How often it was seen since it was told last, if it is to be told now. */
  note(threat: ThreatKind, subject: string, count = 1): number | undefined {
    const now = this.#clock.now()
    const counter = this.#counterOf(`${threat} ${subject}`, now)
    if (now - counter.windowFrom >= windowMs) {
      counter.windowFrom = now
      counter.inWindow = 0
    }
    counter.inWindow += count
    counter.untold += count
    if (counter.inWindow < thresholds[threat] || now < counter.quietUntil) return undefined
    // It had stopped: what comes now is something new.
    if (now - counter.quietUntil > counter.pauseMs) counter.pauseMs = pauseMs
    counter.quietUntil = now + counter.pauseMs
    counter.pauseMs = Math.min(pauseMsMax, 2 * counter.pauseMs)
    const told = counter.untold
    counter.untold = 0
    return told
  }

  #counterOf(key: string, now: number): Counter {
    const known = this.#counters.get(key)
    const counter = known ?? {
      windowFrom: now,
      inWindow: 0,
      untold: 0,
      pauseMs,
      quietUntil: Number.NEGATIVE_INFINITY,
    }
    this.#counters.delete(key)
    this.#counters.set(key, counter)
    const oldest = this.#counters.size > subjectsMax ? this.#counters.keys().next().value : undefined
    if (oldest !== undefined) this.#counters.delete(oldest)
    return counter
  }
}

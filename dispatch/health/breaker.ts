import type { Random } from '../../kernel/clock.ts'

/**
 * How an attempt or call got past a breaker: it was closed; it had rested long enough and this is its one probe; or
 * there was nobody else. Each probe is an object of its own, so that one that ends late is not taken for its successor.
 */
export interface Entry {
  readonly is: 'usual' | 'probe' | 'last resort'
}

const usual: Entry = { is: 'usual' }
const lastResort: Entry = { is: 'last resort' }

export interface BreakerLimits {
  /** Opens when failures outnumber successes by this many. */
  readonly trip: number
  readonly restMinMs: number
  readonly restMaxMs: number
}

export interface BreakerListener {
  opened(restMs: number): void
  closed(): void
}

/**
 * A circuit breaker on a cumulative sum: +1 for a failure, -1 for a success, never below 0, open at `trip`. Unlike a
 * count of failures in a row it neither opens on 15 % random errors nor misses one that fails two times in three.
 * Open, it rests (a random half to all of `restMinMs`, doubled with each failed probe up to `restMaxMs`), then lets
 * one probe in at a time.
 */
export class Breaker {
  readonly #limits: BreakerLimits
  readonly #random: Random
  readonly #listener: BreakerListener
  #open = false
  #probe: Entry | undefined
  #score = 0
  #restsUntil = 0
  /** Openings since it was last closed. */
  #openings = 0

  constructor(limits: BreakerLimits, random: Random, listener: BreakerListener) {
    this.#limits = limits
    this.#random = random
    this.#listener = listener
  }

  get closed(): boolean {
    return !this.#open
  }

  get phase(): 'closed' | 'open' | 'probing' {
    if (!this.#open) return 'closed'
    return this.#probe === undefined ? 'open' : 'probing'
  }

  get score(): number {
    return this.#score
  }

  /** When a probe may come; means something only while it is not closed. */
  get restsUntil(): number {
    return this.#restsUntil
  }

  /** Open, rested, and nobody is probing. */
  probeIsDue(now: number): boolean {
    return this.#open && this.#probe === undefined && now >= this.#restsUntil
  }

  /** Lets one through: as the probe if one is due. Hand what it answers back with the end. */
  enter(now: number): Entry {
    if (!this.#open) return usual
    if (!this.probeIsDue(now)) return lastResort
    this.#probe = { is: 'probe' }
    return this.#probe
  }

  succeeded(entry: Entry): void {
    if (!this.#open) {
      if (this.#score > 0) this.#score--
    } else if (entry === this.#probe || entry === lastResort) this.#closeHalfWay()
    // What began before it opened says nothing about now.
  }

  failed(entry: Entry, now: number): void {
    if (!this.#open) {
      if (++this.#score >= this.#limits.trip) this.#rest(now)
    } else if (entry === this.#probe) this.#rest(now)
    // A failed last resort is no news, and must not prolong the rest.
  }

  /** It ended without saying anything about health. */
  endedNeutrally(entry: Entry): void {
    if (entry === this.#probe) this.#probe = undefined
  }

  #rest(now: number): void {
    const { restMinMs, restMaxMs } = this.#limits
    const longest = Math.min(restMaxMs, restMinMs * 2 ** this.#openings)
    const restMs = longest * (0.5 + this.#random() / 2)
    this.#openings++
    this.#open = true
    this.#probe = undefined
    this.#restsUntil = now + restMs
    this.#listener.opened(restMs)
  }

  /** Half way, so that an agent that still fails is open again soon. */
  #closeHalfWay(): void {
    this.#open = false
    this.#probe = undefined
    this.#openings = 0
    this.#score = Math.floor(this.#limits.trip / 2)
    this.#listener.closed()
  }
}

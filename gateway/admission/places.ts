import type { Priority } from '../../dispatch/port.ts'
import type { Clock, Random } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { AdmissionLimits } from './admission-limits.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import { WaitingLine } from './waiting-line.ts'

/** The time of an operation that asks to run. */
export interface TimeLeft {
  /** Aborts when the time is used up or the caller leaves; its reason is what the caller gets. */
  readonly signal: AbortSignal
  readonly remainingMs: number
}

/**
 * What the end of an operation tells: its latency; or that it was slow, if it was, since what was cut short by a deadline
 * or a failure would have taken longer; or nothing, since refusals and failures can be far quicker than work.
 */
export type Telling = 'latency' | 'slowness' | 'nothing'

/** Someone who waits for a place. */
export interface Waiter {
  readonly priority: Priority
  readonly time: TimeLeft
  readonly joinedAt: number
  /** What it will have left when it is served in the time that was promised to it. Milliseconds. */
  readonly promisedMs: number
  readonly start: () => void
  readonly refuse: (reason: unknown) => void
}

/** Times are milliseconds. */
export interface PlacesReport {
  readonly running: number
  /** Operations that may run at once now. */
  readonly limit: number
  /** Latency when nothing queues; undefined: not known yet. */
  readonly baselineMs: number | undefined
  readonly waiting: Readonly<Record<Priority, number>>
  /** Had too little time left when their turn came. */
  readonly expired: number
  /** Left or timed out while waiting. */
  readonly left: number
}

/** The places where operations run, as many as their latency allows, and the line in front of them. */
export class Places {
  readonly #limits: AdmissionLimits
  readonly #clock: Clock
  readonly #limit: ConcurrencyLimit
  readonly #line: WaitingLine<Waiter>
  #running = 0
  /** Moving average of what an operation takes, to tell the wait from. */
  #tookMs = 0
  #expired = 0
  #left = 0

  constructor(limits: AdmissionLimits, clock: Clock, random: Random) {
    this.#limits = limits
    this.#clock = clock
    this.#limit = new ConcurrencyLimit(limits, random, clock.now())
    this.#line = new WaitingLine(limits.queueMax)
  }

  /** May one begin at once? */
  get room(): boolean {
    return this.#line.length === 0 && this.#running < this.#limit.current
  }

  get anyoneWaits(): boolean {
    return this.#line.length > 0
  }

  report(): PlacesReport {
    const line = this.#line
    return {
      running: this.#running,
      limit: this.#limit.current,
      baselineMs: this.#limit.baselineMs,
      waiting: {
        critical: line.waiting('critical'),
        default: line.waiting('default'),
        sheddable: line.waiting('sheddable'),
      },
      expired: this.#expired,
      left: this.#left,
    }
  }

  /** Why one with this priority and time can neither begin nor wait; undefined: it can. */
  obstacle(priority: Priority, leftMs: number): 'full' | 'wait' | undefined {
    if (this.room) return undefined
    if (this.#line.full && !this.#line.canDisplace(priority)) return 'full'
    return this.#waitMs(priority) > leftMs * this.#limits.waitShareMax ? 'wait' : undefined
  }

  /** Takes a place; the caller has seen that there is room. */
  take(): void {
    this.#running++
  }

  /**
   * Waits for a place and takes it. Rejects with the signal's reason, with DEADLINE_EXCEEDED when too little time is left
   * at its turn, or with what it is refused with.
   * @param displaced Gets whoever is put out of a full line for this one.
   */
  wait(priority: Priority, time: TimeLeft, displaced: (waiter: Waiter) => void): Promise<void> {
    if (this.#line.full) this.putOut(priority, displaced)
    const { signal } = time
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#line.leave(waiter)
        this.#left++
        reject(signal.reason)
      }
      const waiter: Waiter = {
        priority,
        time,
        joinedAt: this.#clock.now(),
        promisedMs: time.remainingMs * (1 - this.#limits.waitShareMax),
        start: () => {
          signal.removeEventListener('abort', leave)
          resolve()
        },
        refuse: reason => {
          signal.removeEventListener('abort', leave)
          reject(reason)
        },
      }
      this.#line.join(waiter)
      signal.addEventListener('abort', leave, { once: true })
      if (signal.aborted) leave()
    })
  }

  /** Takes one of less importance than `priority` out of the line; false when there is none. */
  putOut(priority: Priority, out: (waiter: Waiter) => void): boolean {
    const waiter = this.#line.displace(priority)
    if (waiter !== undefined) out(waiter)
    return waiter !== undefined
  }

  /** Gives a place back; whoever is next gets it. */
  leave(startedAt: number, telling: Telling): void {
    const now = this.#clock.now()
    const slow = this.#limit.baselineMs !== undefined && now - startedAt > this.#limit.allowedMs
    if (telling === 'latency' || (telling === 'slowness' && slow)) {
      this.#tookMs += tookWeight * (now - startedAt - this.#tookMs)
      this.#limit.ended(startedAt, now, this.#running)
    } else {
      this.#limit.passed(now)
    }
    this.#running--
    if (this.#line.length > 0) this.#serve()
  }

  /** What one gets whose time was used up before it could begin. */
  expired({ signal }: TimeLeft): unknown {
    this.#expired++
    if (signal.aborted) return signal.reason
    return new EnneadError('DEADLINE_EXCEEDED', 'the time for this request was used up before it could begin')
  }

  #serve(): void {
    while (this.#running < this.#limit.current) {
      const next = this.#line.serve()
      if (next === undefined) return
      if (this.#tooLate(next)) next.refuse(this.expired(next.time))
      else {
        this.#running++
        next.start()
      }
    }
  }

  /** Whoever came late to its turn and has less left than work normally takes would be worked for in vain. */
  #tooLate({ time, promisedMs }: Waiter): boolean {
    const neededMs = Math.min(promisedMs, this.#limit.allowedMs)
    return time.remainingMs < Math.max(this.#limits.startLeftMinMs, neededMs)
  }

  /** How long one who joins now will probably wait. */
  #waitMs(priority: Priority): number {
    const turnsMs = ((this.#line.ahead(priority) + 1) * this.#tookMs) / this.#limit.settled
    // More important ones that keep coming are not in the line yet; how long the first has waited tells of them.
    const first = this.#line.first(priority)
    return first === undefined ? turnsMs : Math.max(turnsMs, this.#clock.now() - first.joinedAt)
  }
}

/** Weight of the newest duration in their moving average. */
const tookWeight = 0.05

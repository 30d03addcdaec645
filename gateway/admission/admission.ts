import type { Priority } from '../../dispatch/port.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { GraphQLAnswer } from '../engine.ts'
import { admissionLimits } from './admission-limits.ts'
import type { AdmissionLimits } from './admission-limits.ts'
import type { AdmissionOptions, AdmissionSurroundings } from './admission-options.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import { ownSources } from './load-sources.ts'
import type { OwnSources } from './load-sources.ts'
import { OverloadWatch } from './overload-watch.ts'
import type { OverloadState } from './overload-watch.ts'
import { Refusals } from './refusals.ts'
import { RequestPriority } from './request-priority.ts'
import type { Ask } from './request-priority.ts'
import { WaitingLine } from './waiting-line.ts'

/** The time of an operation that asks to run. */
export interface TimeLeft {
  /** Aborts when the time is used up or the caller leaves; its reason is what the caller gets. */
  readonly signal: AbortSignal
  readonly remainingMs: number
}

/** What `/health/ready` shows of admission. Times are milliseconds. */
export interface AdmissionReport {
  readonly state: OverloadState
  readonly running: number
  /** Operations that may run at once now. */
  readonly limit: number
  /** Latency when nothing queues; undefined: not known yet. */
  readonly baselineMs: number | undefined
  readonly waiting: Readonly<Record<Priority, number>>
  /** Moving averages: lateness of the event loop in milliseconds, share of the heap, cascade risk. */
  readonly gauges: OverloadWatch['values']
  /** Since the start. `expired`: no time was left when its turn came; `left`: left or timed out while waiting. */
  readonly counts: Readonly<Record<'started' | 'expired' | 'left', number>> & {
    readonly refused: Refusals['counts']
  }
}

interface Place {
  readonly priority: Priority
  readonly time: TimeLeft
  readonly joinedAt: number
  /** What it will have left when it is served in the time that was promised to it. Milliseconds. */
  readonly promisedMs: number
  readonly start: () => void
  readonly refuse: (reason: unknown) => void
}

/**
 * In front of execution: lets as many operations run at once as their latency allows, lets a bounded number wait, the
 * important ones first, and refuses the rest before any work is done. Nothing without time left is ever started.
 */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #clock: Clock
  readonly #limit: ConcurrencyLimit
  readonly #line: WaitingLine<Place>
  readonly #priorities: RequestPriority
  readonly #refusals: Refusals
  readonly #watch: OverloadWatch
  readonly #own: OwnSources
  #running = 0
  /** Moving average of what an operation takes, to tell the wait from. */
  #tookMs = 0
  #counts = { started: 0, expired: 0, left: 0 }

  /** Throws BAD_OPTION naming the field and its value. */
  constructor(options: AdmissionOptions, surroundings: AdmissionSurroundings) {
    const { essentialOperations = [], risk, sources, random = Math.random, ...given } = options
    const { clock } = surroundings
    const limits = admissionLimits(given)
    this.#limits = limits
    this.#clock = clock
    this.#limit = new ConcurrencyLimit(limits, random, clock.now())
    this.#line = new WaitingLine(limits.queueMax)
    this.#priorities = new RequestPriority(essentialOperations)
    this.#refusals = new Refusals(limits, random, surroundings)
    this.#own = ownSources()
    const all = { ...this.#own, ...sources, risk: risk ?? (() => undefined) }
    this.#watch = new OverloadWatch(limits, all, surroundings, () => this.#clearLine())
  }

  /**
   * Refuses, from its unparsed text, what would be refused later anyway. Cheap when nothing is wrong. Throws OVERLOADED.
   * @param leftMs Time a query has.
   */
  glance(text: string, sheddable: boolean, leftMs: number): void {
    if (this.#watch.state.mode === 'normal' && this.#line.length === 0) return
    const highest = this.#priorities.highest(text, sheddable)
    // What looks like a mutation has more time than that.
    const refusal = this.#refusal(highest, highest === 'critical' ? Infinity : leftMs)
    if (refusal !== undefined) throw refusal
  }

  /** For work that holds no place, like a subscription: throws OVERLOADED when the mode does not let it pass. */
  check(ask: Ask): void {
    const priority = this.#priorities.of(ask)
    if (!this.#passes(priority)) throw this.#refusals.make('mode', priority)
  }

  /**
   * Runs `work` when its turn has come. Rejects with OVERLOADED, with DEADLINE_EXCEEDED when the time was used up
   * waiting, and with the signal's reason when the caller leaves the line; `work` is not called then.
   */
  async run(ask: Ask, time: TimeLeft, work: () => Promise<GraphQLAnswer>): Promise<GraphQLAnswer> {
    const turn = this.#enter(ask, time)
    if (turn !== undefined) await turn
    this.#counts.started++
    const startedAt = this.#clock.now()
    let telling: Telling = 'nothing'
    try {
      const answer = await work()
      telling = tellingOf(answer)
      return answer
    } catch (failure) {
      if (failure instanceof EnneadError && failure.code === 'DEADLINE_EXCEEDED') telling = 'slowness'
      throw failure
    } finally {
      this.#leave(startedAt, telling)
    }
  }

  report(): AdmissionReport {
    const line = this.#line
    return {
      state: this.#watch.state,
      running: this.#running,
      limit: this.#limit.current,
      baselineMs: this.#limit.baselineMs,
      waiting: {
        critical: line.waiting('critical'),
        default: line.waiting('default'),
        sheddable: line.waiting('sheddable'),
      },
      gauges: this.#watch.values,
      counts: { ...this.#counts, refused: this.#refusals.counts },
    }
  }

  /** Lets go of timers. What runs or waits goes on. Idempotent. */
  close(): void {
    this.#watch.close()
    this.#own.close()
  }

  /** Undefined: it may run at once, and has its place. */
  #enter(ask: Ask, time: TimeLeft): Promise<void> | undefined {
    const { remainingMs } = time
    if (remainingMs < this.#limits.startLeftMinMs) throw this.#expired(time)
    const free = this.#running < this.#limit.current && this.#line.length === 0
    if (free && this.#watch.state.mode === 'normal') {
      this.#running++
      return undefined
    }
    const priority = this.#priorities.of(ask)
    const refusal = this.#refusal(priority, remainingMs)
    if (refusal !== undefined) throw refusal
    if (free) {
      this.#running++
      return undefined
    }
    if (this.#line.full) this.#displace(priority)
    return this.#wait(priority, time)
  }

  #refusal(priority: Priority, leftMs: number): EnneadError | undefined {
    if (!this.#passes(priority)) return this.#refusals.make('mode', priority)
    if (this.#running < this.#limit.current && this.#line.length === 0) return undefined
    if (this.#line.full && !this.#line.canDisplace(priority)) return this.#refusals.make('full', priority)
    return this.#waitMs(priority) > leftMs * this.#limits.waitShareMax
      ? this.#refusals.make('wait', priority)
      : undefined
  }

  /** How long one who joins now will probably wait. */
  #waitMs(priority: Priority): number {
    const turnsMs = ((this.#line.ahead(priority) + 1) * this.#tookMs) / this.#limit.settled
    // More important ones that keep coming are not in the line yet; how long the first has waited tells of them.
    const first = this.#line.first(priority)
    return first === undefined ? turnsMs : Math.max(turnsMs, this.#clock.now() - first.joinedAt)
  }

  #passes(priority: Priority): boolean {
    const { mode } = this.#watch.state
    return mode === 'normal' || priority === 'critical' || (mode === 'shedding' && priority === 'default')
  }

  #wait(priority: Priority, time: TimeLeft): Promise<void> {
    const { signal } = time
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#line.leave(place)
        this.#counts.left++
        reject(signal.reason)
      }
      const place: Place = {
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
      this.#line.join(place)
      signal.addEventListener('abort', leave, { once: true })
      if (signal.aborted) leave()
    })
  }

  #leave(startedAt: number, telling: Telling): void {
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

  #serve(): void {
    while (this.#running < this.#limit.current) {
      const next = this.#line.serve()
      if (next === undefined) return
      if (this.#tooLate(next)) next.refuse(this.#expired(next.time))
      else {
        this.#running++
        next.start()
      }
    }
  }

  /** Whoever came late to its turn and has less left than work normally takes would be worked for in vain. */
  #tooLate({ time, promisedMs }: Place): boolean {
    const neededMs = Math.min(promisedMs, this.#limit.allowedMs)
    return time.remainingMs < Math.max(this.#limits.startLeftMinMs, neededMs)
  }

  #displace(priority: Priority): void {
    const displaced = this.#line.displace(priority)
    displaced?.refuse(this.#refusals.make('displaced', displaced.priority))
  }

  /** The mode has changed: whoever it does not let pass must not wait for nothing. */
  #clearLine(): void {
    const { mode } = this.#watch.state
    if (mode === 'normal') return
    const lowest = mode === 'essential' ? 'critical' : 'default'
    for (let one = this.#line.displace(lowest); one !== undefined; one = this.#line.displace(lowest)) {
      one.refuse(this.#refusals.make('mode', one.priority))
    }
  }

  #expired({ signal }: TimeLeft): unknown {
    this.#counts.expired++
    if (signal.aborted) return signal.reason
    return new EnneadError('DEADLINE_EXCEEDED', 'the time for this request was used up before it could begin')
  }
}

/** Weight of the newest duration in their moving average. */
const tookWeight = 0.05

/**
 * What the end of an operation tells: its latency; or that it was slow, if it was, since what was cut short by a deadline
 * or a failure would have taken longer; or nothing, since refusals and failures can be far quicker than work.
 */
type Telling = 'latency' | 'slowness' | 'nothing'

function tellingOf({ data, errors }: GraphQLAnswer): Telling {
  if (data === undefined || data === null) return 'nothing'
  return errors === undefined ? 'latency' : 'slowness'
}

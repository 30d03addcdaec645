import type { Priority } from '../../dispatch/port.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { SplicedAnswer } from '../execution/compiled/spliced-answer.ts'
import type { GraphQLAnswer } from '../engine.ts'
import { admissionLimits } from './admission-limits.ts'
import type { AdmissionLimits } from './admission-limits.ts'
import type { AdmissionOptions, AdmissionSurroundings } from './admission-options.ts'
import { ownSources } from './load-sources.ts'
import type { OwnSources } from './load-sources.ts'
import { OverloadWatch } from './overload-watch.ts'
import type { OverloadState } from './overload-watch.ts'
import { Places } from './places.ts'
import type { PlacesReport, Telling, TimeLeft, Waiter } from './places.ts'
import { Refusals } from './refusals.ts'
import type { RefusalReason } from './refusals.ts'
import { RequestPriority } from './request-priority.ts'
import type { Ask } from './request-priority.ts'

/** What `/health/ready` shows of admission. Times are milliseconds. */
export interface AdmissionReport extends Omit<PlacesReport, 'expired' | 'left'> {
  readonly state: OverloadState
  /** Moving averages: lateness of the event loop in milliseconds, share of the heap, cascade risk. */
  readonly gauges: OverloadWatch['values']
  /** Since the start; `expired` and `left` are those of the line. */
  readonly counts: Readonly<Record<'started' | 'expired' | 'left', number>> & {
    readonly refused: Refusals['counts']
  }
}

/**
 * In front of execution: lets as many operations run at once as their latency allows, lets a bounded number wait, the
 * important ones first, and refuses the rest before any work is done. Nothing without time left is ever started.
 */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #clock: Clock
  readonly #places: Places
  readonly #priorities: RequestPriority
  readonly #refusals: Refusals
  readonly #watch: OverloadWatch
  readonly #own: OwnSources
  #started = 0

  /** Throws BAD_OPTION naming the field and its value. */
  constructor(options: AdmissionOptions, surroundings: AdmissionSurroundings) {
    const { essentialOperations = [], risk, sources, random = Math.random, ...given } = options
    const { clock } = surroundings
    const limits = admissionLimits(given)
    this.#limits = limits
    this.#clock = clock
    this.#places = new Places(limits, clock, random)
    this.#priorities = new RequestPriority(essentialOperations, limits.sheddableComplexity)
    this.#refusals = new Refusals(limits, random, surroundings)
    this.#own = ownSources(limits.gaugeEveryMs)
    const all = { ...this.#own, ...sources, risk: risk ?? (() => undefined) }
    this.#watch = new OverloadWatch(limits, all, surroundings, () => this.#clearLine())
  }

  /**
   * Refuses, from its unparsed text, what would be refused later anyway. Cheap when nothing is wrong. Throws OVERLOADED.
   * @param leftMs Time a query has.
   */
  glance(text: string, sheddable: boolean, leftMs: number): void {
    if (this.#watch.state.mode === 'normal' && !this.#places.anyoneWaits) return
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
    this.#started++
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
      this.#places.leave(startedAt, telling)
    }
  }

  report(): AdmissionReport {
    const { expired, left, ...places } = this.#places.report()
    return {
      state: this.#watch.state,
      ...places,
      gauges: this.#watch.values,
      counts: { started: this.#started, expired, left, refused: this.#refusals.counts },
    }
  }

  /** Lets go of timers. What runs or waits goes on. Idempotent. */
  close(): void {
    this.#watch.close()
    this.#own.close()
  }

  /** Undefined: it may run at once, and has its place. */
  #enter(ask: Ask, time: TimeLeft): Promise<void> | undefined {
    const places = this.#places
    const { remainingMs } = time
    if (remainingMs < this.#limits.startLeftMinMs) throw places.expired(time)
    if (!places.room || this.#watch.state.mode !== 'normal') {
      const priority = this.#priorities.of(ask)
      const refusal = this.#refusal(priority, remainingMs)
      if (refusal !== undefined) throw refusal
      if (!places.room) return places.wait(priority, time, waiter => this.#refuse(waiter, 'displaced'))
    }
    places.take()
    return undefined
  }

  #refusal(priority: Priority, leftMs: number): EnneadError | undefined {
    const reason = this.#passes(priority) ? this.#places.obstacle(priority, leftMs) : 'mode'
    return reason === undefined ? undefined : this.#refusals.make(reason, priority)
  }

  #passes(priority: Priority): boolean {
    const { mode } = this.#watch.state
    return mode === 'normal' || priority === 'critical' || (mode === 'shedding' && priority === 'default')
  }

  #refuse(waiter: Waiter, reason: RefusalReason): void {
    waiter.refuse(this.#refusals.make(reason, waiter.priority))
  }

  /** The mode has changed: whoever it does not let pass must not wait for nothing. */
  #clearLine(): void {
    const { mode } = this.#watch.state
    if (mode === 'normal') return
    const lowest = mode === 'essential' ? 'critical' : 'default'
    while (this.#places.putOut(lowest, waiter => this.#refuse(waiter, 'mode'))) continue
  }
}

function tellingOf(answer: GraphQLAnswer): Telling {
  if (answer instanceof SplicedAnswer) return 'latency'
  const { data, errors } = answer
  if (data === undefined || data === null) return 'nothing'
  return errors === undefined ? 'latency' : 'slowness'
}

import { EnneadError } from '../kernel/errors.ts'
import type { ErrorCode, FailureKind } from '../kernel/errors.ts'
import { RunningAttempt } from './attempt.ts'
import type { AttemptOwner } from './attempt.ts'
import { type CalledFor, watchCaller } from './caller.ts'
import { chooseLane, chooseLastResort, chooseProbe } from './choice.ts'
import type { Asked } from './choice.ts'
import type { Core, Lane, OperationPlan } from './core.ts'
import { Deadline } from './deadline-list.ts'
import type { AttemptReason } from './events.ts'
import { callerLeft, deadlineExceeded, domainClosed, noneAnswered, unknownOutcome } from './failures.ts'
import type { Entry } from './health/breaker.ts'
import { Ballot } from './ballot.ts'

/** What one call was made with. */
export interface RunTerms {
  readonly input: unknown
  readonly signal: AbortSignal | undefined
  readonly idempotent: boolean
  readonly attemptMs: number
  readonly startedAt: number
  readonly endsAt: number
  /** How it got past the operation's breaker. */
  readonly entry: Entry
  readonly requestId: string | undefined
}

/** One call, from its first attempt to its one answer. As a `Deadline` it is the time of its next hedge. */
export class Run extends Deadline implements AttemptOwner, Asked, CalledFor {
  readonly core: Core
  readonly plan: OperationPlan
  readonly input: unknown
  readonly requestId: string | undefined
  readonly #terms: RunTerms
  readonly #resolve: (answer: unknown) => void
  readonly #reject: (failure: unknown) => void
  notAgain = 0
  thisRound = 0
  ever = 0
  #round = 1
  #running = 0
  #attempts = 0
  #answers = 0
  #done = false
  #blamed = false
  #newest: RunningAttempt | undefined
  #ballot: Ballot | undefined
  #failures: unknown[] | undefined
  #inReserve: { readonly attempt: RunningAttempt; readonly answer: unknown } | undefined
  /** The calls of the same caller. */
  #together: Set<CalledFor> | undefined

  constructor(
    core: Core,
    plan: OperationPlan,
    terms: RunTerms,
    resolve: (answer: unknown) => void,
    reject: (failure: unknown) => void,
  ) {
    super()
    this.core = core
    this.plan = plan
    this.input = terms.input
    this.requestId = terms.requestId
    this.#terms = terms
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Must already have its place in the domain's bulkhead. */
  start(): void {
    const { signal, idempotent, startedAt } = this.#terms
    const { need, fan, keepOthers } = this.plan.policy
    if (signal !== undefined) this.#together = watchCaller(signal, this)
    for (let asked = 0; asked < need && !this.#done; asked++) this.#ask('first', false, startedAt)
    if (need > 1 || idempotent) {
      for (let asked = need; asked < fan; asked++) this.#askBeside('race', keepOthers !== true, startedAt)
    }
    if (!idempotent || this.#done) return
    this.#probe(startedAt)
    if (this.plan.policy.delay !== Infinity) this.#waitForHedge(startedAt)
  }

  answered(attempt: RunningAttempt, answer: unknown, now: number): void {
    this.#running--
    if (this.#done) return
    const { need, same, preference } = this.plan.policy
    if (attempt.entry.is === 'probe' && this.#running > 0 && preference === 'order') {
      // The agent that was to be asked comes first; this answer stands in if it fails.
      this.#inReserve = { attempt, answer }
      return
    }
    this.#answers++
    if (same !== undefined && need > 1) {
      this.#ballot ??= new Ballot(same)
      if (this.#votes(this.#ballot, answer) >= need) this.#succeed(attempt, answer, now)
    } else if (this.#answers >= need) this.#succeed(attempt, answer, now)
    if (this.#done || this.#running > 0) return
    if (this.#disagreed) {
      const { core, plan } = this
      core.emit?.({ is: 'disagreed', domain: core.domain, operation: plan.name, answers: this.#answers })
    }
    this.#ask('failover', true, now)
  }

  failed(attempt: RunningAttempt, failure: unknown, kind: FailureKind, blamed: boolean, now: number): void {
    this.#running--
    if (this.#done) return
    this.#blamed ||= blamed
    if (kind === 'caller') {
      // No other agent would answer differently, and this one did its work.
      this.#end(now, true, attempt)
      this.plan.breaker.succeeded(this.#terms.entry)
      this.#settleWith(failure, now)
      return
    }
    // An overloaded agent is not asked a second time: that is how overload grows.
    if (kind !== 'overload') this.notAgain &= ~attempt.lane.agent.bit
    if (!this.#terms.idempotent && kind !== 'overload' && kind !== 'expired') {
      this.#fail(unknownOutcome(this.core.domain, this.plan.name, failure), now)
      return
    }
    this.#failures ??= []
    this.#failures.push(failure)
    // Beside a probe another attempt is already at work.
    if (attempt.entry.is === 'probe' && this.#running > 0) return
    const reserve = this.#inReserve
    if (reserve !== undefined && this.#running === 0) {
      this.#inReserve = undefined
      this.#running++
      this.answered(reserve.attempt, reserve.answer, now)
    } else this.#ask('failover', kind !== 'overload', now) // Who refused did no work, and is not asked again.
  }

  /** Time for a hedge. */
  override expire(now: number): void {
    if (!this.core.budget.plenty || !this.#askBeside('hedge', true, now)) return
    if (this.#attempts < this.plan.lanes.length) this.#waitForHedge(now)
  }

  abandon(signal: AbortSignal): void {
    if (this.#done) return
    const now = this.core.clock.now()
    this.#end(now, false, undefined)
    this.plan.breaker.endedNeutrally(this.#terms.entry)
    this.#settleWith(callerLeft(signal.reason), now)
  }

  /** The dispatcher closes. */
  close(now: number): void {
    if (this.#done) return
    const closed = domainClosed(this.core.domain)
    this.#fail(
      this.#terms.idempotent ? closed : unknownOutcome(this.core.domain, this.plan.name, closed),
      now,
    )
  }

  #votes(ballot: Ballot, answer: unknown): number {
    try {
      return ballot.count(answer)
    } catch (failure) {
      this.#failures ??= []
      this.#failures.push(failure)
      return 0
    }
  }

  get #disagreed(): boolean {
    return this.#ballot !== undefined && this.#answers > 1
  }

  /** It has had all the attempts its policy allows. */
  get #usedUp(): boolean {
    return this.#attempts >= (this.plan.policy.attemptsMax ?? Infinity)
  }

  /** Asks one more agent, also an open one if it must; gives up when that cannot be and nobody is at work. */
  #ask(reason: AttemptReason, costs: boolean, now: number): void {
    const { budget, limits } = this.core
    const inTime = now + limits.attemptMinMs <= this.#terms.endsAt
    const lane = inTime && !this.#usedUp && (!costs || budget.some) ? this.#choose(now) : undefined
    if (lane !== undefined) {
      if (costs) budget.spend()
      this.#begin(lane, reason, now)
    } else if (this.#running === 0) this.#giveUp(inTime, now)
  }

  /** Asks one more agent beside those at work, unless only open ones are left. */
  #askBeside(reason: AttemptReason, costs: boolean, now: number): boolean {
    const { core } = this
    if (this.#done || this.#usedUp || now + core.limits.attemptMinMs > this.#terms.endsAt) return false
    if (costs && !core.budget.some) return false
    const lane = chooseLane(core, this.plan, this, now)
    if (lane === undefined) return false
    if (costs) core.budget.spend()
    this.#begin(lane, reason, now)
    return true
  }

  #choose(now: number): Lane | undefined {
    const { core, plan } = this
    let lane = chooseLane(core, plan, this, now)
    while (lane === undefined && this.thisRound !== 0 && this.#round < core.limits.roundsMax) {
      this.#round++
      this.thisRound = 0
      lane = chooseLane(core, plan, this, now)
    }
    return lane ?? chooseLastResort(plan, this)
  }

  /** Lets one call in a while find out whether an open agent is well again, without waiting for it. */
  #probe(now: number): void {
    const lane = chooseProbe(this.plan, this, now)
    if (lane === undefined || this.#usedUp || !this.core.budget.some) return
    this.core.budget.spend()
    this.#begin(lane, 'probe', now)
  }

  #begin(lane: Lane, reason: AttemptReason, now: number): void {
    const { attemptMs, endsAt } = this.#terms
    const { bit } = lane.agent
    this.thisRound |= bit
    this.notAgain |= bit
    this.ever |= bit
    this.#running++
    this.#attempts++
    const attemptEnd = now + attemptMs < endsAt ? now + attemptMs : endsAt
    const fair = attemptEnd - now >= this.plan.attemptMs * this.core.limits.fairShare
    this.#newest = new RunningAttempt(this, lane, this.#attempts, now, attemptEnd, fair, this.#newest)
    this.#newest.start(reason)
  }

  #waitForHedge(now: number): void {
    const { policy, latency } = this.plan
    this.core.hedges.add(this, now + (policy.delay === 'p95' ? latency.p95Ms : policy.delay))
  }

  #giveUp(inTime: boolean, now: number): void {
    const { core, plan } = this
    const failures = this.#failures ?? []
    this.#fail(
      inTime
        ? noneAnswered(core.domain, plan.name, failures, plan.lanes.length, this.#disagreed, plan.attemptMs)
        : deadlineExceeded(core.domain, plan.name, failures),
      now,
    )
  }

  #succeed(winner: RunningAttempt, answer: unknown, now: number): void {
    this.#end(now, true, winner)
    this.plan.breaker.succeeded(this.#terms.entry)
    if (this.core.emit !== undefined) this.#emitEnded('ok', now)
    this.#resolve(answer)
  }

  #fail(failure: EnneadError, now: number): void {
    this.#end(now, false, undefined)
    if (this.#blamed) this.plan.breaker.failed(this.#terms.entry, now)
    else this.plan.breaker.endedNeutrally(this.#terms.entry)
    this.#settleWith(failure, now)
  }

  #settleWith(failure: unknown, now: number): void {
    if (this.core.emit !== undefined) {
      this.#emitEnded(failure instanceof EnneadError ? failure.code : 'INTERNAL', now)
    }
    this.#reject(failure)
  }

  /** Lets go of everything the call holds. */
  #end(now: number, good: boolean, winner: RunningAttempt | undefined): void {
    this.#done = true
    this.core.bulkhead.leave()
    this.core.hedges.remove(this)
    this.#together?.delete(this)
    if (this.#running === 0) return
    for (let attempt = this.#newest; attempt !== undefined; attempt = attempt.older) {
      // A probe goes on: whether its agent is well is still worth knowing.
      if (good && (this.plan.policy.keepOthers === true || attempt.entry.is === 'probe')) continue
      attempt.stop(now, winner !== undefined && attempt.startedAt <= winner.startedAt)
    }
  }

  #emitEnded(outcome: 'ok' | ErrorCode, now: number): void {
    const { core, plan } = this
    const tookMs = now - this.#terms.startedAt
    core.emit?.({
      is: 'callEnded',
      domain: core.domain,
      operation: plan.name,
      outcome,
      tookMs,
      attempts: this.#attempts,
      requestId: this.requestId,
    })
  }
}

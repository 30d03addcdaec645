import { EnneadError } from '../kernel/errors.ts'
import type { FailureKind } from '../kernel/errors.ts'
import type { Core, Lane, OperationPlan } from './core.ts'
import { Deadline } from './deadline-list.ts'
import type { AttemptReason } from './events.ts'
import { agentTimeout, kindOfAgentFailure, notAccepted } from './failures.ts'
import type { Entry } from './health/breaker.ts'
import type { Attempt } from './port.ts'
import type { Stop } from '../kernel/stop.ts'

/** The call an attempt belongs to. */
export interface AttemptOwner {
  readonly core: Core
  readonly plan: OperationPlan
  readonly input: unknown
  readonly requestId: string | undefined
  answered(attempt: RunningAttempt, answer: unknown, now: number): void
  /** `blamed`: it counted against the agent. */
  failed(attempt: RunningAttempt, failure: unknown, kind: FailureKind, blamed: boolean, now: number): void
  /** Ends the call if it still runs. */
  close(now: number): void
}

/**
 * One agent at work for one call; the agent gets this very object as its `Attempt`. It ends once: answered, failed,
 * out of time or stopped. In the last two the agent may still be at work, so it keeps its place in the agent's
 * bulkhead as a laggard until it ends or `laggardMs` have passed.
 */
export class RunningAttempt extends Deadline implements Attempt, Stop {
  readonly number: number
  readonly lane: Lane
  readonly entry: Entry
  readonly startedAt: number
  /** The next older attempt of the same call. */
  readonly older: RunningAttempt | undefined
  readonly #owner: AttemptOwner
  /** Had enough time for a timeout to be the agent's fault. */
  readonly #fair: boolean
  #phase: 'running' | 'lagging' | 'over' = 'running'
  #controller: AbortController | undefined
  #told: ((reason: unknown) => void) | undefined

  constructor(
    owner: AttemptOwner,
    lane: Lane,
    number: number,
    startedAt: number,
    endsAt: number,
    fair: boolean,
    older: RunningAttempt | undefined,
  ) {
    super()
    this.#owner = owner
    this.lane = lane
    this.number = number
    this.startedAt = startedAt
    this.deadline = endsAt
    this.#fair = fair
    this.older = older
    this.entry = lane.agent.breaker.enter(startedAt)
  }

  /** Made only for agents that read it: most answers come without. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#phase !== 'running') this.#controller.abort(stoppedReason())
    }
    return this.#controller.signal
  }

  get stopping(): Stop {
    return this
  }

  get stopped(): boolean {
    return this.#phase !== 'running'
  }

  onStopped(run: (reason: unknown) => void): void {
    if (this.stopped) run(stoppedReason())
    else this.#told = run
  }

  get requestId(): string | undefined {
    return this.#owner.requestId
  }

  get remainingMs(): number {
    return this.running ? Math.max(0, this.deadline - this.#owner.core.clock.now()) : 0
  }

  get running(): boolean {
    return this.#phase === 'running'
  }

  start(reason: AttemptReason): void {
    const { core, input } = this.#owner
    this.lane.agent.running++
    core.deadlines.add(this, this.deadline)
    if (core.emit !== undefined) this.#emitStarted(reason)
    let answer: Promise<unknown>
    try {
      answer = Promise.resolve(this.lane.run(input, this))
    } catch (failure) {
      // A throw before the first await is a failure like any other.
      answer = Promise.reject(failure)
    }
    answer.then(
      value => this.#answered(value),
      (failure: unknown) => this.#failed(failure),
    )
  }

  /**
   * Nobody needs it any more. `overtaken`: another agent that began no earlier has answered. An agent that is always
   * overtaken would never be judged, so now and then its attempt is left to end by itself.
   */
  stop(now: number, overtaken: boolean): void {
    if (this.#phase !== 'running') return
    const { core } = this.#owner
    const { agent, load } = this.lane
    if (overtaken) {
      load.observeAtLeast(now - this.startedAt, now)
      if (++agent.overtaken > core.limits.overtakenMax) {
        agent.overtaken = 0
        return
      }
    }
    core.deadlines.remove(this)
    agent.breaker.endedNeutrally(this.entry)
    this.#lag(now)
    this.#emitEnded('stopped', now)
    this.#tell(stoppedReason())
  }

  /** The dispatcher closes. */
  close(now: number): void {
    this.#owner.close(now)
    this.stop(now, false)
  }

  override expire(now: number): void {
    if (this.#phase === 'lagging') {
      this.#phase = 'over'
      this.lane.agent.lagging--
      return
    }
    const { plan } = this.#owner
    const { agent, load } = this.lane
    const failure = agentTimeout(agent.name, plan.name, this.deadline - this.startedAt)
    this.#lag(now)
    load.observe(Math.max(now - this.startedAt, plan.attemptMs), now)
    if (this.#fair) agent.failed(this.entry, failure, now)
    else agent.breaker.endedNeutrally(this.entry)
    this.#emitEnded('timeout', now)
    this.#tell(failure)
    this.#owner.failed(this, failure, 'timeout', this.#fair, now)
  }

  #answered(answer: unknown): void {
    const { core, plan } = this.#owner
    const now = core.clock.now()
    if (!this.#over(now)) return
    const { accept } = plan.policy
    if (accept !== undefined) {
      const refusal = whyNotAccepted(accept, answer)
      if (refusal !== undefined) {
        this.#judge(notAccepted(this.lane.agent.name, plan.name, refusal), 'fault', now)
        return
      }
    }
    const tookMs = now - this.startedAt
    this.lane.load.observe(tookMs, now)
    plan.latency.add(tookMs)
    this.lane.agent.succeeded(this.entry)
    if (core.emit !== undefined) this.#emitEnded('ok', now)
    this.#owner.answered(this, answer, now)
  }

  #failed(failure: unknown): void {
    const now = this.#owner.core.clock.now()
    if (this.#over(now)) this.#judge(failure, kindOfAgentFailure(failure), now)
  }

  #judge(failure: unknown, kind: FailureKind, now: number): void {
    const { agent, load } = this.lane
    const tookMs = now - this.startedAt
    const { attemptMs } = this.#owner.plan
    let blamed = false
    if (kind === 'caller') {
      load.observe(tookMs, now)
      agent.succeeded(this.entry)
    } else if (kind === 'overload' || kind === 'expired') {
      // A quick refusal must not look like a quick agent.
      load.observe(Math.max(tookMs, attemptMs), now)
      agent.breaker.endedNeutrally(this.entry)
    } else {
      load.observe(Math.max(tookMs, attemptMs), now)
      agent.failed(this.entry, failure, now)
      blamed = true
    }
    this.#emitEnded(kind, now)
    this.#owner.failed(this, failure, kind, blamed, now)
  }

  /** True when it ends now; false when it had been given up before and this comes too late. */
  #over(now: number): boolean {
    const { core, plan } = this.#owner
    if (this.#phase === 'running') {
      this.#phase = 'over'
      this.lane.agent.running--
      core.deadlines.remove(this)
      return true
    }
    if (this.#phase === 'lagging') {
      this.#phase = 'over'
      this.lane.agent.lagging--
      core.laggards.remove(this)
    }
    core.emit?.({
      is: 'late',
      domain: core.domain,
      operation: plan.name,
      agent: this.lane.agent.name,
      number: this.number,
      tookMs: now - this.startedAt,
    })
    return false
  }

  #tell(reason: EnneadError): void {
    this.#controller?.abort(reason)
    this.#told?.(reason)
  }

  #lag(now: number): void {
    const { core } = this.#owner
    this.#phase = 'lagging'
    this.lane.agent.running--
    this.lane.agent.lagging++
    core.laggards.add(this, now + core.limits.laggardMs)
  }

  #emitStarted(reason: AttemptReason): void {
    const { core, plan } = this.#owner
    const where = { domain: core.domain, operation: plan.name, agent: this.lane.agent.name }
    core.emit?.({ is: 'attemptStarted', ...where, number: this.number, reason })
    if (this.entry.is === 'probe') core.emit?.({ is: 'probed', ...where })
  }

  #emitEnded(outcome: 'ok' | 'stopped' | FailureKind, now: number): void {
    const { core, plan } = this.#owner
    core.emit?.({
      is: 'attemptEnded',
      domain: core.domain,
      operation: plan.name,
      agent: this.lane.agent.name,
      number: this.number,
      outcome,
      tookMs: now - this.startedAt,
    })
  }
}

function stoppedReason(): EnneadError {
  return new EnneadError('CANCELLED', 'the attempt was given up: its answer is not needed any more')
}

/** Undefined: it is accepted. */
function whyNotAccepted(accept: (answer: unknown) => boolean, answer: unknown): unknown {
  try {
    return accept(answer) ? undefined : new EnneadError('AGENT_FAULT', 'the answer failed its check')
  } catch (failure) {
    return failure ?? new EnneadError('AGENT_FAULT', 'the check of the answer failed')
  }
}

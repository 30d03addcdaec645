import { systemClock } from '../kernel/clock.ts'
import { EnneadError } from '../kernel/errors.ts'
import type { DomainHealth } from '../kernel/health.ts'
import { RunningAttempt } from './attempt.ts'
import { Bulkhead } from './bulkhead.ts'
import { RetryBudget } from './budget.ts'
import type { Core, OperationPlan } from './core.ts'
import { DeadlineList } from './deadline-list.ts'
import type { DispatchEvent } from './events.ts'
import {
  callerLeft,
  deadlineExceeded,
  domainClosed,
  domainFull,
  noAgentFor,
  operationOpen,
} from './failures.ts'
import { reportHealth } from './health/report.ts'
import { checkDuration } from '../kernel/check.ts'
import { checkLimits } from './options.ts'
import type { DispatcherOptions } from './options.ts'
import { describeAgents, planOperations, withPolicy } from './plan.ts'
import type { Roster } from './plan.ts'
import type { Policy } from './policy.ts'
import type { CallOptions, Dispatcher, InputOf, OutputOf, Port, Priority } from './port.ts'
import { Run } from './run.ts'

/** What a dispatcher holds at this moment. All zero, and nothing armed for long, when nothing is under way. */
export interface DispatcherUsage {
  readonly callsRunning: number
  readonly callsMax: number
  /** Attempts each agent may have running, as the options say. */
  readonly agentRunningMax: number
  /** Attempts and hedges that are waited for. */
  readonly deadlines: number
  /** Attempts beyond those a policy needs that may be started now. */
  readonly budget: number
  readonly agents: readonly {
    readonly name: string
    readonly running: number
    /** Given up, but not ended. */
    readonly lagging: number
    readonly phase: 'closed' | 'open' | 'probing'
  }[]
}

/** A dispatcher with its gauges. */
export interface MeasuredDispatcher<P extends Port<P>> extends Dispatcher<P> {
  usage(): DispatcherUsage
  /** Calls from now on use `policy` for `operation`; undefined: the one it was made with. Throws BAD_OPTION. */
  setPolicy(operation: keyof P & string, policy: Policy | undefined): void
}

/** How domains come by their dispatchers; replaced where every call is to be watched or disturbed. */
export type CreateDispatcher = typeof createDispatcher

/**
 * The one way to a domain's agents: chooses them by health and load, fails over, hedges or votes as each operation's
 * policy says, and bounds time, concurrency and repetition. Throws BAD_OPTION for options that are not allowed.
 */
export function createDispatcher<P extends Port<P>>(options: DispatcherOptions<P>): MeasuredDispatcher<P> {
  return new DomainDispatcher<P>(options)
}

const noOptions: CallOptions = {}

class DomainDispatcher<P extends Port<P>> implements MeasuredDispatcher<P> {
  readonly #core: Core
  readonly #roster: Roster
  readonly #made: ReadonlyMap<string, OperationPlan>
  readonly #plans: Map<string, OperationPlan>
  readonly #callsMax: number
  #closed = false

  constructor(options: DispatcherOptions<P>) {
    const limits = checkLimits(options)
    const clock = options.clock ?? systemClock
    const random = options.random ?? Math.random
    const emit = guardedObserver(options.observe)
    const { domain } = options
    this.#roster = describeAgents(options, limits, random, emit)
    const { agents } = this.#roster
    this.#callsMax = limits.domainRunningMax ?? Math.max(1, agents.length * limits.agentRunningMax)
    const list = (): DeadlineList =>
      new DeadlineList(clock, limits, lateMs => emit?.({ is: 'stalled', domain, lateMs }))
    this.#core = {
      domain,
      clock,
      random,
      limits,
      emit,
      budget: new RetryBudget(limits.budgetPerCall, limits.budgetPerSecond, limits.budgetMax, clock.now()),
      bulkhead: new Bulkhead(this.#callsMax, limits.sheddableShare, limits.defaultShare),
      deadlines: list(),
      hedges: list(),
      laggards: list(),
    }
    this.#made = planOperations(options, this.#core, this.#roster)
    this.#plans = new Map(this.#made)
  }

  call<O extends keyof P & string>(
    operation: O,
    input: InputOf<P, O>,
    options: CallOptions = noOptions,
  ): Promise<OutputOf<P, O>> {
    const plan = this.#plans.get(operation)
    const now = this.#core.clock.now()
    const refusal = this.#refuse(operation, plan, options, now)
    if (refusal !== undefined || plan === undefined) return Promise.reject(refusal)
    const timeoutMs = options.timeoutMs ?? plan.timeoutMs
    const { remainingMs } = options
    const terms = {
      input,
      signal: options.signal,
      idempotent: options.idempotent ?? plan.policy.idempotent,
      attemptMs: options.attemptMs ?? plan.attemptMs,
      startedAt: now,
      endsAt: now + (remainingMs !== undefined && remainingMs < timeoutMs ? remainingMs : timeoutMs),
      entry: plan.breaker.enter(now),
      requestId: options.requestId,
    }
    this.#core.budget.earn(now, plan.policy.need)
    // An agent's answer to operation O of the port P is what P says it is; the map of plans cannot express that.
    return new Promise<unknown>((resolve, reject) => {
      new Run(this.#core, plan, terms, resolve, reject).start()
    }) as Promise<OutputOf<P, O>>
  }

  health(): DomainHealth {
    const { domain, limits, clock } = this.#core
    const served = [...this.#plans.values()].map(plan => plan.lanes.map(lane => lane.agent))
    return reportHealth(domain, this.#roster.all, served, limits.agentTrip, clock.now())
  }

  usage(): DispatcherUsage {
    const { bulkhead, budget, deadlines, hedges, limits } = this.#core
    return {
      callsRunning: bulkhead.running,
      callsMax: this.#callsMax,
      agentRunningMax: limits.agentRunningMax,
      deadlines: deadlines.length + hedges.length,
      budget: budget.saved,
      agents: this.#roster.agents.map(({ name, running, lagging, breaker }) => ({
        name,
        running,
        lagging,
        phase: breaker.phase,
      })),
    }
  }

  setPolicy(operation: keyof P & string, policy: Policy | undefined): void {
    const made = this.#made.get(operation)
    if (made === undefined) {
      throw new EnneadError('BAD_OPTION', `the ${this.#core.domain} domain has no operation ${operation}`)
    }
    this.#plans.set(operation, policy === undefined ? made : withPolicy(made, policy, this.#core.limits))
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    const { clock, deadlines, hedges, laggards } = this.#core
    const now = clock.now()
    // Every call under way has an attempt in this list; ending a call takes all of its attempts out.
    for (let item = deadlines.first; item !== undefined; item = deadlines.first) {
      if (item instanceof RunningAttempt) item.close(now)
    }
    for (const list of [deadlines, hedges, laggards]) list.close()
  }

  /** Why a call may not begin; undefined: it may, and has its place in the bulkhead. */
  #refuse(
    operation: string,
    plan: OperationPlan | undefined,
    options: CallOptions,
    now: number,
  ): EnneadError | undefined {
    const { domain } = this.#core
    if (this.#closed) return domainClosed(domain)
    if (plan === undefined) return noAgentFor(domain, operation, 0, 1)
    const { need } = plan.policy
    if (plan.lanes.length < need) return noAgentFor(domain, operation, plan.lanes.length, need)
    const wrong = wrongTime(options)
    if (wrong !== undefined) return wrong
    if (options.remainingMs !== undefined && !(options.remainingMs > 0)) {
      return deadlineExceeded(domain, operation, [])
    }
    if (options.signal?.aborted === true) return callerLeft(options.signal.reason)
    const priority = options.priority ?? 'default'
    if (!plan.breaker.closed && priority !== 'critical' && !plan.breaker.probeIsDue(now)) {
      const failure = operationOpen(domain, operation, plan.breaker.restsUntil - now)
      return this.#shed(plan, 'open', priority, failure)
    }
    if (!this.#core.bulkhead.enter(priority)) {
      return this.#shed(plan, 'full', priority, domainFull(domain, operation, plan.attemptMs))
    }
    return undefined
  }

  #shed(plan: OperationPlan, why: 'full' | 'open', priority: Priority, failure: EnneadError): EnneadError {
    const { domain, emit } = this.#core
    const { retryAfterMs } = failure.facts
    if (emit !== undefined && typeof retryAfterMs === 'number') {
      emit({ is: 'shed', domain, operation: plan.name, why, priority, retryAfterMs })
    }
    return failure
  }
}

function wrongTime(options: CallOptions): EnneadError | undefined {
  if (options.attemptMs === undefined && options.timeoutMs === undefined) return undefined
  try {
    if (options.attemptMs !== undefined) checkDuration('attemptMs', options.attemptMs)
    if (options.timeoutMs !== undefined) checkDuration('timeoutMs', options.timeoutMs)
    return undefined
  } catch (failure) {
    if (failure instanceof EnneadError) return failure
    throw failure
  }
}

/** An observer that throws must not change what callers get. */
function guardedObserver(
  observe: ((event: DispatchEvent) => void) | undefined,
): ((event: DispatchEvent) => void) | undefined {
  if (observe === undefined) return undefined
  let warned = false
  return event => {
    try {
      observe(event)
    } catch (failure) {
      if (warned) return
      warned = true
      process.emitWarning(failure instanceof Error ? failure : String(failure))
    }
  }
}

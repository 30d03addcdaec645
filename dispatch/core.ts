import type { Clock, Random } from '../kernel/clock.ts'
import type { RetryBudget } from './budget.ts'
import type { Bulkhead } from './bulkhead.ts'
import type { DeadlineList } from './deadline-list.ts'
import type { DispatchEvent } from './events.ts'
import type { AgentRecord } from './health/agent-record.ts'
import type { Breaker } from './health/breaker.ts'
import type { LatencyWindow } from './health/latency.ts'
import type { PeakLoad } from './health/load.ts'
import type { DispatchLimits } from './options.ts'
import type { Policy } from './policy.ts'
import type { Operation } from './port.ts'

/** What all calls of a domain share. */
export interface Core {
  readonly domain: string
  readonly clock: Clock
  readonly random: Random
  readonly limits: DispatchLimits
  readonly budget: RetryBudget
  readonly bulkhead: Bulkhead
  /** Ends of running attempts. */
  readonly deadlines: DeadlineList
  /** Times at which calls ask one more agent. */
  readonly hedges: DeadlineList
  /** When attempts that were given up are forgotten. */
  readonly laggards: DeadlineList
  /** Undefined when nobody observes, so that no event is made. */
  readonly emit: ((event: DispatchEvent) => void) | undefined
}

/** One operation of the port and the agents that can serve it. */
export interface OperationPlan {
  readonly name: string
  readonly policy: Policy
  readonly lanes: readonly Lane[]
  readonly attemptMs: number
  readonly timeoutMs: number
  readonly latency: LatencyWindow
  /** Kept apart for each operation, so that one that nobody can serve does not take the others with it. */
  readonly breaker: Breaker
}

/** One agent's way to serve one operation. */
export interface Lane {
  readonly agent: AgentRecord
  readonly load: PeakLoad
  readonly run: Operation<unknown, unknown>
  readonly able: (input: unknown) => boolean
}

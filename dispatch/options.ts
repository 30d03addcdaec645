import type { Clock, Random } from '../kernel/clock.ts'
import { checkDuration, checkInteger, checkNumber, longestMs } from '../kernel/check.ts'
import type { DispatchEvent } from './events.ts'
import type { Policy } from './policy.ts'
import type { AbsentAgent, Agent, Port } from './port.ts'

/** The numbers a domain's dispatcher works with. */
export interface DispatchLimits {
  /** The whole call, all attempts together. Milliseconds. Default 200. */
  readonly timeoutMs: number
  /** One attempt. Milliseconds. Default 50. */
  readonly attemptMs: number
  /** With less than this left, no attempt begins. Milliseconds. Default 1. */
  readonly attemptMinMs: number
  /** A timeout is the agent's fault only if it had this share of `attemptMs`: a caller in a hurry blames nobody. 0 to 1. Default 0.5. */
  readonly fairShare: number
  /** How often a call may go through the agents that are not open. 1 to 8. Default 2. */
  readonly roundsMax: number

  /** Attempts an agent may have running, including those that were given up and have not ended. Default 64. */
  readonly agentRunningMax: number
  /** Calls a domain may have running. Default: `agentRunningMax` for each agent that is not absent. */
  readonly domainRunningMax: number | undefined
  /** Share of `domainRunningMax` that sheddable calls may fill. 0 to 1. Default 0.5. */
  readonly sheddableShare: number
  /** Share of `domainRunningMax` that default calls may fill; critical ones may fill it all. 0 to 1. Default 0.9. */
  readonly defaultShare: number
  /** An attempt that was given up and does not end is forgotten after this long. Milliseconds. Default 1,000. */
  readonly laggardMs: number

  /** An agent opens when its failures outnumber its successes by this many (CUSUM, never below 0). Default 8. */
  readonly agentTrip: number
  /** First rest of an agent; doubles with every failed probe. Milliseconds, of which a random half to all is taken. Default 250. */
  readonly agentRestMinMs: number
  /** Longest rest of an agent. Milliseconds. Default 5,000. */
  readonly agentRestMaxMs: number
  /** An operation is refused by the whole domain when its failed calls outnumber the good ones by this many. Default 16. */
  readonly domainTrip: number
  /** First rest of an operation of the domain. Milliseconds, as above. Default 250. */
  readonly domainRestMinMs: number
  /** Longest rest of an operation of the domain: with it, a domain that is well again answers within 500 ms. Milliseconds. Default 400. */
  readonly domainRestMaxMs: number

  /** Retry budget: attempts earned by each call for each answer its policy needs; every attempt beyond those a policy needs costs one. Default 0.35. */
  readonly budgetPerCall: number
  /** Retry budget: attempts earned each second, so that rare calls can be repeated. Default 10. */
  readonly budgetPerSecond: number
  /** Retry budget: the most that can be saved up, and the start. Hedges need more than half of it. Default 100. */
  readonly budgetMax: number

  /** How fast an agent's last slow or failed answer is forgotten when the load is compared. Milliseconds. Default 1,000. */
  readonly loadDecayMs: number
  /** An agent overtaken by others this often in a row is no longer stopped but judged by how its attempt ends. Default 4. */
  readonly overtakenMax: number
  /** Shortest delay of a `p95` hedge. Milliseconds. Default 1. */
  readonly hedgeMinMs: number
  /** When deadlines are looked at this much too late, the process stood still: waiting answers are taken first. Milliseconds. Default 10. */
  readonly stallMs: number
  /** Then what is due is put off once, by as long as the process stood still but no longer than this. Milliseconds. Default 50. */
  readonly stallGraceMs: number
}

export const defaultLimits: DispatchLimits = {
  timeoutMs: 200,
  attemptMs: 50,
  attemptMinMs: 1,
  fairShare: 0.5,
  roundsMax: 2,
  agentRunningMax: 64,
  domainRunningMax: undefined,
  sheddableShare: 0.5,
  defaultShare: 0.9,
  laggardMs: 1_000,
  agentTrip: 8,
  agentRestMinMs: 250,
  agentRestMaxMs: 5_000,
  domainTrip: 16,
  domainRestMinMs: 250,
  domainRestMaxMs: 400,
  budgetPerCall: 0.35,
  budgetPerSecond: 10,
  budgetMax: 100,
  loadDecayMs: 1_000,
  overtakenMax: 4,
  hedgeMinMs: 1,
  stallMs: 10,
  stallGraceMs: 50,
}

export interface DispatcherOptions<P extends Port<P>> extends Partial<DispatchLimits> {
  /** The domain's name, for messages and events. */
  readonly domain: string
  /** 1 to 31, with different names. */
  readonly agents: readonly (Agent<P> | AbsentAgent)[]
  /** How each operation uses its agents. Default for those left out: `failover`. */
  readonly policies?: Partial<Record<keyof P & string, Policy>>
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: Math.random. */
  readonly random?: Random
  /** Is told everything that happens, at once and in order. Must not throw; the first time it does becomes a process warning. */
  readonly observe?: (event: DispatchEvent) => void
}

/** The limits with defaults filled in. Throws BAD_OPTION naming the field and its value when one is not allowed. */
export function checkLimits(given: Partial<DispatchLimits>): DispatchLimits {
  const limits = withDefaults(given)
  for (const name of durations) checkDuration(name, limits[name])
  for (const name of counts) checkInteger(name, limits[name], 1, 1_000_000)
  for (const name of shares) checkNumber(name, limits[name], 0, 1)
  for (const name of ['budgetPerCall', 'budgetPerSecond', 'budgetMax'] as const) {
    checkNumber(name, limits[name], 0, 1_000_000)
  }
  checkInteger('roundsMax', limits.roundsMax, 1, 8)
  checkNumber('agentRestMaxMs', limits.agentRestMaxMs, limits.agentRestMinMs, longestMs)
  checkNumber('domainRestMaxMs', limits.domainRestMaxMs, limits.domainRestMinMs, longestMs)
  if (limits.domainRunningMax !== undefined) {
    checkInteger('domainRunningMax', limits.domainRunningMax, 1, 1_000_000)
  }
  return limits
}

const durations = [
  'timeoutMs',
  'attemptMs',
  'attemptMinMs',
  'laggardMs',
  'agentRestMinMs',
  'agentRestMaxMs',
  'domainRestMinMs',
  'domainRestMaxMs',
  'loadDecayMs',
  'hedgeMinMs',
  'stallMs',
  'stallGraceMs',
] as const
const counts = ['agentRunningMax', 'agentTrip', 'domainTrip', 'overtakenMax'] as const
const shares = ['fairShare', 'sheddableShare', 'defaultShare'] as const

/** A field given as undefined counts as left out. */
function withDefaults(given: Partial<DispatchLimits>): DispatchLimits {
  const limits: Record<string, unknown> = { ...defaultLimits }
  for (const name of Object.keys(defaultLimits)) {
    // The keys of defaultLimits are those of DispatchLimits.
    const value = given[name as keyof DispatchLimits]
    if (value !== undefined) limits[name] = value
  }
  // Every key holds the default or what was given for the same key.
  return limits as unknown as DispatchLimits
}

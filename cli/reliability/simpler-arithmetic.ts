import type { Random } from '../../kernel/clock.ts'
import { unitReliability } from './model.ts'

/** Shares with which orchestrators work in the arithmetic that is looked at. */
const gatewayShare = 0.95
const domainShare = 0.92

export interface ArithmeticRow {
  readonly e: number
  /** `.95 · .92 · (1 − e³)`: each level counted once, however often a request passes it. */
  readonly countedOnce: number
  /** `.95 · (.92 · (1 − e³))³`: the same numbers for a request through three domains. */
  readonly countedAsPassed: number
  /** `1 − e`: one agent, one call. */
  readonly unfairBaseline: number
  /** `(1 − e)³`: single agents for the same three-domain request. */
  readonly fairBaseline: number
}

/** What simpler arithmetic says beside what follows from its own numbers. */
export function arithmeticRow(e: number): ArithmeticRow {
  const domain = unitReliability({ attempts: 3, e })
  return {
    e,
    countedOnce: gatewayShare * domainShare * domain,
    countedAsPassed: gatewayShare * (domainShare * domain) ** 3,
    unfairBaseline: 1 - e,
    fairBaseline: (1 - e) ** 3,
  }
}

export interface ConsecutiveBreaker {
  /** Opens after so many failures in a row. */
  readonly failuresMax: number
  /** Milliseconds it stays open, refusing all. */
  readonly restMs: number
}

/**
 * Share of calls that three agents behind breakers of that kind answer, `callsPerSecond` arriving evenly, each agent
 * failing a share `e` of its attempts. Closed agents are asked in turn; open ones are not asked.
 */
export function availabilityWithConsecutiveBreaker(
  breaker: ConsecutiveBreaker,
  e: number,
  callsPerSecond: number,
  calls: number,
  random: Random,
): number {
  const agents = [0, 1, 2].map(() => ({ failures: 0, openUntil: 0 }))
  let good = 0
  for (let call = 0; call < calls; call++) {
    const now = (call / callsPerSecond) * 1_000
    for (const agent of agents) {
      if (now < agent.openUntil) continue
      if (random() >= e) {
        agent.failures = 0
        good++
        break
      }
      if (++agent.failures < breaker.failuresMax) continue
      agent.failures = 0
      agent.openUntil = now + breaker.restMs
    }
  }
  return good / calls
}

/** Calls until a breaker on a cumulative sum (+1 failure, −1 success, never below 0) opens by chance alone; exact. */
export function callsUntilCusumOpens(e: number, trip: number): number {
  // h(i) = steps from score i to the trip: h(i) = a(i) + h(i + 1), from h(i) = 1 + e·h(i+1) + (1−e)·h(i−1).
  let step = 1 / e
  let sum = step
  for (let score = 1; score < trip; score++) {
    step = (1 + (1 - e) * step) / e
    sum += step
  }
  return sum
}

/** Calls until `failuresMax` failures in a row happen by chance alone. */
export function callsUntilInARow(e: number, failuresMax: number): number {
  return (1 - e ** failuresMax) / ((1 - e) * e ** failuresMax)
}

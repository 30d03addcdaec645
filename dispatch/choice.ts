import type { Core, Lane, OperationPlan } from './core.ts'

/** What a call has asked so far, as bits of its agents. */
export interface Asked {
  readonly input: unknown
  /** At work for this call, have answered it, or refused it for overload. */
  readonly notAgain: number
  /** Asked in this round. */
  readonly thisRound: number
  /** Asked in any round. */
  readonly ever: number
}

/** The agent to ask next among those that are able and not open; undefined when this round has asked them all. */
export function chooseLane(core: Core, plan: OperationPlan, asked: Asked, now: number): Lane | undefined {
  const inOrder = plan.policy.preference === 'order'
  const askedBits = asked.notAgain | asked.thisRound
  let best: Lane | undefined
  let bestCost = Infinity
  for (const lane of plan.lanes) {
    const { agent } = lane
    if ((askedBits & agent.bit) !== 0 || !agent.breaker.closed || agent.full || !lane.able(asked.input))
      continue
    if (inOrder) return lane
    // A tenth of noise, so that agents that are alike share the load.
    const cost = lane.load.cost(agent.running, now) * (0.9 + core.random() * 0.2)
    if (cost < bestCost) {
      bestCost = cost
      best = lane
    }
  }
  return best
}

/** An open agent that has rested and that nobody is probing. */
export function chooseProbe(plan: OperationPlan, asked: Asked, now: number): Lane | undefined {
  for (const lane of plan.lanes) {
    const { breaker, full } = lane.agent
    if (breaker.probeIsDue(now) && !full && lane.able(asked.input)) return lane
  }
  return undefined
}

/**
 * Of the open agents this call has not asked, the one whose rest ends first: a slow answer is better than none. When there
 * is none, one that is not able, to say why.
 */
export function chooseLastResort(plan: OperationPlan, asked: Asked): Lane | undefined {
  let best: Lane | undefined
  let unable: Lane | undefined
  for (const lane of plan.lanes) {
    const { bit, breaker, full } = lane.agent
    if (((asked.notAgain | asked.ever) & bit) !== 0 || full) continue
    if (!lane.able(asked.input)) unable ??= lane
    else if (!breaker.closed && (best === undefined || breaker.restsUntil < best.agent.breaker.restsUntil))
      best = lane
  }
  return best ?? unable
}

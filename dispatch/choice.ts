import type { Core, Lane, OperationPlan } from './core.ts'

/** What a call has asked so far, as bits of its agents. */
export interface Asked {
  /** At work for this call, have answered it, or refused it for overload. */
  readonly notAgain: number
  /** Asked in this round. */
  readonly thisRound: number
  /** Asked although open. */
  readonly asLastResort: number
}

/** The agent to ask next among those that are not open, or one whose probe is due; undefined when this round has asked them all. */
export function chooseLane(
  core: Core,
  plan: OperationPlan,
  asked: Asked,
  mayProbe: boolean,
  now: number,
): Lane | undefined {
  const inOrder = plan.policy.preference === 'order'
  let best: Lane | undefined
  let bestCost = Infinity
  for (const lane of plan.lanes) {
    const { agent } = lane
    if (((asked.notAgain | asked.thisRound) & agent.bit) !== 0 || agent.full) continue
    if (!agent.breaker.closed) {
      // The probe goes first, or an agent that recovered would wait for the others to fail.
      if (mayProbe && (asked.asLastResort & agent.bit) === 0 && agent.breaker.probeIsDue(now)) return lane
      continue
    }
    if (inOrder) {
      best ??= lane
      continue
    }
    // A tenth of noise, so that agents that are alike share the load.
    const cost = lane.load.cost(agent.running, now) * (0.9 + core.random() * 0.2)
    if (cost < bestCost) {
      bestCost = cost
      best = lane
    }
  }
  return best
}

/** Of the open agents not asked yet, the one whose rest ends first: a slow answer is better than none. */
export function chooseLastResort(plan: OperationPlan, asked: Asked): Lane | undefined {
  let best: Lane | undefined
  for (const lane of plan.lanes) {
    const { bit, breaker, full } = lane.agent
    if (((asked.notAgain | asked.asLastResort) & bit) !== 0 || full || breaker.closed) continue
    if (best === undefined || breaker.restsUntil < best.agent.breaker.restsUntil) best = lane
  }
  return best
}

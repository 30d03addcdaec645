import type { DispatcherUsage } from './dispatcher.ts'

/**
 * N−1 utilisation of a domain: how full its agents would be if one of those that answer died now and the others took
 * over what is running. From 1 on, one more death overloads the rest, and a failure becomes a cascade. Attempts that
 * were given up do not count: their calls have moved on already, and an agent that hangs would look like a full domain.
 *
 * The last agent that answers has nobody to hand over to; its own utilisation is the risk then, since what is left to
 * prevent is its overload. (Calling that 1 would make a domain with one agent refuse everybody for ever.)
 */
export function cascadeRisk({ agents, agentRunningMax }: DispatcherUsage): number {
  let running = 0
  let answering = 0
  for (const agent of agents) {
    running += agent.running
    if (agent.phase === 'closed') answering++
  }
  return running / (Math.max(1, answering - 1) * agentRunningMax)
}

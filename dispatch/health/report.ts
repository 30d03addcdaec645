import { unreachable } from '../../kernel/errors.ts'
import type { AgentHealth, DomainHealth } from '../../kernel/health.ts'
import type { AbsentAgent } from '../port.ts'
import type { AgentRecord } from './agent-record.ts'

/** The health of a domain as operators and `/health/ready` see it. */
export function reportHealth(
  domain: string,
  agents: readonly (AgentRecord | AbsentAgent)[],
  agentsOfOperations: Iterable<readonly AgentRecord[]>,
  agentTrip: number,
  now: number,
): DomainHealth {
  let ready = true
  for (const serving of agentsOfOperations) ready &&= serving.some(agent => canServe(agent, now))
  return { domain, ready, agents: agents.map(agent => agentHealth(agent, agentTrip, now)) }
}

/**
 * A rested agent counts although it is open: a domain that is not ready may get no calls, and without calls nobody
 * would ever probe it.
 */
function canServe(agent: AgentRecord, now: number): boolean {
  return agent.breaker.closed || now >= agent.breaker.restsUntil
}

function agentHealth(agent: AgentRecord | AbsentAgent, agentTrip: number, now: number): AgentHealth {
  if ('absent' in agent) return { name: agent.name, state: 'absent', detail: agent.absent }
  const { name, detail, breaker } = agent
  const last = `last: ${agent.lastFailure}`
  switch (breaker.phase) {
    case 'open': {
      const restMs = Math.ceil(breaker.restsUntil - now)
      const next = restMs > 0 ? `retry in ${restMs} ms` : 'the next call tries it'
      return { name, state: 'open', detail: `${detail}; open, ${next}, ${last}` }
    }
    case 'probing':
      return { name, state: 'open', detail: `${detail}; open, being tried, ${last}` }
    case 'closed': {
      const failing = agent.failing || breaker.score * 2 >= agentTrip
      return failing
        ? { name, state: 'failing', detail: `${detail}; failing, ${last}` }
        : { name, state: 'ok', detail }
    }
    default:
      return unreachable(breaker.phase)
  }
}

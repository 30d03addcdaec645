import type { AgentHealth, AgentState, DomainHealth } from '../../kernel/health.ts'
import { type EngineSlot, engineNames } from './engine-slot.ts'
import type { EngineOption } from './domain-options.ts'

export interface HealthParts {
  readonly engines: readonly EngineOption[]
  readonly slots: readonly EngineSlot[]
  readonly primary: EngineSlot
  /** What the dispatcher has seen. */
  readonly dispatched: DomainHealth
  /** Why a store does not catch up. */
  readonly failureOf: (slot: EngineSlot) => string | undefined
  readonly frontierSeq: number
}

/**
 * The domain is ready while the writer's store takes commits and one store answers reads; for both, those that their
 * breaker spares do not count. Details say who writes and how far each store reaches.
 */
export function domainHealth(parts: HealthParts): DomainHealth {
  const { engines, slots, primary, dispatched } = parts
  const states = new Map(dispatched.agents.map(agent => [agent.name, agent.state]))
  const agents = engineNames.flatMap(name => {
    const slot = slots.find(one => one.name === name)
    if (slot !== undefined) return [agentHealth(slot, states.get(name) ?? 'ok', parts)]
    return engines.flatMap(one =>
      one.name === name && 'absent' in one ? [{ name, state: 'absent' as const, detail: one.absent }] : [],
    )
  })
  const answers = (slot: EngineSlot): boolean =>
    slot.current && slot.answering && states.get(slot.name) !== 'open'
  return { domain: 'db', ready: answers(primary) && slots.some(answers), agents }
}

function agentHealth(slot: EngineSlot, dispatched: AgentState, parts: HealthParts): AgentHealth {
  const { name, detail, phase } = slot
  const role = slot === parts.primary ? `${detail}, writer` : detail
  if (phase.is !== 'open') return { name, state: 'failing', detail: `${role}: ${phase.why}` }
  if (!phase.admitted) return { name, state: 'failing', detail: `${role}: its log is being compared` }
  if (!slot.answering) return { name, state: 'failing', detail: `${role}: it does not answer` }
  // A copy is seldom asked, so that what the dispatcher saw last may be long past; its keeper has just looked.
  const state = slot === parts.primary || dispatched === 'open' ? dispatched : 'ok'
  const behind = parts.frontierSeq - slot.seq
  if (behind <= 0) return { name, state, detail: `${role}, at ${slot.seq}` }
  const failure = parts.failureOf(slot)
  if (failure === undefined) return { name, state, detail: `${role}, ${behind} behind` }
  return { name, state: 'failing', detail: `${role}, ${behind} behind: ${failure}` }
}

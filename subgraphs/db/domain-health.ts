import type { AgentHealth, AgentState, DomainHealth } from '../../kernel/health.ts'
import { type EngineSlot, engineNames } from './engine-slot.ts'
import type { EngineOption } from './domain-options.ts'

export interface HealthParts {
  readonly engines: readonly EngineOption[]
  readonly slots: readonly EngineSlot[]
  /** What the dispatcher has seen. */
  readonly dispatched: DomainHealth
  /** Why a store does not catch up. */
  readonly failureOf: (slot: EngineSlot) => string | undefined
  readonly frontierSeq: number
  /** Why it could not be found out, when last tried, what has been chosen. */
  readonly undecided: string | undefined
  /** The relay of events, when there is one: whether it goes well does not decide whether the domain is ready. */
  readonly relay: AgentHealth | undefined
  /** The sweeps: what they do does not decide it either. */
  readonly sweep: AgentHealth
  /** Is this store without a vote although it may have one? */
  readonly isWaiting: (slot: EngineSlot) => boolean
  /** Is there a majority among these stores? */
  readonly isQuorum: (slots: readonly EngineSlot[]) => boolean
}

/**
 * The domain is ready while a majority can be asked for its votes and one store answers reads; those that their breaker
 * spares do not count. Details say who has no vote and how far each store reaches.
 */
export function domainHealth(parts: HealthParts): DomainHealth {
  const { engines, slots, dispatched, isQuorum, relay, sweep } = parts
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
  const votes = slots.filter(slot => slot.admitted && slot.answering)
  const decides = isQuorum(votes)
  return {
    domain: 'db',
    ready: decides && slots.some(answers),
    ...(decides || parts.undecided === undefined ? {} : { reason: parts.undecided }),
    agents: relay === undefined ? agents : [...agents, relay],
    background: [sweep],
  }
}

function agentHealth(slot: EngineSlot, dispatched: AgentState, parts: HealthParts): AgentHealth {
  const { name, detail, phase } = slot
  const role = slot.learner === undefined ? detail : `${detail}, no vote (${slot.learner})`
  if (phase.is !== 'open') return { name, state: 'failing', detail: `${role}: ${phase.why}` }
  if (!phase.admitted) return { name, state: 'failing', detail: `${role}: its log is being compared` }
  if (slot.silence !== undefined) return { name, state: 'failing', detail: `${role}: ${slot.silence}` }
  // Most are seldom asked, so that what the dispatcher saw last may be long past; the keeper has just looked.
  const state = slot === parts.slots[0] || dispatched === 'open' ? dispatched : 'ok'
  const behind = parts.frontierSeq - slot.seq
  const vote = parts.isWaiting(slot) ? ', no vote yet' : ''
  if (behind <= 0) return { name, state, detail: `${role}, at ${slot.seq}${vote}` }
  const failure = parts.failureOf(slot)
  if (failure === undefined) return { name, state, detail: `${role}, ${behind} behind${vote}` }
  return { name, state: 'failing', detail: `${role}, ${behind} behind${vote}: ${failure}` }
}

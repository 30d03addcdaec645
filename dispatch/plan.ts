import type { Random } from '../kernel/clock.ts'
import { EnneadError } from '../kernel/errors.ts'
import type { Core, Lane, OperationPlan } from './core.ts'
import type { BreakerName, DispatchEvent } from './events.ts'
import { AgentRecord } from './health/agent-record.ts'
import { Breaker } from './health/breaker.ts'
import type { BreakerListener } from './health/breaker.ts'
import { LatencyWindow } from './health/latency.ts'
import { PeakLoad } from './health/load.ts'
import type { DispatcherOptions, DispatchLimits } from './options.ts'
import { checkPolicy, failover } from './policy.ts'
import type { Policy } from './policy.ts'
import type { AbsentAgent, Operation, Port } from './port.ts'

/** The agents of a domain in the order they were given. */
export interface Roster {
  readonly all: readonly (AgentRecord | AbsentAgent)[]
  /** Those that are not absent. */
  readonly agents: readonly AgentRecord[]
}

type Emit = ((event: DispatchEvent) => void) | undefined

/** Throws BAD_OPTION for no, too many, unnamed or equally named agents. */
export function describeAgents<P extends Port<P>>(
  options: DispatcherOptions<P>,
  limits: DispatchLimits,
  random: Random,
  emit: Emit,
): Roster {
  checkNames(options)
  const breakerLimits = {
    trip: limits.agentTrip,
    restMinMs: limits.agentRestMinMs,
    restMaxMs: limits.agentRestMaxMs,
  }
  const agents: AgentRecord[] = []
  const all = options.agents.map(agent => {
    if ('absent' in agent) return agent
    const listener = announce(options.domain, { is: 'agent', name: agent.name }, emit)
    const breaker = new Breaker(breakerLimits, random, listener)
    const record = new AgentRecord(agent.name, agent.detail, agents.length, breaker, limits.agentRunningMax)
    agents.push(record)
    return record
  })
  return { all, agents }
}

/** A plan for each operation that an agent serves or a policy names. */
export function planOperations<P extends Port<P>>(
  options: DispatcherOptions<P>,
  core: Core,
  roster: Roster,
): ReadonlyMap<string, OperationPlan> {
  const lanes = new Map<string, Lane[]>()
  for (const given of options.agents) {
    const agent = roster.agents.find(({ name }) => name === given.name)
    if ('absent' in given || agent === undefined) continue
    for (const [name, run] of operationsOf(given.operations)) {
      const { able = always } = given
      const lane = { agent, run, able, load: new PeakLoad(core.limits.loadDecayMs) }
      const others = lanes.get(name)
      if (others === undefined) lanes.set(name, [lane])
      else others.push(lane)
    }
  }
  const policies = policiesOf(options)
  return new Map(
    [...lanes].map(([name, serving]) => [name, planOperation(name, serving, policies.get(name), core)]),
  )
}

const always = (): boolean => true

function planOperation(
  name: string,
  lanes: readonly Lane[],
  policy: Policy = failover,
  core: Core,
): OperationPlan {
  const { limits, random, domain, emit } = core
  const { attemptMs } = timesOf(policy, limits)
  const breakerLimits = {
    trip: limits.domainTrip,
    restMinMs: limits.domainRestMinMs,
    restMaxMs: limits.domainRestMaxMs,
  }
  return {
    name,
    policy,
    lanes,
    ...timesOf(policy, limits),
    latency: new LatencyWindow(attemptMs / 2, limits.hedgeMinMs),
    breaker: new Breaker(breakerLimits, random, announce(domain, { is: 'operation', name }, emit)),
  }
}

/** The same operation under another policy: agents, breakers and what is known of them stay. Throws BAD_OPTION. */
export function withPolicy(plan: OperationPlan, policy: Policy, limits: DispatchLimits): OperationPlan {
  return { ...plan, policy: checkPolicy(`policies.${plan.name}`, policy), ...timesOf(policy, limits) }
}

function timesOf(policy: Policy, limits: DispatchLimits): Pick<OperationPlan, 'attemptMs' | 'timeoutMs'> {
  return {
    attemptMs: policy.attemptMs ?? limits.attemptMs,
    timeoutMs: policy.timeoutMs ?? limits.timeoutMs,
  }
}

function policiesOf<P extends Port<P>>(options: DispatcherOptions<P>): ReadonlyMap<string, Policy> {
  const policies = new Map<string, Policy>()
  for (const [name, policy] of Object.entries<Policy | undefined>(options.policies ?? {})) {
    if (policy !== undefined) policies.set(name, checkPolicy(`policies.${name}`, policy))
  }
  return policies
}

/** The operations an agent has, own or of its class, each bound to it. */
export function operationsOf(operations: object): Map<string, Operation<unknown, unknown>> {
  const found = new Map<string, Operation<unknown, unknown>>()
  for (
    let owner: object | null = operations;
    owner !== null && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(owner)) {
      if (name === 'constructor' || found.has(name)) continue
      const value: unknown = Reflect.get(operations, name)
      // Every function among a Partial<P> is an operation of P; Port<P> says so.
      if (typeof value === 'function') found.set(name, value.bind(operations) as Operation<unknown, unknown>)
    }
  }
  return found
}

function announce(domain: string, of: BreakerName, emit: Emit): BreakerListener {
  return {
    opened: restMs => emit?.({ is: 'opened', domain, of, restMs }),
    closed: () => emit?.({ is: 'closed', domain, of }),
  }
}

function checkNames<P extends Port<P>>(options: DispatcherOptions<P>): void {
  const { domain, agents } = options
  if (typeof domain !== 'string' || domain === '') {
    throw new EnneadError('BAD_OPTION', `domain must be a name, got ${JSON.stringify(domain)}`)
  }
  if (agents.length < 1 || agents.length > agentsMax) {
    throw new EnneadError('BAD_OPTION', `agents must be 1 to ${agentsMax}, got ${agents.length}`)
  }
  const names = new Set<string>()
  for (const { name } of agents) {
    if (name === '' || names.has(name)) {
      throw new EnneadError(
        'BAD_OPTION',
        `agents must have different names, got ${JSON.stringify(name)} twice or empty`,
      )
    }
    names.add(name)
  }
}

/** Agents are bits of an integer. */
const agentsMax = 31

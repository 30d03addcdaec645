import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { createDispatcher, type MeasuredDispatcher } from '../dispatcher.ts'
import type { DispatchEvent } from '../events.ts'
import type { DispatcherOptions } from '../options.ts'
import { operationsOf } from '../plan.ts'
import { failover, type Policy } from '../policy.ts'
import type { Port } from '../port.ts'
import { checkRules, type CheckedRule, type FaultSetting } from './fault.ts'
import { FaultPlan } from './fault-plan.ts'
import { type Tally, Tallies } from './tallies.ts'
import { withFaults } from './with-faults.ts'

/** A domain that can be disturbed. */
interface Disturbed {
  readonly domain: string
  /** What each agent serves. */
  readonly agents: ReadonlyMap<string, ReadonlySet<string>>
  setPolicy(operation: string, policy: Policy | undefined): void
}

/**
 * Disturbs every dispatcher that is made with its `createDispatcher`: faults for agents, other policies for operations,
 * and a count of what came of it. Without rules it changes nothing.
 */
export class Chaos {
  readonly #plan = new FaultPlan()
  readonly #tallies = new Tallies(requestId => this.#plan.concerns(requestId))
  readonly #domains: Disturbed[] = []

  /** A dispatcher like any other, with its agents in reach of faults. */
  readonly createDispatcher = <P extends Port<P>>(options: DispatcherOptions<P>): MeasuredDispatcher<P> => {
    const { domain, clock = systemClock, observe } = options
    const dispatcher = createDispatcher<P>({
      ...options,
      agents: options.agents.map(agent =>
        'absent' in agent ? agent : withFaults(agent, domain, this.#plan, clock),
      ),
      observe: (event: DispatchEvent) => {
        this.#tallies.add(event)
        observe?.(event)
      },
    })
    const agents = options.agents.flatMap(agent =>
      'absent' in agent ? [] : [[agent.name, new Set(operationsOf(agent.operations).keys())] as const],
    )
    this.#domains.push({
      domain,
      agents: new Map(agents),
      setPolicy(operation, policy) {
        // `served` has seen that the port has this operation.
        const name = operation as keyof P & string
        const { attemptMs, timeoutMs, idempotent } = options.policies?.[name] ?? failover
        // Whether an operation may be repeated, and how long it takes, is its own nature and not a matter of choice.
        const times = { ...(attemptMs && { attemptMs }), ...(timeoutMs && { timeoutMs }) }
        dispatcher.setPolicy(name, policy && { ...policy, ...times, idempotent })
      },
    })
    return dispatcher
  }

  /** Replaces all faults. Throws BAD_OPTION, also for a rule that fits no agent here. */
  set(setting: FaultSetting): void {
    const idle = checkRules(setting.rules).find(rule => !this.#fits(rule))
    if (idle !== undefined) {
      const { domain, agent, operation } = idle
      throw new EnneadError('BAD_OPTION', `no agent here is ${domain}.${agent} and serves ${operation}`)
    }
    this.#plan.set(setting)
  }

  get rules(): readonly CheckedRule[] {
    return this.#plan.rules
  }

  /** The policy of an operation of a domain from now on; undefined: its own again. Throws BAD_OPTION. */
  setPolicy(domain: string, operation: string, policy: Policy | undefined): void {
    const known = this.#domains.filter(one => one.domain === domain && serves(one, operation))
    if (known.length === 0)
      throw new EnneadError('BAD_OPTION', `no agent of ${domain} here serves ${operation}`)
    for (const one of known) one.setPolicy(operation, policy)
  }

  /** What happened since the last call of this. */
  takeTally(): Tally {
    const tally = this.#tallies.take(this.#plan.injected())
    this.#plan.forget()
    return tally
  }

  #fits(rule: CheckedRule): boolean {
    return this.#domains.some(
      ({ domain, agents }) =>
        (rule.domain === '*' || rule.domain === domain) &&
        [...agents].some(
          ([name, operations]) =>
            (rule.agent === '*' || rule.agent === name) &&
            (rule.operation === '*' || operations.has(rule.operation)),
        ),
    )
  }
}

function serves({ agents }: Disturbed, operation: string): boolean {
  return [...agents.values()].some(operations => operations.has(operation))
}

import { type Clock, sleep } from '../../kernel/clock.ts'
import { EnneadError, unreachable } from '../../kernel/errors.ts'
import { operationsOf } from '../plan.ts'
import type { Agent, Attempt, Operation, Port } from '../port.ts'
import type { CheckedRule } from './fault.ts'
import type { FaultPlan } from './fault-plan.ts'

/** The same agent, whose attempts meet the faults of `plan`; without rules it is the agent itself, one call away. */
export function withFaults<P extends Port<P>>(
  agent: Agent<P>,
  domain: string,
  plan: FaultPlan,
  clock: Clock,
): Agent<P> {
  const operations = [...operationsOf(agent.operations)].map(([operation, run]) => {
    const target = { domain, agent: agent.name, operation }
    const faulty: Operation<unknown, unknown> = (input, attempt) => {
      const fault = plan.decide(target, attempt)
      return fault === undefined ? run(input, attempt) : suffer(fault, agent.name, run, input, attempt, clock)
    }
    return [operation, faulty] as const
  })
  // Each operation takes and answers what the agent's own of that name does.
  const faulty = Object.fromEntries(operations) as object as Partial<P>
  return { ...agent, operations: faulty }
}

async function suffer(
  fault: CheckedRule,
  agent: string,
  run: Operation<unknown, unknown>,
  input: unknown,
  attempt: Attempt,
  clock: Clock,
): Promise<unknown> {
  switch (fault.kind) {
    case 'error':
      throw injected(agent, 'refused')
    case 'latency':
      await sleep(clock, fault.ms, attempt.signal)
      return run(input, attempt)
    case 'hang':
      return new Promise(() => undefined)
    case 'crash':
      // The work goes on where it was sent; whoever sent it never hears of it.
      run(input, attempt).catch(() => undefined)
      await new Promise<void>(resolve => clock.soon(resolve))
      throw injected(agent, 'lost its connection')
    case 'corrupt':
      await run(input, attempt)
      throw injected(agent, 'gave an answer that fails its check')
    default:
      return unreachable(fault.kind)
  }
}

function injected(agent: string, what: string): EnneadError {
  return new EnneadError('AGENT_FAULT', `agent "${agent}" ${what} (a fault that was asked for)`)
}

import { isDeepStrictEqual } from 'node:util'
import type { Chaos } from '../dispatch/chaos/chaos.ts'
import { parseRule } from '../dispatch/chaos/fault.ts'
import { failover, hedge, type Policy, quorum } from '../dispatch/policy.ts'
import { EnneadError } from '../kernel/errors.ts'
import type { ControlHandlers } from './control.ts'

/** Ways to use agents that operations can be switched between. */
export const policyNames = ['single', 'failover', 'hedge', 'quorum'] as const
export type PolicyName = (typeof policyNames)[number]

/** Longest time the process may be made to stand still. Milliseconds. */
const stallMsMax = 10_000

const policies: Readonly<Record<PolicyName, Policy>> = {
  // What there is without a dispatcher: one agent, one try.
  single: { ...failover, preference: 'order', attemptsMax: 1 },
  failover: { ...failover, preference: 'order' },
  hedge: { ...hedge('p95'), preference: 'order' },
  quorum: quorum(2, sameButSource),
}

/**
 * Faults and other policies for a running process. Without `chaos` (a process that was not started with `--chaos`) each
 * of them rejects with CHAOS_OFF.
 */
export function chaosCommands(chaos: Chaos | undefined): ControlHandlers {
  const only =
    (run: (chaos: Chaos, input: Readonly<Record<string, unknown>>) => unknown) =>
    async (input: Readonly<Record<string, unknown>>): Promise<unknown> => {
      if (chaos !== undefined) return run(chaos, input)
      throw new EnneadError('CHAOS_OFF', 'this process takes no faults; only one started with --chaos does')
    }
  return new Map([
    ['chaos/set', only(setFaults)],
    ['chaos/show', only(running => ({ rules: running.rules }))],
    ['chaos/tally', only(running => running.takeTally())],
    ['chaos/policy', only(setPolicy)],
    ['chaos/stall', only((_, { ms }) => standStill(Number(ms)))],
  ])
}

function setFaults(chaos: Chaos, input: Readonly<Record<string, unknown>>): unknown {
  const { faults, seed, requests } = input
  if (!Array.isArray(faults)) throw new EnneadError('BAD_OPTION', 'faults must be a list')
  if (seed !== undefined && typeof seed !== 'number') {
    throw new EnneadError('BAD_OPTION', `seed must be a number, got ${JSON.stringify(seed)}`)
  }
  chaos.set({
    rules: faults.map(fault => parseRule(String(fault))),
    ...(seed === undefined ? {} : { seed }),
    ...(typeof requests === 'string' ? { requests } : {}),
  })
  return { rules: chaos.rules }
}

function setPolicy(chaos: Chaos, { domain, operation, policy }: Readonly<Record<string, unknown>>): unknown {
  const name = policyNames.find(known => known === policy)
  if (name === undefined && policy !== undefined && policy !== null) {
    const allowed = policyNames.join(', ')
    throw new EnneadError('BAD_OPTION', `policy must be one of ${allowed}, got ${JSON.stringify(policy)}`)
  }
  chaos.setPolicy(String(domain), String(operation), name && policies[name])
  return { domain, operation, policy: name ?? 'its own' }
}

/** Holds the event loop, as a long garbage collection or a runaway computation does. */
function standStill(ms: number): unknown {
  if (!(ms >= 1 && ms <= stallMsMax)) {
    throw new EnneadError('BAD_OPTION', `ms must be a number from 1 to ${stallMsMax}, got ${ms}`)
  }
  const until = performance.now() + ms
  while (performance.now() < until);
  return { ms }
}

/** Principals name the authority they come from and how old its knowledge may be; all else has to agree. */
function sameButSource(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(withoutSource(left), withoutSource(right))
}

function withoutSource(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('source' in answer)) return answer
  const { source: _, ...rest } = answer
  return { ...rest, asOf: undefined }
}

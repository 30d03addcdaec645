import { createDispatcher } from '../../dispatch/dispatcher.ts'
import { failover, hedge, quorum } from '../../dispatch/policy.ts'
import type { Policy } from '../../dispatch/policy.ts'
import type { Operation } from '../../dispatch/port.ts'
import type { Case } from './measure.ts'

interface EchoPort {
  readonly echo: Operation<number, number>
}

/** The agent that everyone calls: it answers at once, so that what is left is the cost of the way to it. */
export const echo = (input: number): Promise<number> => Promise.resolve(input)

export function ours(): readonly Case[] {
  const calls = 100_000
  const { signal } = new AbortController()
  const [failing, hedging, voting] = [failover, hedge(), quorum(2)].map(dispatcherWith)
  if (failing === undefined || hedging === undefined || voting === undefined) return []
  return [
    { name: 'the agent alone', calls, width: 1, call: echo },
    { name: 'ennead failover', calls, width: 1, call: input => failing.call('echo', input) },
    { name: 'ennead hedge p95', calls, width: 1, call: input => hedging.call('echo', input) },
    { name: 'ennead quorum of 2', calls, width: 1, call: input => voting.call('echo', input) },
    { name: 'ennead failover, 50 at once', calls, width: 50, call: input => failing.call('echo', input) },
    {
      name: 'ennead failover, caller may leave',
      calls,
      width: 1,
      call: input => failing.call('echo', input, { signal }),
    },
  ]
}

function dispatcherWith(policy: Policy): ReturnType<typeof createDispatcher<EchoPort>> {
  const agents = ['a', 'b', 'c'].map(name => ({ name, detail: 'echo', operations: { echo } }))
  return createDispatcher<EchoPort>({ domain: 'bench', agents, policies: { echo: policy } })
}

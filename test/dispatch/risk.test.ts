import { expect, test } from 'vitest'
import type { DispatcherUsage } from '../../dispatch/dispatcher.ts'
import { cascadeRisk } from '../../dispatch/risk.ts'

type Agent = Partial<DispatcherUsage['agents'][number]>

function usage(agents: readonly Agent[]): DispatcherUsage {
  const full = agents.map((agent, index) => ({
    name: `agent ${index}`,
    running: 0,
    lagging: 0,
    phase: 'closed' as const,
    ...agent,
  }))
  return {
    callsRunning: 0,
    callsMax: 64 * agents.length,
    agentRunningMax: 64,
    deadlines: 0,
    budget: 0,
    agents: full,
  }
}

test('risk is how full the agents that remain would be if one of those that answer died', () => {
  const busy = [{ running: 32 }, { running: 32 }, { running: 32 }]
  expect(cascadeRisk(usage(busy))).toBe(96 / 128)
  expect(cascadeRisk(usage(busy.slice(0, 2)))).toBe(64 / 64)
})

test('an agent that is being spared is not counted on, but what it still runs must go somewhere', () => {
  expect(cascadeRisk(usage([{ running: 8, phase: 'open' }, { running: 12 }, { running: 12 }]))).toBe(32 / 64)
})

test('an agent that hangs full of attempts that were given up is no load for the others', () => {
  expect(cascadeRisk(usage([{ lagging: 64, phase: 'open' }, { running: 8 }, { running: 8 }]))).toBe(16 / 64)
})

test('the last agent that answers, or the only one there is, is at its own utilisation', () => {
  expect(cascadeRisk(usage([{ running: 16 }]))).toBe(0.25)
  expect(cascadeRisk(usage([{ running: 16 }, { phase: 'open' }, { phase: 'probing' }]))).toBe(0.25)
  expect(cascadeRisk(usage([{ running: 16, phase: 'open' }]))).toBe(0.25)
})

test('nothing running is no risk, and no agents are none', () => {
  expect(cascadeRisk(usage([{}, {}, {}]))).toBe(0)
  expect(cascadeRisk(usage([]))).toBe(0)
})

import { setTimeout as pause } from 'node:timers/promises'
import type { Questions } from './board.ts'
import type { Client } from './client.ts'
import { measureCapacity, quantile, runLoad, share, type Sample } from './load.ts'
import type { RunningSystem } from './running-system.ts'

export interface ScenarioPlan {
  /** Length of each of the three parts: before, during, after. Milliseconds. */
  readonly partMs: number
  /** Share of the measured capacity that is asked for. */
  readonly utilisation: number
}

/** What clients saw in one part of a scenario. */
export interface Part {
  readonly requests: number
  readonly goodShare: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface Scenario {
  readonly what: string
  /** Requests a second. */
  readonly rate: number
  readonly before: Part
  readonly during: Part
  readonly after: Part
  /** Times a breaker opened. */
  readonly opened: number
}

interface Trouble {
  readonly what: string
  /** How it begins and gets worse: called one after another, evenly over the middle part. At least one. */
  readonly steps: readonly (() => Promise<void>)[]
  readonly end: () => Promise<void>
}

const capacityMs = 3_000
const capacityWorkers = 32
/** Shares of attempts whose connection leaks: doubling, as a leak does that takes what others need. */
const leakShares = [0.01, 0.02, 0.04, 0.08, 0.16] as const

export async function measureScenarios(
  system: RunningSystem,
  client: Client,
  questions: Questions,
  { partMs, utilisation }: ScenarioPlan,
): Promise<readonly Scenario[]> {
  const question = (n: number) => questions.board(n)
  await measureCapacity(client, question, capacityWorkers, capacityMs)
  const capacity = await measureCapacity(client, question, capacityWorkers, capacityMs)
  const rate = Math.max(1, Math.floor(capacity * utilisation))
  const scenarios: Scenario[] = []
  for (const trouble of troublesAt(system, `${Math.round(utilisation * 100)} % load`)) {
    await client.renew()
    await system.tally()
    const count = Math.ceil(((partMs * 3) / 1_000) * rate)
    const load = runLoad(client, { count, rate, prefix: 'scenario-', question })
    await pause(partMs)
    for (const step of trouble.steps) {
      await step()
      await pause(partMs / trouble.steps.length)
    }
    await trouble.end()
    const samples = await load
    const { opened } = await system.tally()
    scenarios.push({
      what: trouble.what,
      rate,
      before: part(samples, 0, partMs),
      during: part(samples, partMs, 2 * partMs),
      after: part(samples, 2 * partMs, 3 * partMs),
      opened: Object.values(opened).reduce((sum, times) => sum + times, 0),
    })
  }
  return scenarios
}

function troublesAt(system: RunningSystem, load: string): readonly Trouble[] {
  const fault = (rule: string) => () => system.faults([rule])
  const end = (): Promise<void> => system.faults([])
  return [
    ...['db.sql', 'auth.rbac', 'api.graphql'].map(agent => ({
      what: `${agent} hangs at ${load}`,
      steps: [fault(`${agent}=hang:1`)],
      end,
    })),
    { what: `db.sql answers 200 ms late at ${load}`, steps: [fault('db.sql=latency:1:200')], end },
    {
      what: `db.sql leaks connections (${leakShares.map(share => share * 100).join(', ')} % of attempts never end) at ${load}`,
      steps: leakShares.map(share => fault(`db.sql=hang:${share}`)),
      end,
    },
    {
      what: `the event loop stands still for 300 ms at ${load}`,
      steps: [() => system.stall(300)],
      end: () => Promise.resolve(),
    },
  ]
}

function part(samples: readonly Sample[], from: number, to: number): Part {
  const own = samples.filter(({ dueAt }) => dueAt >= from && dueAt < to)
  const took = own.map(({ tookMs }) => tookMs)
  return {
    requests: own.length,
    goodShare: share(own, ({ good }) => good),
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
  }
}

import type { Tally } from '../../dispatch/chaos/tallies.ts'
import { defaultLimits } from '../../dispatch/options.ts'
import { unreachable } from '../../kernel/errors.ts'
import { policyNames, type PolicyName } from '../chaos-commands.ts'
import { agentsOfOperation, boardOperations, type Questions } from './board.ts'
import type { Client } from './client.ts'
import { countCodes, quantile, runLoad } from './load.ts'
import { standardScore, unitReliability, voteReliability, wilson } from './model.ts'
import type { RunningSystem } from './running-system.ts'

export interface TablePlan {
  /** Requests of each cell. */
  readonly count: number
  /** Requests before each cell that do not count: a cell is of a running system, not of one that is just being compiled. */
  readonly warmUpCount: number
  /** Requests a second. */
  readonly rate: number
  /** Probabilities that an attempt on an agent fails. */
  readonly errorRates: readonly number[]
  readonly seed: number
}

/** One domain's part of a cell, from the events of its dispatcher. */
export interface DomainShare {
  readonly name: string
  readonly calls: number
  readonly good: number
  readonly model: number
  readonly attemptsPerCall: number
}

export interface Cell {
  readonly arm: PolicyName
  readonly e: number
  readonly count: number
  readonly good: number
  readonly measured: number
  readonly interval: readonly [number, number]
  readonly model: number
  readonly score: number
  readonly containsModel: boolean
  readonly p50Ms: number
  readonly p99Ms: number
  /** Attempts for each call of a domain. */
  readonly amplification: number
  readonly domains: readonly DomainShare[]
  /** Each domain was called exactly once a request. */
  readonly calledOnce: boolean
  /** Good answers that are marked as possibly old. */
  readonly degraded: number
  /** Times a breaker opened. */
  readonly opened: number
  /** Failed requests by the code of their first error. */
  readonly codes: Readonly<Record<string, number>>
}

/** The kinds of faults of the table and their shares: all are noticed at once, so that availability is a matter of attempts. */
const faultShares = { error: 0.6, crash: 0.2, corrupt: 0.2 } as const
/** Measures every arm at every rate. The same requests meet the same faults in every arm. */
export async function measureTable(
  system: RunningSystem,
  client: Client,
  questions: Questions,
  plan: TablePlan,
  told: (cell: Cell) => void,
): Promise<readonly Cell[]> {
  const cells: Cell[] = []
  for (const e of plan.errorRates) {
    for (const arm of policyNames) {
      const cell = await measureCell(system, client, questions, plan, arm, e)
      told(cell)
      cells.push(cell)
    }
  }
  await system.policy(boardOperations, undefined)
  return cells
}

async function measureCell(
  system: RunningSystem,
  client: Client,
  questions: Questions,
  plan: TablePlan,
  arm: PolicyName,
  e: number,
): Promise<Cell> {
  const { count, warmUpCount, rate, seed } = plan
  const question = (n: number) => questions.board(n)
  await client.renew()
  await system.policy(boardOperations, arm)
  await runLoad(client, { count: warmUpCount, rate, prefix: 'warm-', question })
  // Another seed for each rate: cells of one arm must not share their luck.
  await system.faults(boardFaults(e), seed + Math.round(e * 1_000), 'cell-')
  await system.tally()
  const samples = await runLoad(client, { count, rate, prefix: 'cell-', question })
  const tally = await system.tally()
  await system.faults([])

  const good = samples.filter(sample => sample.good).length
  const unit = modelOf(arm, e)
  const model = unit ** boardOperations.length
  const interval = wilson(good, count)
  const domains = boardOperations.map(({ domain, operation }) =>
    domainShare(tally, `${domain}.${operation}`, unit),
  )
  const took = samples.map(sample => sample.tookMs)
  return {
    arm,
    e,
    count,
    good,
    measured: good / count,
    interval,
    model,
    score: standardScore(good, count, model),
    containsModel: interval[0] <= model && model <= interval[1],
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
    amplification: sum(domains, one => one.attemptsPerCall * one.calls) / sum(domains, one => one.calls),
    domains,
    calledOnce: calledOnce(domains, count),
    degraded: samples.filter(sample => sample.good && sample.degraded).length,
    opened: sum(Object.values(tally.opened), times => times),
    codes: countCodes(samples),
  }
}

/** Faults of rate `e` for every agent of the three operations a board request needs. */
export function boardFaults(e: number): readonly string[] {
  if (e === 0) return []
  return boardOperations.flatMap(({ domain, operation }) =>
    Object.entries(faultShares).map(
      ([kind, part]) => `${domain}.*/${operation}=${kind}:${(e * part).toFixed(6)}`,
    ),
  )
}

/** Probability that one domain answers. */
function modelOf(arm: PolicyName, e: number): number {
  const { roundsMax } = defaultLimits
  switch (arm) {
    case 'single':
      return unitReliability({ attempts: 1, e })
    case 'quorum':
      return voteReliability(agentsOfOperation, 2, roundsMax, e)
    case 'failover':
    case 'hedge':
      return unitReliability({ attempts: agentsOfOperation * roundsMax, e })
    default:
      return unreachable(arm)
  }
}

function domainShare(tally: Tally, name: string, model: number): DomainShare {
  const { calls, good, attempts } = tally.calls[name] ?? { calls: 0, good: 0, attempts: 0 }
  return { name, calls, good, model, attemptsPerCall: calls === 0 ? 0 : attempts / calls }
}

/** Whoever is refused by one domain does not get to the next: each has at most what the one before it answered. */
function calledOnce(domains: readonly DomainShare[], count: number): boolean {
  let expected = count
  for (const { calls, good } of domains) {
    if (calls !== expected) return false
    expected = good
  }
  return true
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0)
}

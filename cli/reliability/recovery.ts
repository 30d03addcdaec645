import { setTimeout as pause } from 'node:timers/promises'
import { agentNames } from '../store-settings.ts'
import { boardOperations, type Questions } from './board.ts'
import type { Client } from './client.ts'
import { quantile, runLoad, type Sample } from './load.ts'
import type { RunningSystem } from './running-system.ts'

export interface RecoveryPlan {
  /** Times that each agent fails, each way. */
  readonly agentTrials: number
  /** Times that each domain fails. */
  readonly domainTrials: number
  /** Times that everything fails. */
  readonly outageTrials: number
  /** Requests a second while domains and everything fail. */
  readonly rate: number
}

/** Times of one kind of recovery. Milliseconds. */
export interface Recovery {
  readonly what: string
  /** What fails. */
  readonly subject: 'agent' | 'domain' | 'everything'
  readonly timesMs: readonly number[]
  readonly medianMs: number
  readonly p99Ms: number
}

const outageMs = 2_000
const afterMs = 4_000
/** Longer than any breaker rests. */
const restMs = 600
const giveUpMs = 10_000

export async function measureRecoveries(
  system: RunningSystem,
  client: Client,
  questions: Questions,
  plan: RecoveryPlan,
): Promise<readonly Recovery[]> {
  await system.policy(boardOperations, undefined)
  return [
    await agentRecovery(
      'one agent refuses everything → first good answer',
      'error',
      system,
      client,
      questions,
      plan,
    ),
    await agentRecovery(
      'one agent loses every connection → first good answer',
      'crash',
      system,
      client,
      questions,
      plan,
    ),
    await agentRecovery('one agent hangs → first good answer', 'hang', system, client, questions, plan),
    await postgresRecovery(system, client, questions),
    await domainRecovery(system, client, questions, plan),
    await outageRecovery(system, client, questions, plan),
  ]
}

/** From the moment at which an agent stops answering to the first good answer to a request sent after it. */
async function agentRecovery(
  what: string,
  kind: string,
  system: RunningSystem,
  client: Client,
  questions: Questions,
  plan: RecoveryPlan,
): Promise<Recovery> {
  const times: number[] = []
  for (let trial = 0; trial < plan.agentTrials; trial++) {
    for (const agent of agentNames) {
      await untilGood(client, questions)
      await system.faults([`${agent}=${kind}:1`])
      times.push(await untilGood(client, questions))
      await system.faults([])
    }
  }
  return recovery('agent', what, times)
}

/** The embedded PostgreSQL is killed with SIGKILL; another store must answer. */
async function postgresRecovery(
  system: RunningSystem,
  client: Client,
  questions: Questions,
): Promise<Recovery> {
  await untilGood(client, questions)
  await system.killPostgres()
  const time = await untilGood(client, questions)
  // It is started again by its keeper; what follows needs all three stores.
  await pause(giveUpMs / 2)
  return recovery('agent', 'PostgreSQL is killed (SIGKILL) → first good answer', [time])
}

/** All agents of one domain fail for a second; from their return to the first good answer. */
async function domainRecovery(
  system: RunningSystem,
  client: Client,
  questions: Questions,
  { domainTrials, rate }: RecoveryPlan,
): Promise<Recovery> {
  const times: number[] = []
  for (let trial = 0; trial < domainTrials; trial++) {
    for (const { domain } of boardOperations) {
      const { samples, endedAt } = await outage(system, client, questions, `${domain}.*`, 1_000, rate)
      times.push(firstGoodAfter(samples, endedAt) - endedAt)
      await pause(restMs)
    }
  }
  return recovery('domain', 'all agents of a domain fail for 1 s and return → first good answer', times)
}

/** Every agent of every domain fails for two seconds; from their return to the first second with good answers only. */
async function outageRecovery(
  system: RunningSystem,
  client: Client,
  questions: Questions,
  { outageTrials, rate }: RecoveryPlan,
): Promise<Recovery> {
  const times: number[] = []
  for (let trial = 0; trial < outageTrials; trial++) {
    const { samples, endedAt } = await outage(system, client, questions, '*', outageMs, rate)
    times.push(firstGoodSecondAfter(samples, endedAt) - endedAt)
    await pause(restMs)
  }
  return recovery(
    'everything',
    'everything fails for 2 s and returns → first second with good answers only',
    times,
  )
}

interface Outage {
  readonly samples: readonly Sample[]
  /** When the faults ended. Milliseconds since the load began. */
  readonly endedAt: number
}

async function outage(
  system: RunningSystem,
  client: Client,
  questions: Questions,
  whom: string,
  ms: number,
  rate: number,
): Promise<Outage> {
  const beforeMs = 500
  const count = Math.ceil(((beforeMs + ms + afterMs) / 1_000) * rate)
  const startedAt = performance.now()
  const load = runLoad(client, { count, rate, prefix: 'outage-', question: n => questions.board(n) })
  await pause(beforeMs)
  await system.faults([`${whom}=error:0.5`, `${whom}=hang:0.5`])
  await pause(ms)
  await system.faults([])
  const endedAt = performance.now() - startedAt
  return { samples: await load, endedAt }
}

/** When the first good answer to a request due after `from` arrived; Infinity when none did. */
function firstGoodAfter(samples: readonly Sample[], from: number): number {
  return Math.min(
    ...samples.filter(({ dueAt, good }) => dueAt >= from && good).map(({ dueAt, tookMs }) => dueAt + tookMs),
  )
}

/** The start of the first second after `from` in which every request due got a good answer. */
export function firstGoodSecondAfter(samples: readonly Sample[], from: number): number {
  let start = from
  for (const sample of samples) {
    if (sample.dueAt < start) continue
    if (sample.dueAt >= start + 1_000) return start
    if (!sample.good) start = sample.dueAt + 1
  }
  return Infinity
}

/** Asks again and again, one after another; answers how long the first good answer took. Milliseconds. */
async function untilGood(client: Client, questions: Questions): Promise<number> {
  const startedAt = performance.now()
  for (let n = 0; performance.now() - startedAt < giveUpMs; n++) {
    const { good } = await client.ask(questions.board(n), `recovery-${n}`)
    if (good) return performance.now() - startedAt
  }
  return Infinity
}

function recovery(subject: Recovery['subject'], what: string, timesMs: readonly number[]): Recovery {
  return { what, subject, timesMs, medianMs: quantile(timesMs, 0.5), p99Ms: quantile(timesMs, 0.99) }
}

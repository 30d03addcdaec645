import type { Questions } from './board.ts'
import type { Client, Question } from './client.ts'
import { countCodes, quantile, runLoad } from './load.ts'
import { wilson } from './model.ts'
import type { RunningSystem } from './running-system.ts'

/** One domain fails whole; what happens to requests that do not need it. */
export interface Cascade {
  readonly domain: string
  readonly count: number
  readonly failed: number
  /** Of the share that failed. */
  readonly interval: readonly [number, number]
  readonly p99Ms: number
  /** Failed requests by the code of their first error. */
  readonly codes: Readonly<Record<string, number>>
  /** Requests that did need the domain, sent beside the others, and how they were answered. */
  readonly needy: { readonly count: number; readonly good: number; readonly p99Ms: number }
}

/** Needs a system whose gateway remembers identities for longer than this takes: auth is one of the domains that fail. */
export async function measureCascades(
  system: RunningSystem,
  client: Client,
  questions: Questions,
  count: number,
  rate: number,
): Promise<readonly Cascade[]> {
  const untouched: readonly [string, (n: number) => Question, (n: number) => Question][] = [
    ['api', n => questions.withoutApi(n), n => questions.board(n)],
    ['auth', n => questions.withoutAuth(n), n => questions.withoutDb(n)],
    ['db', n => questions.withoutDb(n), n => questions.withoutApi(n)],
  ]
  const cascades: Cascade[] = []
  for (const [domain, question, needy] of untouched) {
    await client.renew()
    // Every token is asked about once while all is well.
    await runLoad(client, { count: 200, rate, prefix: 'known-', question })
    await system.faults([`${domain}.*=hang:1`])
    const [samples, beside] = await Promise.all([
      runLoad(client, { count, rate, prefix: 'other-', question }),
      runLoad(client, { count: Math.ceil(count / 10), rate: rate / 10, prefix: 'needy-', question: needy }),
    ])
    await system.faults([])
    const failed = samples.filter(({ good }) => !good).length
    cascades.push({
      domain,
      count,
      failed,
      interval: wilson(failed, count),
      p99Ms: quantile(
        samples.map(({ tookMs }) => tookMs),
        0.99,
      ),
      codes: countCodes(samples),
      needy: {
        count: beside.length,
        good: beside.filter(({ good }) => good).length,
        p99Ms: quantile(
          beside.map(({ tookMs }) => tookMs),
          0.99,
        ),
      },
    })
  }
  return cascades
}

/** Sends what callers do wrong; answers how often a breaker opened. */
export async function measureCallerErrors(
  system: RunningSystem,
  client: Client,
  count: number,
  rate: number,
): Promise<{ readonly count: number; readonly good: number; readonly opened: number }> {
  const wrong: readonly Question[] = [
    { query: '{ tasks(first: 1000) { nodes { id } } }', variables: {}, right: () => false },
    { query: '{ tasks(first: 1, after: "nonsense") { nodes { id } } }', variables: {}, right: () => false },
    {
      query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
      variables: { ids: Array.from({ length: 101 }, (_, index) => `task_${index}`) },
      right: () => false,
    },
    { query: '{ nothing }', variables: {}, right: () => false },
    { query: '{ node(id: "task_00000000000000000000000000") { id } }', variables: {}, right: () => false },
  ]
  await system.tally()
  const samples = await runLoad(client, {
    count,
    rate,
    prefix: 'wrong-',
    // The list is not empty, so there always is one.
    question: n => wrong[n % wrong.length] as Question,
  })
  const { opened } = await system.tally()
  const times = Object.values(opened).reduce((sum, one) => sum + one, 0)
  return { count, good: samples.filter(({ good }) => good).length, opened: times }
}

import type { Client, Question, Reply } from './client.ts'

/** Requests that arrive evenly, whether or not earlier ones have been answered. */
export interface LoadPlan {
  readonly count: number
  /** Arrivals a second. */
  readonly rate: number
  /** The request id of the n-th is `${prefix}${n}`. */
  readonly prefix: string
  readonly question: (n: number) => Question
}

/** One request: when it was due, and what came of it. Milliseconds since the load began. */
export interface Sample extends Reply {
  readonly dueAt: number
  /** From when it was due, so that waiting for a turn counts. */
  readonly tookMs: number
}

/** More requests than this are never under way; later ones wait, and their waiting is counted. */
const underWayMax = 2_000

/** Runs the load to its end; samples in the order in which requests were due. */
export async function runLoad(client: Client, plan: LoadPlan): Promise<readonly Sample[]> {
  const samples: Promise<Sample>[] = []
  const startedAt = performance.now()
  let underWay = 0
  const one = async (n: number, dueAt: number): Promise<Sample> => {
    underWay++
    const reply = await client.ask(plan.question(n), `${plan.prefix}${n}`)
    underWay--
    return { ...reply, dueAt, tookMs: performance.now() - startedAt - dueAt }
  }
  while (samples.length < plan.count) {
    const elapsedMs = performance.now() - startedAt
    const due = Math.min(plan.count, Math.floor((elapsedMs * plan.rate) / 1_000) + 1)
    const last = Math.min(due, samples.length + underWayMax - underWay)
    for (let n = samples.length; n < last; n++) samples.push(one(n, (n / plan.rate) * 1_000))
    await new Promise<void>(resolve => setTimeout(resolve, 1))
  }
  return Promise.all(samples)
}

/** Answers a second when `workers` callers each ask again as soon as they are answered. */
export async function measureCapacity(
  client: Client,
  question: (n: number) => Question,
  workers: number,
  ms: number,
): Promise<number> {
  const until = performance.now() + ms
  const startedAt = performance.now()
  let asked = 0
  let good = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < until) {
      const { good: right } = await client.ask(question(asked++), `capacity-${asked}`)
      if (right) good++
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
  return (good / (performance.now() - startedAt)) * 1_000
}

/** The value below which a share `q` of `values` lies; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN
}

export function share(samples: readonly Sample[], is: (sample: Sample) => boolean): number {
  return samples.length === 0 ? 1 : samples.filter(is).length / samples.length
}

/** Failed requests by the code of their first error. */
export function countCodes(samples: readonly Sample[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const { good, code } of samples) if (!good) counts.set(code, (counts.get(code) ?? 0) + 1)
  return Object.fromEntries(counts)
}

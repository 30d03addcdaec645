import { ConcurrencyLimit } from '../../gateway/admission/concurrency-limit.ts'
import { admissionLimits } from '../../gateway/admission/admission-limits.ts'
import type { AdmissionLimits } from '../../gateway/admission/admission-limits.ts'
import { seededRandom } from '../support/seeded-random.ts'

/** What is behind the limit and who asks, at a moment of virtual time. */
export interface Weather {
  /** Pieces of work that are done at the same time; more wait behind them. The knee. */
  readonly servers: number
  /** Time of one piece, milliseconds; each takes half to one and a half of it. */
  readonly workMs: number
  /** Pieces that want to run at once. Default: as many as may. */
  readonly wanted?: number
}

export interface Reading {
  readonly at: number
  readonly limit: number
  readonly latencyMs: number
}

/** A discrete-event run of the limit in front of servers with one line. Reads the limit at the end of every piece. */
export function runLimited(
  given: Partial<AdmissionLimits>,
  weather: (at: number) => Weather,
  untilMs: number,
  seed = 1,
): { readonly limit: ConcurrencyLimit; readonly readings: readonly Reading[] } {
  const random = seededRandom(seed)
  const limit = new ConcurrencyLimit(admissionLimits(given), random, 0)
  const line: number[] = []
  const working: { readonly startedAt: number; readonly endsAt: number }[] = []
  const readings: Reading[] = []
  let now = 0
  while (now < untilMs) {
    const { servers, workMs, wanted = Infinity } = weather(now)
    while (working.length + line.length < Math.min(limit.current, wanted)) line.push(now)
    while (working.length < servers) {
      const startedAt = line.shift()
      if (startedAt === undefined) break
      working.push({ startedAt, endsAt: now + workMs * (0.5 + random()) })
    }
    let [first] = working
    if (first === undefined) throw new Error('nobody wants anything')
    for (const one of working) if (one.endsAt < first.endsAt) first = one
    now = first.endsAt
    const running = working.length + line.length
    working.splice(working.indexOf(first), 1)
    limit.ended(first.startedAt, now, running)
    readings.push({ at: now, limit: limit.current, latencyMs: now - first.startedAt })
  }
  return { limit, readings }
}

export function between(readings: readonly Reading[], from: number, to: number): readonly Reading[] {
  return readings.filter(({ at }) => at >= from && at < to)
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

import type { Case } from './measure.ts'
import { echo } from './ours.ts'

/** As much of cockatiel as is used here; the package need not be installed for the project to type-check. */
interface Cockatiel {
  readonly handleAll: unknown
  readonly ConsecutiveBreaker: new (failures: number) => unknown
  readonly TimeoutStrategy: { readonly Cooperative: unknown }
  retry(handle: unknown, options: { maxAttempts: number }): unknown
  circuitBreaker(handle: unknown, options: { halfOpenAfter: number; breaker: unknown }): unknown
  timeout(ms: number, strategy: unknown): unknown
  bulkhead(running: number, queued: number): unknown
  wrap(...policies: unknown[]): { execute<T>(run: () => Promise<T>): Promise<T> }
}

/** As much of opossum as is used here. */
interface Opossum {
  readonly default: new (
    action: (input: number) => Promise<number>,
    options: { timeout: number; capacity: number },
  ) => { fire(input: number): Promise<number>; shutdown(): void }
}

export interface Peers {
  readonly cases: readonly Case[]
  /** Names of those that are not installed. */
  readonly missing: readonly string[]
  close(): void
}

/** The same call behind the nearest that other libraries have: retry, breaker, 50 ms limit, 64 at once. */
export async function peers(): Promise<Peers> {
  const calls = 20_000
  const cases: Case[] = []
  const missing: string[] = []
  const closers: (() => void)[] = []
  // The packages export what the interfaces above say; a test of ours would not notice if they stopped to.
  const cockatiel = (await optional('cockatiel')) as Cockatiel | undefined
  const opossum = (await optional('opossum')) as Opossum | undefined
  if (cockatiel === undefined) missing.push('cockatiel')
  else {
    const { handleAll } = cockatiel
    const policy = cockatiel.wrap(
      cockatiel.retry(handleAll, { maxAttempts: 2 }),
      cockatiel.circuitBreaker(handleAll, {
        halfOpenAfter: 250,
        breaker: new cockatiel.ConsecutiveBreaker(8),
      }),
      cockatiel.timeout(50, cockatiel.TimeoutStrategy.Cooperative),
      cockatiel.bulkhead(64, 0),
    )
    const call = (input: number): Promise<number> => policy.execute(() => echo(input))
    cases.push({ name: 'cockatiel 4.0.0 retry, breaker, timeout, bulkhead', calls, width: 1, call })
  }
  if (opossum === undefined) missing.push('opossum')
  else {
    const breaker = new opossum.default(echo, { timeout: 50, capacity: 64 })
    closers.push(() => breaker.shutdown())
    const call = (input: number): Promise<number> => breaker.fire(input)
    cases.push({ name: 'opossum 10.0.0 breaker, timeout, capacity', calls, width: 1, call })
  }
  return { cases, missing, close: () => closers.forEach(close => close()) }
}

async function optional(name: string): Promise<unknown> {
  try {
    const loaded: unknown = await import(name)
    return loaded
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ERR_MODULE_NOT_FOUND')
      return undefined
    throw failure
  }
}

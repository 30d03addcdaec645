import { setImmediate } from 'node:timers/promises'
import { checkInteger } from '../kernel/check.ts'
import type { Clock } from '../kernel/clock.ts'
import { EnneadError } from '../kernel/errors.ts'
import type { ErrorCode } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { RequestRefused } from './engine.ts'
import type { HotOperation } from './operation/hot-operation.ts'
import type { Serving } from './serving.ts'

/**
 * What a new supergraph must still do with the operations asked for most before it is taken:
 * `plan`: each one that it allows can be planned · `strict`: it allows each one as well · `off`: nothing.
 */
export const canaryModes = ['plan', 'strict', 'off'] as const
export type CanaryMode = (typeof canaryModes)[number]

export interface CanaryOptions {
  /** Default `plan`. */
  readonly mode?: CanaryMode
  /** How many operations are tried, the most frequent first. Default 100. */
  readonly operationsMax?: number
  /** Time for all of them; what was not tried by then counts as good. In milliseconds. Default 10,000. */
  readonly msMax?: number
}

const defaults = { mode: 'plan', operationsMax: 100, msMax: 10_000 } as const

/** Codes that say: this supergraph does not have what the operation asks for. */
const disallowed: ReadonlySet<ErrorCode | (string & {})> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
])

/** The options with their defaults. Throws BAD_OPTION. */
export function canaryOptions(given: CanaryOptions = {}): Required<CanaryOptions> {
  const options = { ...defaults, ...given }
  checkInteger('canary.operationsMax', options.operationsMax, 0, 1_000_000)
  checkInteger('canary.msMax', options.msMax, 1, 3_600_000)
  return options
}

/**
 * Plans `operations` on a supergraph that is not served yet, which also fills its caches. Requests go on in between.
 * Rejects with SUPERGRAPH_INVALID, naming an operation, when it cannot be served by the rules of `options`.
 */
export async function tryOperations(
  serving: Serving,
  operations: readonly HotOperation[],
  options: Required<CanaryOptions>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<void> {
  if (options.mode === 'off') return
  const endsAt = clock.now() + options.msMax
  const dropped: string[] = []
  let tried = 0
  for (const operation of operations) {
    if (clock.now() >= endsAt) break
    await setImmediate()
    tried++
    const failure = await serving.warm(operation)
    if (failure === undefined) continue
    if (failure instanceof RequestRefused && disallowed.has(failure.errors[0]?.extensions.code ?? '')) {
      if (options.mode === 'strict') throw refusal(operation, 'is not allowed by the new supergraph', failure)
      dropped.push(nameOf(operation))
    } else throw refusal(operation, 'cannot be planned on the new supergraph', failure)
  }
  const facts = { hash: serving.supergraph.hash, tried, of: operations.length }
  if (dropped.length === 0) log.info('supergraph.canary', facts)
  else log.warn('supergraph.operations-lost', { ...facts, lost: dropped.length, names: dropped.slice(0, 10) })
}

function refusal(operation: HotOperation, what: string, cause: unknown): EnneadError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  const message = `the supergraph cannot be used: ${nameOf(operation)}, which clients ask for, ${what}${why}`
  return new EnneadError('SUPERGRAPH_INVALID', message, { cause })
}

/** Its name, or its beginning on one line. */
function nameOf({ text, operationName }: HotOperation): string {
  const name = operationName ?? /^\s*(?:query|mutation|subscription)\s+(\w+)/.exec(text)?.[1]
  return name === undefined
    ? `the operation ${JSON.stringify(text.replaceAll(/\s+/g, ' ').trim().slice(0, 60))}`
    : `the operation "${name}"`
}

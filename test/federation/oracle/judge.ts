import type { ExecutionResult } from 'graphql'
import type { GraphQLAnswer } from '../../../gateway/engine.ts'
import { isRecord } from './data.ts'

/** How an answer of the gateway is wrong. */
export interface Fault {
  readonly kind: 'refused' | 'data' | 'errors' | 'tiers' | 'parts' | 'events'
  readonly detail: string
}

type Path = readonly (string | number)[]

/**
 * Compares the gateway's answer with that of one schema. Data must be equal to the byte, order of keys included. Errors
 * must stand at the same places: where a field is null by its own error, exactly one, as one schema has it; where a null
 * was propagated, at least one, at a path that truly fails. Which of several errors below one null an executor gets to
 * know is left open by the specification (6.4.4); `all` has them all.
 */
export function judge(
  answer: GraphQLAnswer,
  expected: ExecutionResult,
  all: ExecutionResult,
): Fault | undefined {
  if (expected.data === undefined) {
    if (answer.data === undefined) return undefined
    return { kind: 'data', detail: 'it is answered, though one schema refuses it' }
  }
  if (refusalOf(answer) !== undefined) return undefined
  if (answer.data === undefined) return { kind: 'refused', detail: JSON.stringify(answer.errors) }
  const data = JSON.stringify(answer.data)
  if (data !== JSON.stringify(expected.data ?? null)) return { kind: 'data', detail: 'the data differ' }
  const known = new Set((all.errors ?? []).map(({ path }) => JSON.stringify(path)))
  const given = new Set<string>()
  for (const { path, message } of answer.errors ?? []) {
    const place = JSON.stringify(path)
    if (path === undefined) return { kind: 'errors', detail: `an error without a path: ${message}` }
    if (!known.has(place)) return { kind: 'errors', detail: `nothing fails at ${place}: ${message}` }
    if (given.has(place)) return { kind: 'errors', detail: `two errors at ${place}: ${message}` }
    given.add(place)
  }
  const wanted = places(expected.errors ?? [], answer.data)
  const found = places(answer.errors ?? [], answer.data)
  const missing = [...wanted].filter(place => !found.has(place))
  if (missing.length > 0) return { kind: 'errors', detail: `no error explains ${missing.join(', ')}` }
  const extra = [...found].filter(place => !wanted.has(place))
  if (extra.length > 0) return { kind: 'errors', detail: `too many errors: ${extra.join(', ')}` }
  return undefined
}

/** Why the gateway refuses an operation that it says it refuses (docs/planning.md); undefined: it does not. */
export function refusalOf({ data, errors = [] }: GraphQLAnswer): string | undefined {
  if (data !== undefined) return undefined
  return documentedRefusals.find(each => errors.some(({ message }) => message.includes(each)))
}

/** Nothing runs rather than twice, or out of turn; and no planner has made a plan that is right. */
const documentedRefusals = [
  'in several places under different conditions',
  'this operation could not be planned',
] as const

/** Where errors leave a null: the field itself, or the nearest place around it that may be null. */
export function places(
  errors: readonly { readonly path?: Path | undefined }[],
  data: unknown,
): ReadonlySet<string> {
  return new Set(
    errors.map(({ path = [] }) => {
      const place: (string | number)[] = []
      let value = data
      for (const step of path) {
        if (value === null || value === undefined) break
        value = Array.isArray(value) ? value[Number(step)] : isRecord(value) ? value[step] : undefined
        place.push(step)
      }
      return `${JSON.stringify(place)}${place.length === path.length ? '' : ' (propagated)'}`
    }),
  )
}

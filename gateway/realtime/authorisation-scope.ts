import type { Caller } from '../admission/run-operation.ts'

/**
 * Equal for callers who see the same: one principal with the same rights until the same moment, whose forwarded headers
 * are equal. Everything that a subgraph is told of a caller and may decide by is in it.
 */
export function authorisationScope({ principal, headers }: Caller): string {
  const sorted = Object.entries(headers).sort(([left], [right]) => (left < right ? -1 : 1))
  if (principal === undefined) return JSON.stringify(sorted)
  // How and when an authority found it out makes no difference to what it may do.
  const { source: _source, asOf: _asOf, ...rights } = { source: undefined, asOf: undefined, ...principal }
  return JSON.stringify([rights, sorted])
}

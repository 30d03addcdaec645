import type { CachingHeaders } from '../../../gateway/execution/entity-cache/cache-control.ts'
import type { RunningSubgraph } from '../../support/federated.ts'

/** Lets the subgraph answer as always, over HTTP with these headers. */
export function headed(subgraph: RunningSubgraph, headers: Partial<CachingHeaders>): void {
  const http = { status: 200, cacheControl: undefined, age: undefined, vary: undefined, ...headers }
  const answer: RunningSubgraph['intercept'] = async (request, context) => {
    const known = subgraph.intercept
    subgraph.intercept = undefined
    const asked = subgraph.execute(request, context)
    // It is told of each request, and was of this one already.
    subgraph.requests.pop()
    subgraph.intercept = known
    return { ...(await asked), http }
  }
  subgraph.intercept = answer
}

import { integer, list } from '../kernel/settings.ts'

/** How a gateway guards itself against subgraphs; docs/limits.md explains each. */
export const remoteSubgraphSettings = {
  subgraphTimeoutMs: integer('Longest time of one request to a subgraph.', 30_000, 1, 86_400_000),
  subgraphFailureCodes: list(
    'Codes of GraphQL errors that count as a failure of their subgraph. Default: UNAVAILABLE,OVERLOADED.',
  ),
}

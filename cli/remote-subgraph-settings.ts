import { integer, list } from '../kernel/settings.ts'

/** How a gateway guards itself against subgraphs; docs/limits.md explains each. */
export const remoteSubgraphSettings = {
  subgraphUrls: list(
    'Where subgraphs are, instead of what the supergraph says: name=url, e.g. db=http://db:4003/graphql; several of one name are hedged.',
  ),
  subscriptionUrls: list(
    'Where subscriptions of subgraphs go, when not to the same place by WebSocket: name=url with ws or wss (graphql-transport-ws), http or https (Server-Sent Events).',
  ),
  subgraphTimeoutMs: integer('Longest time of one request to a subgraph.', 30_000, 1, 86_400_000),
  subgraphFailureCodes: list(
    'Codes of GraphQL errors that count as a failure of their subgraph. Default: UNAVAILABLE,OVERLOADED,CALLER_UNTRUSTED.',
  ),
}

import type { GatewayGraphQLRequestContext, GatewayGraphQLResponse } from '@apollo/server-gateway-interface'

type Context = Record<string, unknown>

/** What a data source is asked; the same as in @apollo/gateway, so that its data sources work here. */
export type DataSourceRequest = {
  readonly request: GatewayGraphQLRequestContext['request']
} & (
  | {
      readonly kind: 'incoming operation'
      readonly incomingRequestContext: GatewayGraphQLRequestContext
      /** Apollo Server's `contextValue`. */
      readonly context: GatewayGraphQLRequestContext['context']
    }
  | { readonly kind: 'health check' | 'loading schema'; readonly context: Context }
)

/** The way to one subgraph, as `buildService` makes it. */
export interface GraphQLDataSource {
  // A method, not a property: those of @apollo/gateway name their kinds by an enum of the same words.
  process(options: never): Promise<GatewayGraphQLResponse>
}

/** Asks a data source. */
export function askDataSource(
  source: GraphQLDataSource,
  request: DataSourceRequest,
): Promise<GatewayGraphQLResponse> {
  // Every data source takes what this file describes; their own types cannot be named without depending on them.
  return source.process(request as never)
}

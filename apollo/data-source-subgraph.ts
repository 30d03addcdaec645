import type { GatewayGraphQLRequestContext, GatewayGraphQLResponse } from '@apollo/server-gateway-interface'
import { GraphQLError } from 'graphql'
import type { Subgraph, SubgraphResponse } from '../gateway/execution/subgraph.ts'
import { EnneadError } from '../kernel/errors.ts'
import { askDataSource } from './data-source.ts'
import type { GraphQLDataSource } from './data-source.ts'

/** The engine's way to a subgraph through a data source; hooks get Apollo Server's own request context. */
export function dataSourceSubgraph(name: string, source: GraphQLDataSource): Subgraph {
  return {
    name,
    async execute(request, context) {
      // Only `EnneadGateway` runs operations through this, and gives each one the context it was called with.
      const incomingRequestContext = context.caller as GatewayGraphQLRequestContext
      const http = { method: 'POST', url: '', headers: new Headers({ ...context.headers }) }
      try {
        const response = await askDataSource(source, {
          kind: 'incoming operation',
          request: { ...request, variables: { ...request.variables }, http },
          incomingRequestContext,
          context: incomingRequestContext.context,
        })
        return answerOf(response)
      } catch (failure) {
        return failed(name, failure)
      }
    },
    subscribe() {
      throw new EnneadError('BAD_REQUEST', 'Apollo Server serves no subscriptions of a gateway')
    },
    close: () => Promise.resolve(),
  }
}

function answerOf({ data, errors, extensions }: GatewayGraphQLResponse): SubgraphResponse {
  return {
    ...(data === undefined ? {} : { data }),
    ...(errors === undefined ? {} : { errors }),
    ...(extensions === undefined ? {} : { extensions }),
  }
}

/** A hook that throws a GraphQLError has chosen what clients see; anything else is a subgraph out of reach. */
function failed(name: string, failure: unknown): SubgraphResponse {
  if (failure instanceof GraphQLError || hasExtensions(failure)) {
    return { errors: [{ message: failure.message, extensions: failure.extensions }] }
  }
  if (failure instanceof EnneadError) throw failure
  throw new EnneadError('SUBGRAPH_UNREACHABLE', `subgraph "${name}" could not be reached`, { cause: failure })
}

/** GraphQLErrors of another copy of graphql. */
function hasExtensions(
  failure: unknown,
): failure is Error & { readonly extensions: Record<string, unknown> } {
  return (
    failure instanceof Error &&
    'extensions' in failure &&
    typeof failure.extensions === 'object' &&
    failure.extensions !== null
  )
}

import type { Subgraph } from '../../gateway/execution/subgraph.ts'
import type { SubgraphService } from '../../subgraphs/service/subgraph-service.ts'

/** The way to a subgraph in the same process: a function call. The service lives on when the gateway lets go of it. */
export function localSubgraph(service: SubgraphService): Subgraph {
  return {
    name: service.name,
    execute: (request, context) => service.execute(request, context),
    subscribe: (request, context) => service.subscribe(request, context),
    close: () => Promise.resolve(),
  }
}

import type { HopSigner } from '../../kernel/hop-signer.ts'
import type { Log } from '../../kernel/log.ts'
import type { Sight } from '../../kernel/sightings/sighting.ts'
import { createSubgraphService } from '../service/create-subgraph-service.ts'
import type { SubgraphService } from '../service/subgraph-service.ts'
import type { ApiDomain } from './domain.ts'
import { apiContext, apiResolvers } from './resolvers.ts'

export interface ApiServiceOptions {
  /** schema/api.graphql */
  readonly typeDefs: string
  /** Needed to listen. */
  readonly signer: HopSigner | undefined
  /** Is told of strangers, and of what callers were refused. Default: nobody is. */
  readonly sight?: Sight | undefined
  readonly log: Log
}

/** The api subgraph over its domain; closing the service leaves the domain open. */
export function createApiService(domain: ApiDomain, options: ApiServiceOptions): SubgraphService {
  return createSubgraphService({
    name: 'api',
    typeDefs: options.typeDefs,
    resolvers: apiResolvers(domain),
    context: apiContext(domain),
    health: () => domain.health(),
    signer: options.signer,
    sight: options.sight,
    log: options.log,
  })
}

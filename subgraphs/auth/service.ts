import type { FastifyInstance } from 'fastify'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import type { Log } from '../../kernel/log.ts'
import type { Sight } from '../../kernel/sightings/sighting.ts'
import { createSubgraphService } from '../service/create-subgraph-service.ts'
import type { SubgraphService } from '../service/subgraph-service.ts'
import type { AuthDomain } from './domain.ts'
import { authContext } from './graphql/context.ts'
import { authResolvers } from './graphql/resolvers.ts'
import type { RightsChanges } from './rights-changes.ts'
import { authRoutes } from './routes.ts'

export interface AuthServiceOptions {
  /** The content of schema/auth.graphql. */
  readonly typeDefs: string
  /** Tells our own callers from strangers; needed to listen. */
  readonly signer: HopSigner | undefined
  /** Is told of strangers, and of what callers were refused. Default: nobody is. */
  readonly sight?: Sight | undefined
  readonly log: Log
  /** Tells other processes whose rights have changed. Default: they have to look. */
  readonly rights?: RightsChanges | undefined
}

/** The auth subgraph: the domain behind GraphQL, and its own routes for processes of this deployment. */
export function createAuthService(domain: AuthDomain, options: AuthServiceOptions): SubgraphService {
  return createSubgraphService({
    name: 'auth',
    typeDefs: options.typeDefs,
    resolvers: authResolvers(domain),
    context: hop => authContext(domain, hop),
    routes: (server: FastifyInstance, door) => authRoutes(server, door, domain, options.rights),
    health: () => domain.health(),
    signer: options.signer,
    sight: options.sight,
    log: options.log,
  })
}

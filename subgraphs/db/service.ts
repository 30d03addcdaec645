import type { HopSigner } from '../../kernel/hop-signer.ts'
import { type Log, silentLog } from '../../kernel/log.ts'
import type { Sight } from '../../kernel/sightings/sighting.ts'
import { createSubgraphService } from '../service/create-subgraph-service.ts'
import type { SubgraphLimits } from '../service/subgraph-limits.ts'
import type { SubgraphService } from '../service/subgraph-service.ts'
import { changeRoutes } from './change-routes.ts'
import type { DbDomain } from './domain.ts'
import { dbContext } from './resolvers/context.ts'
import { dbResolvers } from './resolvers/resolvers.ts'

export interface DbServiceOptions {
  /** The text of schema/db.graphql. */
  readonly typeDefs: string
  /** Tells our own callers from strangers; needed to listen. Default: none. */
  readonly signer?: HopSigner | undefined
  /** Is told of strangers, and of what callers were refused. Default: nobody is. */
  readonly sight?: Sight | undefined
  /** Default: none. */
  readonly log?: Log
  readonly limits?: Partial<SubgraphLimits>
}

/** The db subgraph over its domain, whose life is its owner's: closing the service leaves the domain open. */
export function createDbService(domain: DbDomain, options: DbServiceOptions): SubgraphService {
  const log = options.log ?? silentLog
  return createSubgraphService({
    name: 'db',
    typeDefs: options.typeDefs,
    resolvers: dbResolvers,
    context: (hop, notes) => dbContext(domain, hop, log, notes),
    routes: changeRoutes(domain),
    health: () => domain.health(),
    signer: options.signer,
    sight: options.sight,
    log,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  })
}

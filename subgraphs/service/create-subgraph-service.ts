import { ApolloServer } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled'
import { buildSubgraphSchema } from '@apollo/subgraph'
import type { FastifyInstance } from 'fastify'
import { type GraphQLScalarType, type GraphQLSchema, parse } from 'graphql'
import type { DomainHealth } from '../../kernel/health.ts'
import type { Hop } from '../../kernel/hop.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import type { Log } from '../../kernel/log.ts'
import type { Sight } from '../../kernel/sightings/sighting.ts'
import { errorFormat } from './answer-errors.ts'
import { DegradationNotes, degradationPlugin } from './degradation-notes.ts'
import { DocumentCache, documentTokensMax } from './documents.ts'
import { guardSchema } from './guard.ts'
import type { ServiceDoor } from './http-door.ts'
import { RunningSubgraph } from './running-subgraph.ts'
import { sightRefusals } from './sight-refusals.ts'
import { type SubgraphLimits, checkLimits } from './subgraph-limits.ts'
import type { SubgraphService } from './subgraph-service.ts'

/** What resolvers get as context: what the domain made for the request, the hop, and where they note what is degraded. */
export type SubgraphContext<C> = C & { readonly hop: Hop; readonly notes: DegradationNotes }

/** Each resolver declares the parent, arguments and context it takes; `__resolveReference` takes no arguments. */
export type ResolverFunction = (source: never, args: never, context: never, info: never) => unknown

/** Resolvers by type and field. A subscription's root field has `subscribe`, which answers an AsyncIterable of events. */
export type Resolvers = Readonly<
  Record<
    string,
    | GraphQLScalarType
    | Readonly<
        Record<
          string,
          ResolverFunction | { readonly subscribe: ResolverFunction; readonly resolve?: ResolverFunction }
        >
      >
  >
>

export interface SubgraphServiceOptions<C extends object> {
  /** The subgraph's name in the supergraph, e.g. `db`. */
  readonly name: string
  /** The subgraph's SDL; `@authenticated` and `@requiresScopes` in it are enforced here as well. */
  readonly typeDefs: string
  readonly resolvers: Resolvers
  /**
   * Made anew for every request and every event of a subscription, so that loaders in it never serve old values. What is
   * answered from the past must be told to `notes`; it becomes `extensions.ennead.degraded`.
   */
  readonly context: (hop: Hop, notes: DegradationNotes) => C
  /** The domain's own HTTP routes. Errors they throw are answered as `{errors: [{message, extensions: {code}}]}`. */
  readonly routes?: ((server: FastifyInstance, door: ServiceDoor) => void) | undefined
  readonly health: () => DomainHealth
  /** Tells our own callers from strangers; needed to listen. Everything but /health answers strangers 401. */
  readonly signer: HopSigner | undefined
  /** Is told of strangers, and of what callers were refused. Default: nobody is. */
  readonly sight?: Sight | undefined
  readonly log: Log
  readonly limits?: Partial<SubgraphLimits>
}

/**
 * A subgraph: the same resolvers by function call, over HTTP and over WebSocket. Strangers never reach a resolver over
 * the wire; by function call the caller vouches for the hop. Errors that are not ours are masked and logged.
 */
export function createSubgraphService<C extends object>(options: SubgraphServiceOptions<C>): SubgraphService {
  const limits = checkLimits(options.limits ?? {})
  const log = options.log.with({ subgraph: options.name })
  const schema = subgraphSchema(options.typeDefs, options.resolvers)
  if (options.sight !== undefined) sightRefusals(schema, options.sight)
  const documents = new DocumentCache()
  const formatError = errorFormat(log)
  const apollo = new ApolloServer<SubgraphContext<C>>({
    schema,
    formatError,
    documentStore: documents,
    parseOptions: { maxTokens: documentTokensMax },
    persistedQueries: false,
    csrfPrevention: true,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // Nothing here depends on the environment it runs in.
    nodeEnv: 'production',
    plugins: [
      degradationPlugin<SubgraphContext<C>>(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
    logger: {
      debug: message => log.debug('subgraph.apollo', { message: String(message) }),
      info: message => log.debug('subgraph.apollo', { message: String(message) }),
      warn: message => log.warn('subgraph.apollo', { message: String(message) }),
      error: message => log.error('subgraph.apollo', { message: String(message) }),
    },
  })
  return new RunningSubgraph({
    name: options.name,
    schema,
    documents,
    formatError,
    apollo,
    contextOf: hop => {
      const notes = new DegradationNotes()
      return { ...options.context(hop, notes), hop, notes }
    },
    health: options.health,
    routes: options.routes,
    signer: options.signer,
    sight: options.sight,
    log,
    limits,
  })
}

type ApolloResolvers = Extract<
  Parameters<typeof buildSubgraphSchema>[0],
  { resolvers?: unknown }
>['resolvers'] & {}

function subgraphSchema(typeDefs: string, resolvers: Resolvers): GraphQLSchema {
  // Each resolver declares what it takes; Apollo's map types every one as taking anything.
  const map = resolvers as ApolloResolvers
  const schema = buildSubgraphSchema([{ typeDefs: parse(typeDefs), resolvers: map }])
  guardSchema(schema)
  return schema
}

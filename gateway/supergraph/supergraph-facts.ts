import type { Supergraph as ApolloSupergraph } from '@apollo/federation-internals'
import type { GraphQLSchema } from 'graphql'
import type { AccessRules } from './access-rules.ts'
import type { CacheHints } from './cache-hints.ts'
import type { CostDirectives } from './cost-directives.ts'
import type { ExternalFields } from './external-fields.ts'
import type { RequiredArguments } from './required-arguments.ts'
import type { ReservedNames } from './reserved-names.ts'
import type { ResumableFields } from './resumable-fields.ts'
import type { TypeMembers, TypeOverlap } from './type-overlap.ts'

/** What is known of a composed graph, as plain data: it can be sent from one thread to another. */
export interface SupergraphFacts {
  /** SHA-256 of the SDL, in hexadecimal. */
  readonly hash: string
  readonly subgraphs: readonly { readonly name: string; readonly url: string }[]
  /** Response names that plans use for themselves. */
  readonly reserved: ReservedNames
  /** Weights and list sizes for the cost of operations. */
  readonly costs: CostDirectives
  /** How long answers may be kept. */
  readonly caching: CacheHints
  /** Who may see what. */
  readonly access: AccessRules
  /** Subscriptions that can be resumed. */
  readonly resumable: ResumableFields
  /** Labels of progressive @override. */
  readonly overrideLabels: readonly string[]
}

/** A composed graph, ready to be served. Never changes; a new one replaces it. */
export interface Supergraph extends SupergraphFacts {
  readonly sdl: string
  /** What clients may see: without @inaccessible elements and federation's machinery. */
  readonly apiSchema: GraphQLSchema
  readonly overlap: TypeOverlap
}

/** A composed graph, ready to be planned on as well. */
export interface PlannableSupergraph extends Supergraph {
  /** What subgraphs declare without answering it. */
  readonly externals: ExternalFields
  /** What fields require with arguments. */
  readonly requiredArguments: RequiredArguments
  /** Apollo's own form, for its planner. */
  readonly apollo: ApolloSupergraph
}

/** A supergraph on its way to the thread that serves it. */
export interface SupergraphParts {
  readonly facts: SupergraphFacts
  readonly members: TypeMembers
  /** The definitions of what clients may see, as SDL. */
  readonly api: readonly string[]
}

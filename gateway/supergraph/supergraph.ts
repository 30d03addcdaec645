import { createHash } from 'node:crypto'
import {
  ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
  Supergraph as ApolloSupergraph,
} from '@apollo/federation-internals'
import { GraphQLError, parse } from 'graphql'
import type { DocumentNode, GraphQLSchema } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import { cacheHints } from './cache-hints.ts'
import type { CacheHints } from './cache-hints.ts'
import { accessRules } from './access-rules.ts'
import type { AccessRules } from './access-rules.ts'
import { costDirectives } from './cost-directives.ts'
import type { CostDirectives } from './cost-directives.ts'
import { externalFields } from './external-fields.ts'
import type { ExternalFields } from './external-fields.ts'
import { requiredArguments } from './required-arguments.ts'
import type { RequiredArguments } from './required-arguments.ts'
import { overrideLabels } from './override-labels.ts'
import { reservedNames } from './reserved-names.ts'
import type { ReservedNames } from './reserved-names.ts'
import { resolvableKeysFirst } from './key-order.ts'
import { resumableFields } from './resumable-fields.ts'
import type { ResumableFields } from './resumable-fields.ts'
import { typeOverlap } from './type-overlap.ts'
import type { TypeOverlap } from './type-overlap.ts'

/** A composed graph, ready to be planned on. Never changes; a new one replaces it. */
export interface Supergraph {
  /** SHA-256 of the SDL, in hexadecimal. */
  readonly hash: string
  readonly sdl: string
  /** What clients may see: without @inaccessible elements and federation's machinery. */
  readonly apiSchema: GraphQLSchema
  readonly subgraphs: readonly { readonly name: string; readonly url: string }[]
  /** Response names that plans use for themselves. */
  readonly reserved: ReservedNames
  readonly overlap: TypeOverlap
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
  /** What subgraphs declare without answering it. */
  readonly externals: ExternalFields
  /** What fields require with arguments. */
  readonly requiredArguments: RequiredArguments
  /** Apollo's own form, for its planner. */
  readonly apollo: ApolloSupergraph
}

/** Longest supergraph taken, in characters. The largest real ones are a few MB. */
export const sdlLengthMax = 64 * 1024 * 1024

/** Makes SDL of a composed supergraph usable. Throws SUPERGRAPH_INVALID with the reason when it is anything else. */
export function loadSupergraph(sdl: string): Supergraph {
  if (sdl.trim() === '') throw invalid('it is empty')
  if (sdl.length > sdlLengthMax) throw invalid(`it is longer than ${sdlLengthMax} characters`)
  const document = resolvableKeysFirst(parsed(sdl))
  if (!document.definitions.some(isJoinGraph)) {
    throw invalid('it is not a composed supergraph (it has no join__Graph); compose subgraph schemas first')
  }
  try {
    const apollo = ApolloSupergraph.build(document, {
      supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
      validateSupergraph: true,
    })
    const apiSchema = apollo.apiSchema().toGraphQLJSSchema({ includeDefer: true })
    return {
      hash: createHash('sha256').update(sdl).digest('hex'),
      sdl,
      apiSchema,
      subgraphs: apollo.subgraphsMetadata().map(({ name, url }) => ({ name, url })),
      reserved: reservedNames(document),
      overlap: typeOverlap(document),
      costs: costDirectives(document),
      caching: cacheHints(document),
      access: accessRules(document),
      overrideLabels: overrideLabels(document),
      externals: externalFields(document),
      requiredArguments: requiredArguments(document),
      resumable: resumableFields(apiSchema, document),
      apollo,
    }
  } catch (failure) {
    throw invalid(failure instanceof Error ? firstLines(failure.message) : 'it cannot be built', failure)
  }
}

function parsed(sdl: string): DocumentNode {
  try {
    return parse(sdl)
  } catch (failure) {
    if (!(failure instanceof GraphQLError)) throw failure
    const place = failure.locations?.[0]
    const at = place === undefined ? '' : ` at line ${place.line}, column ${place.column}`
    throw invalid(`it is not GraphQL${at}: ${failure.message}`, failure)
  }
}

function isJoinGraph(definition: DocumentNode['definitions'][number]): boolean {
  return 'name' in definition && definition.name?.value === 'join__Graph'
}

/** Apollo's messages can list every fault of a schema; an operator needs the first few. */
function firstLines(message: string): string {
  const lines = message.split('\n')
  return lines.length > 10 ? `${lines.slice(0, 10).join('\n')}\n… ${lines.length - 10} more lines` : message
}

function invalid(reason: string, cause?: unknown): EnneadError {
  return new EnneadError('SUPERGRAPH_INVALID', `the supergraph cannot be used: ${reason}`, { cause })
}

import { createHash } from 'node:crypto'
import {
  ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
  Supergraph as ApolloSupergraph,
} from '@apollo/federation-internals'
import { GraphQLError, parse, print, printSchema } from 'graphql'
import type { DocumentNode, GraphQLSchema } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import { accessRules } from './access-rules.ts'
import { cacheHints } from './cache-hints.ts'
import { costDirectives } from './cost-directives.ts'
import { externalFields } from './external-fields.ts'
import { resolvableKeysFirst } from './key-order.ts'
import { overrideLabels } from './override-labels.ts'
import { requiredArguments } from './required-arguments.ts'
import { reservedNames } from './reserved-names.ts'
import { resumableFields } from './resumable-fields.ts'
import type { PlannableSupergraph, SupergraphParts } from './supergraph-facts.ts'
import { typeMembers, typeOverlap } from './type-overlap.ts'

/** Longest supergraph taken, in characters. The largest real ones are a few MB. */
export const sdlLengthMax = 64 * 1024 * 1024

/** Makes SDL of a composed supergraph usable. Throws SUPERGRAPH_INVALID with the reason when it is anything else. */
export function loadSupergraph(sdl: string): PlannableSupergraph {
  return built(sdl, ({ apiSchema, document, apollo, facts }) => ({
    ...facts,
    sdl,
    apiSchema,
    overlap: typeOverlap(typeMembers(document)),
    externals: externalFields(document),
    requiredArguments: requiredArguments(document),
    apollo,
  }))
}

/** What another thread needs to serve a supergraph, as plain data. Throws like `loadSupergraph`. */
export function supergraphParts(sdl: string): SupergraphParts {
  return built(sdl, ({ apiSchema, document, facts }) => ({
    facts,
    members: typeMembers(document),
    api: parse(printSchema(apiSchema), { noLocation: true }).definitions.map(print),
  }))
}

interface Built {
  readonly apiSchema: GraphQLSchema
  readonly document: DocumentNode
  readonly apollo: ApolloSupergraph
  readonly facts: SupergraphParts['facts']
}

function built<Made>(sdl: string, make: (built: Built) => Made): Made {
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
    const facts = {
      hash: createHash('sha256').update(sdl).digest('hex'),
      subgraphs: apollo.subgraphsMetadata().map(({ name, url }) => ({ name, url })),
      reserved: reservedNames(document),
      costs: costDirectives(document),
      caching: cacheHints(document),
      access: accessRules(document),
      overrideLabels: overrideLabels(document),
      resumable: resumableFields(apiSchema, document),
    }
    return make({ apiSchema, document, apollo, facts })
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

import { GraphQLError, parse, Source } from 'graphql'
import type { DocumentNode } from 'graphql'
import type { Diagnostic } from './diagnostic.ts'
import { SchemaIndex } from './schema-index.ts'
import { syntaxAdvice } from './error-advice.ts'
import type { SubgraphSource } from './subgraph-source.ts'

/** A subgraph whose schema is at least GraphQL. */
export interface ParsedSubgraph extends SubgraphSource {
  readonly document: DocumentNode
  readonly source: Source
  readonly index: SchemaIndex
}

/** Parses a schema, or says where it stops being GraphQL. */
export function parseSubgraph(subgraph: SubgraphSource): ParsedSubgraph | Diagnostic {
  const source = new Source(subgraph.sdl, subgraph.name)
  try {
    const document = parse(source)
    return { ...subgraph, document, source, index: new SchemaIndex(document) }
  } catch (failure) {
    if (failure instanceof GraphQLError) return syntaxError(subgraph, failure)
    // Thousands of levels of brackets end the stack of a recursive parser.
    if (failure instanceof RangeError) {
      return { ...syntaxError(subgraph, new GraphQLError('The schema nests too deeply to be parsed.')) }
    }
    throw failure
  }
}

function syntaxError(subgraph: SubgraphSource, failure: GraphQLError): Diagnostic {
  const { line, column } = failure.locations?.[0] ?? { line: 1, column: 1 }
  const position = failure.positions?.[0] ?? 0
  const length = /^\w+/.exec(subgraph.sdl.slice(position, position + 200))?.[0].length ?? 1
  return {
    severity: 'error',
    code: 'INVALID_GRAPHQL',
    message: `[${subgraph.name}] ${failure.message}`,
    locations: [
      {
        subgraph: subgraph.name,
        file: subgraph.file,
        line,
        column,
        endLine: line,
        endColumn: column + length,
        text: subgraph.sdl,
      },
    ],
    advice: syntaxAdvice,
  }
}

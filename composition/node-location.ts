import { getLocation, Kind } from 'graphql'
import type { ASTNode, FieldDefinitionNode, Source } from 'graphql'
import type { SourceLocation } from './diagnostic.ts'

/**
 * Where a node stands, narrowed to what a reader looks for: the name of a type, a field with its type, a whole directive.
 * Undefined for a node without a place in `source`.
 */
export function nodeLocation(
  node: ASTNode,
  place: { readonly subgraph: string; readonly file: string; readonly source: Source },
): SourceLocation | undefined {
  const span = spanOf(node)
  if (span === undefined) return undefined
  const { subgraph, file, source } = place
  const start = getLocation(source, span.start)
  const end = getLocation(source, span.end)
  return {
    subgraph,
    file,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    text: source.body,
  }
}

interface Span {
  readonly start: number
  readonly end: number
}

function spanOf(node: ASTNode): Span | undefined {
  const { loc } = node
  if (loc === undefined || loc.end === 0) return undefined
  if (node.kind === Kind.FIELD_DEFINITION) return between(node.name, hasLines(node) ? node.name : node.type)
  if (node.kind === Kind.INPUT_VALUE_DEFINITION) return between(node.name, node.type)
  if (node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION) {
    return { start: loc.startToken.start, end: loc.startToken.end }
  }
  const named = 'name' in node && node.kind !== Kind.DIRECTIVE && node.kind !== Kind.NAMED_TYPE
  return named && node.name !== undefined ? between(node.name, node.name) : { start: loc.start, end: loc.end }
}

/** Arguments over several lines would put most of them, not the field, into the frame. */
function hasLines(node: FieldDefinitionNode): boolean {
  return node.name.loc?.startToken.line !== node.type.loc?.endToken.line
}

function between(from: ASTNode, to: ASTNode): Span | undefined {
  return from.loc === undefined || to.loc === undefined
    ? undefined
    : { start: from.loc.start, end: to.loc.end }
}

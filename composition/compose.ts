import { composeServices } from '@apollo/composition'
import type { CompositionSuccess } from '@apollo/composition'
import type { GraphQLError } from 'graphql'
import { EnneadError } from '../kernel/errors.ts'
import { adviceFor } from './advice.ts'
import { compareDiagnostics } from './diagnostic.ts'
import type { Diagnostic, Severity } from './diagnostic.ts'
import { knowBetter, withoutConsequences } from './know-better.ts'
import { locationsOf } from './locations.ts'
import { parseSubgraph } from './parsed-subgraph.ts'
import type { ParsedSubgraph } from './parsed-subgraph.ts'
import type { SubgraphSource } from './subgraph-source.ts'
import { splitSuggestions } from './suggestions.ts'

/** `diagnostics` of a supergraph are warnings and notices; without a supergraph at least one is an error. */
export type ComposeResult =
  | { readonly ok: true; readonly sdl: string; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

/** Hints of composition that are mistakes: a misspelt `@override(from:)` leaves both subgraphs serving the field. */
const mistakes: ReadonlySet<string> = new Set(['FROM_SUBGRAPH_DOES_NOT_EXIST'])

/**
 * Composes schemas by Apollo's composition, which is the authority on what a supergraph means. The same schemas give the
 * same bytes and the same diagnostics, in whatever order they are listed. Throws COMPOSITION_FAILED only when composition
 * itself breaks; what is wrong with the schemas is in the result.
 */
export function compose(sources: readonly SubgraphSource[]): ComposeResult {
  // Order must not depend on how a configuration lists them, or two machines make two supergraphs.
  const sorted = [...sources].sort((a, b) => (a.name < b.name ? -1 : 1))
  const parsed: ParsedSubgraph[] = []
  const faults: Diagnostic[] = []
  for (const source of sorted) {
    const result = parseSubgraph(source)
    if ('document' in result) parsed.push(result)
    else faults.push(result)
  }
  if (faults.length > 0) return { ok: false, diagnostics: faults.sort(compareDiagnostics) }
  const result = composeParsed(parsed)
  if (result.errors !== undefined) {
    const errors = result.errors.map(error => ofError(error, parsed))
    return { ok: false, diagnostics: ordered(withoutConsequences(errors)) }
  }
  const diagnostics = ordered(result.hints.map(hint => ofHint(hint, parsed)))
  if (diagnostics.some(diagnostic => diagnostic.severity === 'error')) return { ok: false, diagnostics }
  return { ok: true, sdl: `${result.supergraphSdl.trimEnd()}\n`, diagnostics }
}

function composeParsed(subgraphs: readonly ParsedSubgraph[]): ReturnType<typeof composeServices> {
  try {
    return composeServices(
      subgraphs.map(({ name, routingUrl, document }) => ({ name, url: routingUrl, typeDefs: document })),
    )
  } catch (failure) {
    throw new EnneadError('COMPOSITION_FAILED', 'composition itself failed on these schemas', {
      cause: failure,
    })
  }
}

function ofError(error: GraphQLError, subgraphs: readonly ParsedSubgraph[]): Diagnostic {
  const code = error.extensions['code']
  return diagnostic(
    'error',
    typeof code === 'string' ? code : 'COMPOSITION_FAILED',
    error.message,
    error.nodes ?? [],
    subgraphs,
  )
}

function ofHint(hint: CompositionSuccess['hints'][number], subgraphs: readonly ParsedSubgraph[]): Diagnostic {
  const { code, level } = hint.definition
  const severity = mistakes.has(code) ? 'error' : level.name === 'WARN' ? 'warning' : 'notice'
  return diagnostic(severity, code, hint.message, hint.nodes ?? [], subgraphs)
}

function diagnostic(
  severity: Severity,
  code: string,
  text: string,
  nodes: readonly unknown[],
  subgraphs: readonly ParsedSubgraph[],
): Diagnostic {
  const { message, suggestions } = splitSuggestions(text, subgraphs)
  const advice = adviceFor(code)
  const general = {
    severity,
    code,
    message,
    locations: locationsOf(message, nodes, subgraphs),
    ...(advice === undefined ? {} : { advice }),
    ...(suggestions.length === 0 ? {} : { suggestions }),
  }
  return { ...general, ...knowBetter(general, subgraphs) }
}

/** In a fixed order, each said once: composition repeats some for every subgraph. */
function ordered(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map(
    diagnostics.map(found => [JSON.stringify([found.code, found.message, found.locations[0]?.line]), found]),
  )
  return [...seen.values()].sort(compareDiagnostics)
}

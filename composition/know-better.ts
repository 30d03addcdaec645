import { suggestionList } from '@apollo/federation-internals'
import { Kind } from 'graphql'
import { hintAdvice } from './hint-advice.ts'
import type { Diagnostic, SourceLocation } from './diagnostic.ts'
import { placeOf } from './locations.ts'
import { nodeLocation } from './node-location.ts'
import type { ParsedSubgraph } from './parsed-subgraph.ts'

/** What the schemas tell about a message beyond what composition says: a nearer place, better advice, a likelier name. */
export function knowBetter(
  { message, locations }: Diagnostic,
  subgraphs: readonly ParsedSubgraph[],
): Partial<Diagnostic> {
  return (
    misspeltOverride(message, locations, subgraphs) ??
    typeElsewhere(message, locations, subgraphs) ??
    missingValue(message, locations, subgraphs) ??
    {}
  )
}

/** A misspelt @override(from:) shows as a field that two subgraphs resolve. */
function misspeltOverride(
  message: string,
  locations: readonly SourceLocation[],
  subgraphs: readonly ParsedSubgraph[],
): Partial<Diagnostic> | undefined {
  const match = /"([\w.]+)" has an @override directive in "([^"]+)" that targets an unknown subgraph/.exec(
    message,
  )
  const subgraph = subgraphs.find(({ name }) => name === match?.[2])
  const field = subgraph?.index.find(match?.[1] ?? '')
  if (subgraph === undefined || field?.kind !== Kind.FIELD_DEFINITION) return undefined
  for (const directive of field.directives ?? []) {
    const from = directive.arguments?.find(({ name }) => name.value === 'from')?.value
    if (from?.kind !== Kind.STRING || subgraphs.some(({ name }) => name === from.value)) continue
    const place = nodeLocation(directive, placeOf(subgraph))
    const suggestions = suggestionList(
      from.value,
      subgraphs.map(({ name }) => name).filter(name => name !== subgraph.name),
    )
    const others = locations.filter(location => location.subgraph !== subgraph.name)
    return {
      locations: place === undefined ? locations : [place, ...others],
      ...(suggestions.length === 0 ? {} : { suggestions }),
      ...adviceOf('FROM_SUBGRAPH_DOES_NOT_EXIST'),
    }
  }
  return undefined
}

/** A type that only another subgraph declares: each subgraph must be complete, so it needs a stub. */
function typeElsewhere(
  message: string,
  locations: readonly SourceLocation[],
  subgraphs: readonly ParsedSubgraph[],
): Partial<Diagnostic> | undefined {
  const name = /Unknown type "?(\w+)"?/.exec(message)?.[1]
  if (name === undefined) return undefined
  for (const subgraph of subgraphs) {
    const node = subgraph.index.find(name)
    const place = node === undefined ? undefined : nodeLocation(node, placeOf(subgraph))
    if (place === undefined) continue
    return {
      locations: [...locations, place],
      advice: `Subgraph "${subgraph.name}" declares ${name}: repeat it here, or, for an entity, just its key, as @key(fields: "…", resolvable: false).`,
    }
  }
  return undefined
}

/** Composition points at an enum where only one of its values is meant. */
function missingValue(
  message: string,
  locations: readonly SourceLocation[],
  subgraphs: readonly ParsedSubgraph[],
): Partial<Diagnostic> | undefined {
  const match = /^Enum type "(\w+)" is used .* but value "(\w+)" is not defined in all/s.exec(message)
  if (match === null) return undefined
  const values = subgraphs.flatMap(subgraph => {
    const node = subgraph.index.find(`${match[1] ?? ''}.${match[2] ?? ''}`)
    return (node === undefined ? undefined : nodeLocation(node, placeOf(subgraph))) ?? []
  })
  const having = new Set(values.map(({ subgraph }) => subgraph))
  return { locations: [...values, ...locations.filter(({ subgraph }) => !having.has(subgraph))] }
}

function adviceOf(code: string): Partial<Diagnostic> {
  const advice = hintAdvice[code]
  return advice === undefined ? {} : { advice }
}

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
    unreachableKey(message) ??
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

/** Why a key does not lead there, in the words that composition has for each reason. */
function unreachableKey(message: string): Partial<Diagnostic> | undefined {
  if (!message.includes('cannot be satisfied by the subgraphs')) return undefined
  if (message.includes('those key fields are overridden'))
    return {
      advice:
        'Remove @override from the fields of the @key, or give the type another @key: a subgraph cannot hand on a key that it no longer resolves.',
    }
  if (message.includes('accidentally marked @external'))
    return { advice: 'Remove @external from the fields of the @key in the subgraph that has the @requires.' }
  if (message.includes('"resolvable" argument set to false'))
    return {
      advice:
        'Remove resolvable: false from the @key of the subgraph that has the field, and resolve references there.',
    }
  return undefined
}

/** A field whose @override is wrong counts as resolved twice; to share it would hide the mistake. */
export function withoutConsequences(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const overridden = new Set(
    diagnostics.flatMap(({ code, message }) =>
      code.startsWith('OVERRIDE_') ? (/"(\w+\.\w+)"/.exec(message)?.[1] ?? []) : [],
    ),
  )
  return diagnostics.map(found => {
    const field = found.code === 'INVALID_FIELD_SHARING' ? /"(\w+\.\w+)"/.exec(found.message)?.[1] : undefined
    return field === undefined || !overridden.has(field)
      ? found
      : { ...found, advice: 'Correct the @override of this field first; this follows from it.' }
  })
}

function adviceOf(code: string): Partial<Diagnostic> {
  const advice = hintAdvice[code]
  return advice === undefined ? {} : { advice }
}

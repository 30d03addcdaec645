import { Kind } from 'graphql'
import type { DocumentNode, SelectionSetNode } from 'graphql'
import { argumentText, graphNames, selectionOf } from './graph-names.ts'

/** By type and field, `Type.field`: what each subgraph requires for it. Empty when nothing is required with arguments. */
export type RequiredArguments = ReadonlyMap<string, ReadonlyMap<string, SelectionSetNode>>

/** Reads every `@requires` of a composed supergraph, if one of them asks for a field with arguments: others may ask for it without. */
export function requiredArguments(supergraph: DocumentNode): RequiredArguments {
  const names = graphNames(supergraph)
  const found = new Map<string, Map<string, SelectionSetNode>>()
  let any = false
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue
    for (const { name, directives = [] } of definition.fields ?? []) {
      for (const join of directives) {
        const text = argumentText(join, 'requires')
        if (join.name.value !== 'join__field' || text === undefined) continue
        any ||= text.includes('(')
        const coordinate = `${definition.name.value}.${name.value}`
        const known = found.get(coordinate) ?? new Map<string, SelectionSetNode>()
        known.set(names.get(argumentText(join, 'graph') ?? '') ?? '', selectionOf(text))
        found.set(coordinate, known)
      }
    }
  }
  return any ? found : new Map()
}

import { Kind } from 'graphql'
import type { DocumentNode, SelectionSetNode } from 'graphql'
import { argumentText, graphNames, selectionOf } from './graph-names.ts'

/** By type and field, `Type.field`: what each subgraph requires for it, where that has arguments. */
export type RequiredArguments = ReadonlyMap<string, ReadonlyMap<string, SelectionSetNode>>

/** Reads every `@requires` of a composed supergraph that asks for a field with arguments. */
export function requiredArguments(supergraph: DocumentNode): RequiredArguments {
  const names = graphNames(supergraph)
  const found = new Map<string, Map<string, SelectionSetNode>>()
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue
    for (const { name, directives = [] } of definition.fields ?? []) {
      for (const join of directives) {
        const text = argumentText(join, 'requires')
        if (join.name.value !== 'join__field' || text?.includes('(') !== true) continue
        const coordinate = `${definition.name.value}.${name.value}`
        const known = found.get(coordinate) ?? new Map<string, SelectionSetNode>()
        known.set(names.get(argumentText(join, 'graph') ?? '') ?? '', selectionOf(text))
        found.set(coordinate, known)
      }
    }
  }
  return found
}

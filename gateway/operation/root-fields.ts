import { Kind } from 'graphql'
import type { DocumentNode, OperationDefinitionNode, SelectionSetNode } from 'graphql'

/** How often an operation asks for each root field, aliases counted and fragments expanded, by coordinate. */
export function countRootFields(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  rootType: string,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  const count = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const coordinate = `${rootType}.${selection.name.value}`
        counts.set(coordinate, (counts.get(coordinate) ?? 0) + 1)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) count(selection.selectionSet)
      else {
        const fragment = document.definitions.find(
          each => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value,
        )
        if (fragment?.kind === Kind.FRAGMENT_DEFINITION) count(fragment.selectionSet)
      }
    }
  }
  count(operation.selectionSet)
  return counts
}

import { Kind } from 'graphql'
import type { FragmentDefinitionNode, SelectionSetNode } from 'graphql'
import type { PlannedOperation } from './prepared.ts'
import type { Path } from './target.ts'
import { isTree, own } from './tree.ts'
import type { Tree } from './tree.ts'

/**
 * Says of a path in the client's names whether it leads to a field that the client asks for under other conditions or of other
 * objects, and not here. Plans may fetch more than is asked for, as where a subgraph cannot tell objects apart; what fails
 * then is nobody's error.
 */
export function excludedPlaces({
  document,
  operation,
  clientName,
}: Pick<PlannedOperation, 'document' | 'operation' | 'clientName'>): (
  data: Readonly<Tree> | null,
  path: Path | undefined,
) => boolean {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const each of document.definitions) {
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each)
  }
  return (data, path = []) => {
    let sets: readonly SelectionSetNode[] = [operation.selectionSet]
    let value: unknown = data
    for (const step of path) {
      if (typeof step === 'number') {
        if (!Array.isArray(value)) return false
        value = value[step]
        continue
      }
      if (!isTree(value)) return false
      const asked = sets.flatMap(set => fieldsNamed(step, set, fragments, clientName))
      if (!Object.hasOwn(value, step)) return asked.length > 0
      sets = asked.flatMap(set => set ?? [])
      value = own(value, step)
    }
    return false
  }
}

/** The selections of every field of this name in `set`, whatever its conditions; undefined for one that has none. */
function fieldsNamed(
  name: string,
  set: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  clientName: (name: string) => string,
): readonly (SelectionSetNode | undefined)[] {
  return set.selections.flatMap((selection): readonly (SelectionSetNode | undefined)[] => {
    if (selection.kind === Kind.FIELD) {
      const key = clientName((selection.alias ?? selection.name).value)
      return key === name ? [selection.selectionSet] : []
    }
    const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
    return inner === undefined ? [] : fieldsNamed(name, inner.selectionSet, fragments, clientName)
  })
}

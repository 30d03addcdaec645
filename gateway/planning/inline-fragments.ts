import { Kind, parse, print, stripIgnoredCharacters } from 'graphql'
import type { DirectiveNode, FragmentDefinitionNode, SelectionNode, SelectionSetNode } from 'graphql'

/** Selections an operation may come to without its fragments; longer ones keep them. */
const selectionsMax = 10_000

/** An operation of a plan without fragment definitions, so that whoever reads plans has one form less to know. */
export function inlined(operation: string): string {
  if (!operation.includes('fragment ')) return operation
  const { definitions } = parse(operation, { noLocation: true })
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const each of definitions) {
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each)
  }
  const [main, ...others] = definitions.filter(each => each.kind === Kind.OPERATION_DEFINITION)
  if (main === undefined || others.length > 0) return operation
  const left = { selections: selectionsMax }
  const selectionSet = expand(main.selectionSet, fragments, left)
  if (left.selections < 0) return operation
  return stripIgnoredCharacters(print({ ...main, selectionSet }))
}

function expand(
  set: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  left: { selections: number },
): SelectionSetNode {
  const selections = set.selections.map((selection): SelectionNode => {
    left.selections--
    if (left.selections < 0) return selection
    if (selection.kind !== Kind.FRAGMENT_SPREAD) {
      const inner = selection.selectionSet
      return inner === undefined ? selection : { ...selection, selectionSet: expand(inner, fragments, left) }
    }
    const fragment = fragments.get(selection.name.value)
    if (fragment === undefined) return selection
    return {
      kind: Kind.INLINE_FRAGMENT,
      typeCondition: fragment.typeCondition,
      directives: selection.directives ?? noDirectives,
      selectionSet: expand(fragment.selectionSet, fragments, left),
    }
  })
  return { ...set, selections }
}

const noDirectives: readonly DirectiveNode[] = []

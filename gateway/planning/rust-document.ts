import { Kind } from 'graphql'
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'

/** Root fields that no subgraph answers. */
const introspection: ReadonlySet<string> = new Set(['__schema', '__type', '__typename'])

/**
 * The operation as the Rust planner takes it, given one of `joined-conditions.ts`: with fragments expanded, without introspection
 * of the root, on which it fails, and without aliases of `__typename`. Undefined: there is nothing to fetch.
 */
export function forRust(document: DocumentNode, operationName: string | undefined): DocumentNode | undefined {
  const fragments = new Map<string, FragmentDefinitionNode>()
  let operation: OperationDefinitionNode | undefined
  for (const each of document.definitions) {
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each)
    else if (
      each.kind === Kind.OPERATION_DEFINITION &&
      (operationName === undefined || each.name?.value === operationName)
    ) {
      operation ??= each
    }
  }
  if (operation === undefined) throw unsupported('a document without the operation')
  const selectionSet = simplified(operation.selectionSet, fragments, true)
  if (selectionSet === undefined) return undefined
  return { ...document, definitions: [{ ...operation, selectionSet }] }
}

/** Undefined when nothing is left. Fragments were bounded with the document's weight, expanded. */
function simplified(
  set: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  root: boolean,
): SelectionSetNode | undefined {
  const selections = set.selections.flatMap(selection => simplifiedSelection(selection, fragments, root))
  return selections.length === 0 ? undefined : { ...set, selections }
}

function simplifiedSelection(
  selection: SelectionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  root: boolean,
): readonly SelectionNode[] {
  const { directives = [] } = selection
  if (selection.kind === Kind.FIELD) {
    if (root && introspection.has(selection.name.value)) return []
    // Under an alias it is fetched under that only, and what a plan goes on with is missing; the answer needs it once.
    if (selection.name.value === '__typename') return [typename]
    const { alias, ...bare } = selection
    // An alias that says nothing makes it lose what is selected.
    const field: FieldNode = alias === undefined || alias.value === bare.name.value ? bare : selection
    if (field.selectionSet === undefined) return [{ ...field, directives }]
    const selectionSet = neverEmpty(simplified(field.selectionSet, fragments, false))
    return [{ ...field, directives, selectionSet }]
  }
  const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
  const inner = fragment === undefined ? undefined : simplified(fragment.selectionSet, fragments, root)
  if (inner === undefined || fragment?.typeCondition === undefined) return inner?.selections ?? []
  return [{ kind: Kind.INLINE_FRAGMENT, typeCondition: fragment.typeCondition, selectionSet: inner }]
}

/** A field of whose selections none can apply is dropped by the planner; asking its type name keeps it. */
function neverEmpty(set: SelectionSetNode | undefined): SelectionSetNode {
  if (set === undefined) return { kind: Kind.SELECTION_SET, selections: [typename] }
  const kept = set.selections.some(each => each.kind === Kind.FIELD && each.directives?.length === 0)
  return kept ? set : { ...set, selections: [...set.selections, typename] }
}

const typename: FieldNode = {
  kind: Kind.FIELD,
  name: { kind: Kind.NAME, value: '__typename' },
  directives: [],
}

function unsupported(what: string): EnneadError {
  return new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned', {
    cause: new Error(`the Rust planner is not given ${what}`),
  })
}

import { Kind } from 'graphql'
import type {
  DirectiveNode,
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
 * The operation as the Rust planner takes it: without introspection and what constants leave out, on which it fails, and
 * with fragments expanded and their conditions on the fields inside, because it forgets those at the root, also of
 * mutations. Undefined: there is nothing to fetch. Throws QUERY_PLAN_FAILED for conditions that cannot be moved.
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
  const conditions = variableConditions(selection.directives ?? [])
  if (conditions === undefined) return []
  if (selection.kind === Kind.FIELD) {
    if (root && introspection.has(selection.name.value)) return []
    // Under an alias it is fetched under that only, and what a plan goes on with is missing; the answer needs it once.
    if (selection.name.value === '__typename') return [typename]
    if (selection.selectionSet === undefined) return [{ ...selection, directives: conditions }]
    const selectionSet = neverEmpty(simplified(selection.selectionSet, fragments, false))
    return [{ ...selection, directives: conditions, selectionSet }]
  }
  const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
  const inner = fragment === undefined ? undefined : simplified(fragment.selectionSet, fragments, root)
  if (fragment?.typeCondition === undefined)
    return (inner?.selections ?? []).map(each => under(each, conditions))
  if (inner === undefined) return []
  const selections = inner.selections.map(each => under(each, conditions))
  const { typeCondition } = fragment
  return [{ kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet: { ...inner, selections } }]
}

/** The selection under the conditions of the fragment around it. */
function under(selection: SelectionNode, conditions: readonly DirectiveNode[]): SelectionNode {
  if (conditions.length === 0) return selection
  if (selection.kind === Kind.INLINE_FRAGMENT) {
    const selections = selection.selectionSet.selections.map(each => under(each, conditions))
    return { ...selection, selectionSet: { ...selection.selectionSet, selections } }
  }
  const own = selection.directives ?? []
  if (own.some(directive => conditions.some(({ name }) => name.value === directive.name.value))) {
    throw unsupported('two conditions of one kind')
  }
  return { ...selection, directives: [...own, ...conditions] }
}

/** Its conditions that depend on variables; undefined when a constant leaves it out. */
function variableConditions(directives: readonly DirectiveNode[]): readonly DirectiveNode[] | undefined {
  const left: DirectiveNode[] = []
  for (const directive of directives) {
    const value = directive.arguments?.find(({ name }) => name.value === 'if')?.value
    if (value?.kind !== Kind.BOOLEAN) left.push(directive)
    else if (value.value === (directive.name.value === 'skip')) return undefined
  }
  return left
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

import { Kind, OperationTypeNode, print } from 'graphql'
import type { DirectiveNode, DocumentNode, FieldNode, OperationDefinitionNode, SelectionNode } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'

/** One place where a mutation is asked for, with the conditions around it and on it. */
interface Occurrence {
  readonly field: FieldNode
  readonly conditions: readonly DirectiveNode[]
}

/**
 * The document with every mutation asked for in one place. Apollo's planner makes a fetch for each set of conditions:
 * `pay { id } pay @include(if: $x) { total }` would pay twice. Throws QUERY_PLAN_FAILED where the places of a mutation
 * all have conditions, and different ones: no single place stands for them.
 */
export function mutationsOnce(document: DocumentNode): DocumentNode {
  const definitions = document.definitions.map(definition =>
    definition.kind === Kind.OPERATION_DEFINITION && definition.operation === OperationTypeNode.MUTATION
      ? once(definition, document)
      : definition,
  )
  return { ...document, definitions }
}

function once(operation: OperationDefinitionNode, document: DocumentNode): OperationDefinitionNode {
  const groups = new Map<string, Occurrence[]>()
  for (const occurrence of occurrencesIn(operation.selectionSet.selections, [], document)) {
    const key = (occurrence.field.alias ?? occurrence.field.name).value
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [occurrence])
    else known.push(occurrence)
  }
  if (![...groups.values()].some(differs)) return operation
  const selections = [...groups].map(([key, group]) => joined(key, group))
  return { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections } }
}

/** Every field of the root; conditions on types hold there. */
function occurrencesIn(
  selections: readonly SelectionNode[],
  around: readonly DirectiveNode[],
  document: DocumentNode,
): readonly Occurrence[] {
  return selections.flatMap(selection => {
    const conditions = [...around, ...(selection.directives ?? [])]
    if (selection.kind === Kind.FIELD) return [{ field: selection, conditions }]
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return occurrencesIn(selection.selectionSet.selections, conditions, document)
    }
    const fragment = document.definitions.find(
      each => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value,
    )
    return fragment?.kind === Kind.FRAGMENT_DEFINITION
      ? occurrencesIn(fragment.selectionSet.selections, conditions, document)
      : []
  })
}

function differs(group: readonly Occurrence[]): boolean {
  return new Set(group.map(({ conditions }) => conditions.map(print).join())).size > 1
}

function joined(key: string, group: readonly Occurrence[]): SelectionNode {
  const [first] = group
  if (first === undefined) throw new EnneadError('INTERNAL', 'a mutation was lost')
  const same = !differs(group)
  if (!same && group.every(({ conditions }) => conditions.length > 0)) {
    throw new EnneadError(
      'QUERY_PLAN_FAILED',
      `the mutation "${key}" is asked for in several places under different conditions; ask for it in one`,
    )
  }
  const { selectionSet, ...bare } = { ...first.field, directives: [] }
  const selections = group.flatMap(({ field, conditions }) => {
    const inner = field.selectionSet?.selections ?? []
    return same ? inner : under(conditions, inner)
  })
  const field: FieldNode =
    selectionSet === undefined ? bare : { ...bare, selectionSet: { kind: Kind.SELECTION_SET, selections } }
  const [whole = field] = same ? under(first.conditions, [field]) : [field]
  return whole
}

/** `selections` inside a fragment for each condition. */
function under(
  conditions: readonly DirectiveNode[],
  selections: readonly SelectionNode[],
): readonly SelectionNode[] {
  return conditions.reduceRight<readonly SelectionNode[]>(
    (inner, condition) => [
      {
        kind: Kind.INLINE_FRAGMENT,
        directives: [condition],
        selectionSet: { kind: Kind.SELECTION_SET, selections: inner },
      },
    ],
    selections,
  )
}

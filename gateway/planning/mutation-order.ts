import { Kind, OperationTypeNode, parse, print, stripIgnoredCharacters } from 'graphql'
import type { DocumentNode, SelectionNode, SelectionSetNode } from 'graphql'
import { unreachable } from '../../kernel/errors.ts'
import type { FetchNode, Plan, PlanNode } from './plan.ts'

/**
 * The plan with the mutations of each fetch in the order of the document, in which they have to run. Apollo's planner puts
 * those of one field together, and then `a: pay(n: 1) other b: pay(n: 2)` runs out of turn. `document` has its conditions joined.
 */
export function inOrderOfMutations(plan: Plan, document: DocumentNode): Plan {
  const operation = document.definitions.find(
    each => each.kind === Kind.OPERATION_DEFINITION && each.operation === OperationTypeNode.MUTATION,
  )
  if (operation?.kind !== Kind.OPERATION_DEFINITION || plan.root === undefined) return plan
  return { ...plan, root: ordered(plan.root, placesIn(operation.selectionSet, document)) }
}

function ordered(node: PlanNode, wanted: readonly Place[]): PlanNode {
  switch (node.kind) {
    case 'Fetch':
      return node.operationKind === 'mutation' ? inOrder(node, wanted) : node
    case 'Sequence':
    case 'Parallel':
      return { ...node, nodes: node.nodes.map(inner => ordered(inner, wanted)) }
    case 'Condition': {
      const { ifClause, elseClause } = node
      return {
        ...node,
        ...(ifClause && { ifClause: ordered(ifClause, wanted) }),
        ...(elseClause && { elseClause: ordered(elseClause, wanted) }),
      }
    }
    // Runs for objects that are there already.
    case 'Flatten':
      return node
    default:
      return unreachable(node)
  }
}

function inOrder(node: FetchNode, wanted: readonly Place[]): FetchNode {
  const document = parse(node.operation, { noLocation: true })
  const definitions = document.definitions.map(each => {
    if (each.kind !== Kind.OPERATION_DEFINITION || each.selectionSet.selections.length < 2) return each
    const turn = (selection: SelectionNode): number => {
      const [first] = placesOf(selection, document)
      const exact = wanted.findIndex(
        ({ key, condition }) => key === first?.key && condition === first.condition,
      )
      return exact >= 0 ? exact : wanted.findIndex(({ key }) => key === first?.key)
    }
    const selections = each.selectionSet.selections.toSorted((a, b) => turn(a) - turn(b))
    return { ...each, selectionSet: { ...each.selectionSet, selections } }
  })
  return { ...node, operation: stripIgnoredCharacters(print({ ...document, definitions })) }
}

/** Where a mutation is asked for: of several places of one name, at most one is asked for at a time. */
interface Place {
  readonly key: string
  readonly condition: string
}

function placesOf(selection: SelectionNode, document: DocumentNode): readonly Place[] {
  if (selection.kind === Kind.FIELD) {
    const condition = (selection.directives ?? []).map(directive => print(directive)).join(' ')
    return [{ key: (selection.alias ?? selection.name).value, condition }]
  }
  if (selection.kind === Kind.INLINE_FRAGMENT) return placesIn(selection.selectionSet, document)
  const fragment = document.definitions.find(
    each => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value,
  )
  return fragment?.kind === Kind.FRAGMENT_DEFINITION ? placesIn(fragment.selectionSet, document) : []
}

function placesIn(set: SelectionSetNode, document: DocumentNode): readonly Place[] {
  return set.selections.flatMap(selection => placesOf(selection, document))
}

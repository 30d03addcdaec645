import { Kind, OperationTypeNode } from 'graphql'
import type { DirectiveNode, DocumentNode, FieldNode, OperationDefinitionNode, SelectionNode } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'

/** Variables and the values they must have. */
type Conditions = ReadonlyMap<string, boolean>

/** One place where a mutation is asked for, with the conditions around it and on it that are not constant. */
interface Occurrence {
  readonly key: string
  readonly field: FieldNode
  readonly directives: readonly DirectiveNode[]
  readonly conditions: Conditions
}

/**
 * The document with every mutation asked for in one place. Apollo's planner makes a fetch for each set of conditions:
 * `pay { id } pay @include(if: $x) { total }` would pay twice. Of several places inside fragments it
 * may take the last for the turn of all. Places of which at most one can be asked for at a time stay
 * as they are. Throws QUERY_PLAN_FAILED where no single place stands for all of them at the same point of the order.
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
  const occurrences = occurrencesIn(operation.selectionSet.selections, [], document)
  const groups = new Map<string, Occurrence[]>()
  for (const occurrence of occurrences) {
    // What is asked of the schema happens to nobody.
    if (isMeta(occurrence)) continue
    const known = groups.get(occurrence.key)
    if (known === undefined) groups.set(occurrence.key, [occurrence])
    else known.push(occurrence)
  }
  const several = [...groups.values()].some(group => group.length > 1 && !exclusive(group))
  // Apollo's planner takes the fields of all fragments on the root together, and so out of turn.
  const flat = operation.selectionSet.selections.every(({ kind }) => kind === Kind.FIELD)
  if (occurrences.length === 0 || (!several && flat)) return operation
  const selections = occurrences.flatMap((occurrence, index): readonly SelectionNode[] => {
    const group = groups.get(occurrence.key) ?? []
    if (isMeta(occurrence) || group.length === 1 || exclusive(group))
      return under(occurrence.directives, [withoutDirectives(occurrence.field)])
    if (group[0] !== occurrence) return []
    if (differs(group)) refuseUnlessFirst(group, occurrences, index)
    return [joined(group)]
  })
  return { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections } }
}

/** Every field of the root that no constant excludes; conditions on types hold there. */
function occurrencesIn(
  selections: readonly SelectionNode[],
  around: readonly DirectiveNode[],
  document: DocumentNode,
): readonly Occurrence[] {
  return selections.flatMap(selection => {
    const directives = [...around, ...(selection.directives ?? [])]
    if (selection.kind === Kind.FIELD) {
      const conditions = conditionsOf(directives)
      if (conditions === 'never') return []
      const key = (selection.alias ?? selection.name).value
      return [{ key, field: selection, directives: directives.filter(isVariable), conditions }]
    }
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return occurrencesIn(selection.selectionSet.selections, directives, document)
    }
    const fragment = document.definitions.find(
      each => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value,
    )
    return fragment?.kind === Kind.FRAGMENT_DEFINITION
      ? occurrencesIn(fragment.selectionSet.selections, directives, document)
      : []
  })
}

/** `never`: constants, or conditions that contradict each other, exclude it. */
function conditionsOf(directives: readonly DirectiveNode[]): Conditions | 'never' {
  const conditions = new Map<string, boolean>()
  for (const directive of directives) {
    const wanted = directive.name.value === 'include'
    const value = directive.arguments?.[0]?.value
    if (value?.kind === Kind.BOOLEAN && value.value !== wanted) return 'never'
    if (value?.kind !== Kind.VARIABLE) continue
    const name = value.name.value
    if (conditions.get(name) === !wanted) return 'never'
    conditions.set(name, wanted)
  }
  return conditions
}

function isVariable(directive: DirectiveNode): boolean {
  return directive.arguments?.[0]?.value.kind === Kind.VARIABLE
}

function differs(group: readonly Occurrence[]): boolean {
  const texts = group.map(({ conditions }) =>
    [...conditions].map(([name, wanted]) => `${name}=${wanted}`).sort(),
  )
  return new Set(texts.map(text => text.join())).size > 1
}

/** At most one of them can be asked for at a time. */
function exclusive(group: readonly Occurrence[]): boolean {
  return (
    group.length > 1 &&
    group.every((one, index) =>
      group
        .slice(index + 1)
        .every(other => [...one.conditions].some(([name, wanted]) => other.conditions.get(name) === !wanted)),
    )
  )
}

/** The place that is always asked for has to come before every other mutation that could run in between. */
function refuseUnlessFirst(
  group: readonly Occurrence[],
  occurrences: readonly Occurrence[],
  first: number,
): void {
  const always = occurrences.findIndex(each => group.includes(each) && each.conditions.size === 0)
  const between = occurrences
    .slice(first, Math.max(first, always))
    .some(each => !isMeta(each) && !group.includes(each))
  if (always >= 0 && !between) return
  throw new EnneadError(
    'QUERY_PLAN_FAILED',
    `the mutation "${group[0]?.key}" is asked for in several places under different conditions; ask for it in one`,
  )
}

function joined(group: readonly Occurrence[]): SelectionNode {
  const [first] = group
  if (first === undefined) throw new EnneadError('INTERNAL', 'a mutation was lost')
  const same = !differs(group)
  const { selectionSet, ...bare } = withoutDirectives(first.field)
  const selections = group.flatMap(({ field, directives }) => {
    const inner = field.selectionSet?.selections ?? []
    return same ? inner : under(directives, inner)
  })
  const field: FieldNode =
    selectionSet === undefined ? bare : { ...bare, selectionSet: { kind: Kind.SELECTION_SET, selections } }
  const [whole = field] = same ? under(first.directives, [field]) : [field]
  return whole
}

function isMeta({ field }: Occurrence): boolean {
  return field.name.value.startsWith('__')
}

function withoutDirectives(field: FieldNode): FieldNode {
  return { ...field, directives: [] }
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

import { Kind, visit } from 'graphql'
import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
  VariableDefinitionNode,
} from 'graphql'

/** A variable of a plan that is true when all of `all` are met. */
export interface JoinedCondition {
  readonly variable: string
  /** Variables of the operation, each with the value it has to have. */
  readonly all: readonly (readonly [variable: string, wanted: boolean])[]
}

/** An operation with its conditions as planners take them. */
export interface ConditionedOperation {
  readonly document: DocumentNode
  /** Variables that `document` has and the operation had not. */
  readonly joined: readonly JoinedCondition[]
}

/** Values that variables must have for a selection to be asked for. */
type Conditions = ReadonlyMap<string, boolean>

const always: Conditions = new Map()

/**
 * The operation with every @skip and @include on a field, at most one on each; what constants or contradictions exclude is left
 * out. Both planners lose conditions of fragments (Apollo's at what stands behind a @requires, Rust's at the root), fields
 * with two conditions, and objects of whose fields none can be asked for. Documents without conditions stay as they are.
 * Fragments are expanded; their number was bounded with the document's weight.
 */
export function joinConditions(
  document: DocumentNode,
  operationName: string | undefined,
): ConditionedOperation {
  const operation = document.definitions.find(
    (each): each is OperationDefinitionNode =>
      each.kind === Kind.OPERATION_DEFINITION &&
      (operationName === undefined || each.name?.value === operationName),
  )
  if (operation === undefined || !hasConditions(document)) return { document, joined: [] }
  const rewrite = new Rewrite(document, operation)
  const selectionSet = rewrite.set(operation.selectionSet)
  const rewritten = { ...operation, selectionSet }
  const variableDefinitions = [...usedOf(rewritten), ...rewrite.definitions()]
  return {
    document: { ...document, definitions: [{ ...rewritten, variableDefinitions }] },
    joined: rewrite.joined,
  }
}

/** The values of joined conditions, given those of the operation's variables. */
export function joinedValues(
  joined: readonly JoinedCondition[],
  variables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, boolean>> {
  const values = joined.map(({ variable, all }): [string, boolean] => [
    variable,
    all.every(([name, wanted]) => variables[name] === wanted),
  ])
  return Object.fromEntries(values)
}

/** Does the operation ask for more than `__typename` and the schema, for some values of its variables? */
export function asksRealFields(document: DocumentNode, operationName: string | undefined): boolean {
  const conditioned = joinConditions(document, operationName).document
  const fragments = fragmentsOf(conditioned)
  const asks = (set: SelectionSetNode): boolean =>
    set.selections.some(selection => {
      if (selection.kind === Kind.FIELD) return !selection.name.value.startsWith('__')
      if (selection.kind === Kind.INLINE_FRAGMENT) return asks(selection.selectionSet)
      const fragment = fragments.get(selection.name.value)
      return fragment !== undefined && asks(fragment.selectionSet)
    })
  return conditioned.definitions.some(
    each =>
      each.kind === Kind.OPERATION_DEFINITION &&
      each.name?.value === operationName &&
      asks(each.selectionSet),
  )
}

class Rewrite {
  readonly joined: JoinedCondition[] = []
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #prefix: string

  constructor(document: DocumentNode, { variableDefinitions = [] }: OperationDefinitionNode) {
    this.#fragments = fragmentsOf(document)
    const names = variableDefinitions.map(({ variable }) => variable.name.value)
    let prefix = '_if'
    while (names.some(name => name.startsWith(prefix))) prefix += '_'
    this.#prefix = prefix
  }

  definitions(): readonly VariableDefinitionNode[] {
    return this.joined.map(({ variable }) => ({
      kind: Kind.VARIABLE_DEFINITION,
      variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: variable } },
      type: {
        kind: Kind.NON_NULL_TYPE,
        type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'Boolean' } },
      },
    }))
  }

  /** `known`: what is met wherever the set stands. */
  set(set: SelectionSetNode, known = always): SelectionSetNode {
    const selections = this.#selections(set, known, always)
    return { ...set, selections: selections.length === 0 ? [typename] : selections }
  }

  /** `around`: conditions of the fragments around, inside the same object. */
  #selections(set: SelectionSetNode, known: Conditions, around: Conditions): readonly SelectionNode[] {
    return set.selections.flatMap(selection => {
      const conditions = withMore(around, known, selection.directives ?? [])
      return conditions === 'never' ? [] : this.#selection(selection, known, conditions)
    })
  }

  #selection(selection: SelectionNode, known: Conditions, conditions: Conditions): readonly SelectionNode[] {
    const directives = (selection.directives ?? []).filter(each => !isCondition(each))
    if (selection.kind === Kind.FIELD) {
      const own = { ...selection, directives: [...directives, ...this.#directive(conditions)] }
      const { selectionSet } = selection
      if (selectionSet === undefined) return [own]
      return [{ ...own, selectionSet: this.set(selectionSet, new Map([...known, ...conditions])) }]
    }
    const fragment =
      selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value)
    if (fragment === undefined) return []
    const { typeCondition, selectionSet } = fragment
    const selections = this.#selections(selectionSet, known, conditions)
    if (selections.length === 0 || (typeCondition === undefined && directives.length === 0)) return selections
    const inner: SelectionSetNode = { kind: Kind.SELECTION_SET, selections }
    return [
      {
        kind: Kind.INLINE_FRAGMENT,
        ...(typeCondition === undefined ? {} : { typeCondition }),
        directives,
        selectionSet: inner,
      },
    ]
  }

  /** The one directive that stands for `conditions`. */
  #directive(conditions: Conditions): readonly DirectiveNode[] {
    const all = [...conditions].sort(([a], [b]) => (a < b ? -1 : 1))
    const [first, second] = all
    if (first === undefined) return []
    if (second === undefined) return [conditionOn(first[0], first[1])]
    const text = JSON.stringify(all)
    const known = this.joined.find(each => JSON.stringify(each.all) === text)
    if (known !== undefined) return [conditionOn(known.variable, true)]
    const variable = `${this.#prefix}${this.joined.length}`
    this.joined.push({ variable, all })
    return [conditionOn(variable, true)]
  }
}

/** `around` with the conditions of `directives` that are not known to be met; `never` when they cannot all be. */
function withMore(
  around: Conditions,
  known: Conditions,
  directives: readonly DirectiveNode[],
): Conditions | 'never' {
  let conditions: Map<string, boolean> | undefined
  for (const directive of directives) {
    if (!isCondition(directive)) continue
    const wanted = directive.name.value === 'include'
    const value = directive.arguments?.[0]?.value
    if (value?.kind === Kind.BOOLEAN && value.value !== wanted) return 'never'
    if (value?.kind !== Kind.VARIABLE) continue
    const name = value.name.value
    const already = known.get(name) ?? (conditions ?? around).get(name)
    if (already === !wanted) return 'never'
    if (already === wanted) continue
    conditions ??= new Map(around)
    conditions.set(name, wanted)
  }
  return conditions ?? around
}

function isCondition({ name }: DirectiveNode): boolean {
  return name.value === 'skip' || name.value === 'include'
}

function hasConditions(document: DocumentNode): boolean {
  let found = false
  visit(document, { Directive: directive => void (found ||= isCondition(directive)) })
  return found
}

function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = definitions.filter(each => each.kind === Kind.FRAGMENT_DEFINITION)
  return new Map(fragments.map(each => [each.name.value, each]))
}

function usedOf(operation: OperationDefinitionNode): readonly VariableDefinitionNode[] {
  const used = new Set<string>()
  visit(operation, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void used.add(name.value),
  })
  return (operation.variableDefinitions ?? []).filter(({ variable }) => used.has(variable.name.value))
}

function conditionOn(variable: string, wanted: boolean): DirectiveNode {
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: wanted ? 'include' : 'skip' },
    arguments: [
      {
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: 'if' },
        value: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: variable } },
      },
    ],
  }
}

const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

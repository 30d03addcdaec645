import { getNamedType, Kind, valueFromASTUntyped } from 'graphql'
import type {
  DirectiveNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLNamedType,
  SelectionSetNode,
} from 'graphql'
import { isListField } from './cost-schema.ts'
import type { CostSchema } from './cost-schema.ts'
import { sizing } from './list-sizes.ts'
import type { Amount, SizedList, SizeLimits } from './list-sizes.ts'
import type { VariableValues } from './variables.ts'

/** What one field of an operation costs, in parts that may depend on variables. */
export interface CostField {
  /** Its response name. */
  readonly key: string
  /** Of one value, without what is selected on it. */
  readonly weight: number
  /** Values at this place for each value around it. */
  readonly count: Amount
  /** Of the arguments, once for each value around it. */
  readonly argumentsCost: Amount
  /** Undefined: always asked for. */
  readonly included: ((variables: VariableValues) => boolean) | undefined
  readonly fields: readonly CostField[]
}

interface Occurrence {
  readonly node: FieldNode
  readonly conditions: readonly DirectiveNode[]
}

interface Found {
  readonly parent: GraphQLNamedType
  readonly definition: GraphQLField<unknown, unknown>
  readonly occurrences: Occurrence[]
}

/** Makes cost trees of operations that are valid and within the limits of `overweight`. */
export class CostCompiler {
  readonly #schema: CostSchema
  readonly #limits: SizeLimits
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** By selection set, which stands in one type: a fragment that is spread in many places is weighed once. */
  readonly #weighed = new Map<SelectionSetNode, readonly CostField[]>()

  constructor(
    schema: CostSchema,
    limits: SizeLimits,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  ) {
    this.#schema = schema
    this.#limits = limits
    this.#fragments = fragments
  }

  /** Fields asked of different object types count together: the cost is a bound, not a forecast. */
  fields(
    parent: GraphQLNamedType,
    sets: readonly SelectionSetNode[],
    sized: SizedList | undefined,
  ): readonly CostField[] {
    const found = new Map<string, Found>()
    for (const set of sets) this.#collect(parent, set, [], found)
    return Array.from(found, ([key, each]) => this.#field(key.slice(key.indexOf('.') + 1), each, sized))
  }

  #field(key: string, { parent, definition, occurrences }: Found, sized: SizedList | undefined): CostField {
    const [{ node } = { node: undefined }] = occurrences
    const given = node?.arguments ?? []
    const declared = this.#schema.listSize(parent, definition)
    const own = declared && sizing(declared, { parent, definition, given }, this.#limits)
    const fromOutside = sized?.fields.includes(definition.name) === true ? sized.count : undefined
    const sets = occurrences.flatMap(occurrence => occurrence.node.selectionSet ?? [])
    return {
      key,
      weight: this.#schema.weightOfField(parent, definition),
      count: isListField(definition) ? (fromOutside ?? own?.count ?? this.#limits.assumedListSize) : 1,
      argumentsCost: this.#argumentsCost(parent, definition, node),
      included: condition(occurrences),
      fields: this.#below(getNamedType(definition.type), sets, own),
    }
  }

  #below(
    type: GraphQLNamedType,
    sets: readonly SelectionSetNode[],
    sized: SizedList | undefined,
  ): readonly CostField[] {
    const [set] = sets
    if (set === undefined || sets.length > 1 || sized !== undefined) return this.fields(type, sets, sized)
    const known = this.#weighed.get(set) ?? this.fields(type, sets, sized)
    this.#weighed.set(set, known)
    return known
  }

  #argumentsCost(
    parent: GraphQLNamedType,
    definition: GraphQLField<unknown, unknown>,
    node: FieldNode | undefined,
  ): Amount {
    let constant = 0
    const variable: ((variables: VariableValues) => number)[] = []
    for (const { name, value } of node?.arguments ?? []) {
      const argument = definition.args.find(each => each.name === name.value)
      if (argument === undefined) continue
      const costOf = (given: unknown): number =>
        this.#schema.costOfArgument(parent, definition.name, argument, given)
      if (value.kind === Kind.VARIABLE) variable.push(variables => costOf(variables[value.name.value]))
      else if (value.kind === Kind.OBJECT || value.kind === Kind.LIST) {
        variable.push(variables => costOf(valueFromASTUntyped(value, { ...variables })))
      } else constant += costOf(valueFromASTUntyped(value))
    }
    if (variable.length === 0) return constant
    return variables => variable.reduce((sum, costOf) => sum + costOf(variables), constant)
  }

  #collect(
    parent: GraphQLNamedType,
    set: SelectionSetNode,
    around: readonly DirectiveNode[],
    found: Map<string, Found>,
  ): void {
    for (const selection of set.selections) {
      const conditions = [...around, ...(selection.directives ?? []).filter(isCondition)]
      if (selection.kind === Kind.FIELD) {
        const definition = 'getFields' in parent ? parent.getFields()[selection.name.value] : undefined
        // Without arguments it is a field of an input object, which nobody can select on; `__typename` is none.
        if (definition === undefined || !('args' in definition)) continue
        const key = `${parent.name}.${(selection.alias ?? selection.name).value}`
        const known = found.get(key)
        const occurrence = { node: selection, conditions }
        if (known === undefined) found.set(key, { parent, definition, occurrences: [occurrence] })
        else known.occurrences.push(occurrence)
        continue
      }
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value)
      if (fragment === undefined) continue
      const type = fragment.typeCondition?.name.value
      const inside = type === undefined ? parent : (this.#schema.schema.getType(type) ?? parent)
      this.#collect(inside, fragment.selectionSet, conditions, found)
    }
  }
}

function isCondition(directive: DirectiveNode): boolean {
  return directive.name.value === 'skip' || directive.name.value === 'include'
}

function condition(occurrences: readonly Occurrence[]): CostField['included'] {
  if (occurrences.some(({ conditions }) => conditions.length === 0)) return undefined
  return variables => occurrences.some(({ conditions }) => conditions.every(each => holds(each, variables)))
}

function holds(directive: DirectiveNode, variables: VariableValues): boolean {
  const value = directive.arguments?.find(({ name }) => name.value === 'if')?.value
  const given =
    value?.kind === Kind.VARIABLE
      ? variables[value.name.value] === true
      : value?.kind === Kind.BOOLEAN && value.value
  return directive.name.value === 'include' ? given : !given
}

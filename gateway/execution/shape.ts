import { getDirectiveValues, GraphQLIncludeDirective, GraphQLSkipDirective, Kind } from 'graphql'
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLInterfaceType,
  GraphQLObjectType,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import { deferLabelOf } from '../operation/defers.ts'
import type { VariableValues } from '../operation/variables.ts'

export type FieldsType = GraphQLObjectType | GraphQLInterfaceType

/** One field of the client's answer. */
export interface ShapeField {
  /** Its response name in the merged tree. */
  readonly key: string
  /** Its response name for the client. */
  readonly name: string
  /** Undefined for `__typename` and the introspection fields. */
  readonly definition: GraphQLField<unknown, unknown> | undefined
  readonly nodes: readonly [FieldNode, ...FieldNode[]]
  readonly selections: Selections
}

/** A fragment that is answered later, at each of its objects. */
export interface DeferredFragment {
  readonly label: string
  readonly selections: Selections
}

/** The selections that stand at one place of an answer, collected for every type that occurs there. */
export class Selections {
  readonly #sets: readonly SelectionSetNode[]
  readonly #source: ShapeSource
  readonly #byType = new Map<string, readonly ShapeField[]>()
  readonly #leavingOut = new Set<string>()
  readonly #deferred = new Map<string, DeferredFragment[]>()

  constructor(sets: readonly SelectionSetNode[], source: ShapeSource) {
    this.#sets = sets
    this.#source = source
  }

  /**
   * The fields asked of a value of `type`, in the client's order (specification, CollectFields). An interface stands for a
   * value whose object type is not known, which plans leave open when no condition depends on it.
   */
  of(type: FieldsType): readonly ShapeField[] {
    const known = this.#byType.get(type.name)
    if (known !== undefined) return known
    const found = new Map<string, [FieldNode, ...FieldNode[]]>()
    const spread = new Set<string>()
    for (const set of this.#sets) this.#collect(type, set, found, spread)
    const definitions = type.getFields()
    const fields = [...found].map(([key, nodes]): ShapeField => {
      const sets = nodes.flatMap(node => node.selectionSet ?? [])
      return {
        key,
        name: this.#source.clientName(key),
        definition: definitions[nodes[0].name.value],
        nodes,
        selections: new Selections(sets, this.#source),
      }
    })
    this.#byType.set(type.name, fields)
    return fields
  }

  /** What is deferred of a value of `type`, and not among its fields. */
  deferredOf(type: FieldsType): readonly DeferredFragment[] {
    this.of(type)
    return this.#deferred.get(type.name) ?? []
  }

  /** Were fragments left out because a value of `type`, whose object type is not known, may not be of theirs? */
  leavesOut(type: FieldsType): boolean {
    this.of(type)
    return this.#leavingOut.has(type.name)
  }

  #collect(
    type: FieldsType,
    set: SelectionSetNode,
    found: Map<string, [FieldNode, ...FieldNode[]]>,
    spread: Set<string>,
  ): void {
    for (const selection of set.selections) {
      if (!this.#source.included(selection)) continue
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value
        const nodes = found.get(key)
        if (nodes === undefined) found.set(key, [selection])
        else nodes.push(selection)
        continue
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value
        const label = deferLabelOf(selection)
        if (label !== undefined && this.#source.applies(type, condition)) {
          const selections = new Selections([selection.selectionSet], this.#source)
          const known = this.#deferred.get(type.name) ?? []
          this.#deferred.set(type.name, [...known, { label, selections }])
        } else if (this.#source.applies(type, condition))
          this.#collect(type, selection.selectionSet, found, spread)
        else this.#leavingOut.add(type.name)
        continue
      }
      const name = selection.name.value
      if (spread.has(name)) continue
      spread.add(name)
      const fragment = this.#source.fragments.get(name)
      if (fragment !== undefined && this.#source.applies(type, fragment.typeCondition.name.value)) {
        this.#collect(type, fragment.selectionSet, found, spread)
      } else this.#leavingOut.add(type.name)
    }
  }
}

/** What shapes are read from: a document and the values of its conditions. */
export class ShapeSource {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly clientName: (name: string) => string
  readonly #schema: GraphQLSchema
  readonly #variables: VariableValues

  constructor(
    schema: GraphQLSchema,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    variables: VariableValues,
    clientName: (name: string) => string,
  ) {
    this.#schema = schema
    this.fragments = fragments
    this.#variables = variables
    this.clientName = clientName
  }

  included(node: SelectionNode): boolean {
    if (node.directives === undefined || node.directives.length === 0) return true
    const skip = getDirectiveValues(GraphQLSkipDirective, node, this.#variables)
    if (skip?.['if'] === true) return false
    return getDirectiveValues(GraphQLIncludeDirective, node, this.#variables)?.['if'] !== false
  }

  applies(type: FieldsType, condition: string | undefined): boolean {
    if (condition === undefined || condition === type.name) return true
    const conditional = this.#schema.getType(condition)
    return conditional !== undefined && 'getFields' in conditional
      ? type.getInterfaces().some(implemented => implemented.name === condition)
      : isUnionOf(this.#schema, conditional, type)
  }
}

function isUnionOf(
  schema: GraphQLSchema,
  conditional: ReturnType<GraphQLSchema['getType']>,
  type: FieldsType,
): boolean {
  if (conditional === undefined || !('getTypes' in conditional)) return false
  return schema.getPossibleTypes(conditional).some(possible => possible.name === type.name)
}

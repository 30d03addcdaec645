import { getNamedType, isAbstractType, isCompositeType, Kind, valueFromAST, visit } from 'graphql'
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLArgument,
  GraphQLCompositeType,
  GraphQLInputType,
  GraphQLSchema,
  SelectionSetNode,
  ValueNode,
} from 'graphql'
import { argumentsOf, fetchedBy } from './fetched-fields.ts'
import type { FetchedFields } from './fetched-fields.ts'
import type { Plan } from './plan.ts'

/** Faults told of one plan. */
const faultsMax = 10

/**
 * What is wrong with a plan: fields of the operation that no fetch brings, or brings with other arguments, and fetches that ask
 * for two things under one name. Not looked at: what stands in fragments that only some of the objects at a place can be in,
 * since a plan leaves out those that its subgraphs cannot answer with.
 */
export function faultsOf(
  plan: Plan,
  document: DocumentNode,
  operationName: string | undefined,
  schema: GraphQLSchema,
): readonly string[] {
  const { fields, conflicts } = fetchedBy(plan)
  const faults = conflicts.map(key => `a fetch asks for two things under the name "${key}"`)
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const each of document.definitions) {
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each)
  }
  for (const each of document.definitions) {
    if (each.kind !== Kind.OPERATION_DEFINITION) continue
    const root = schema.getRootType(each.operation)
    const named = operationName === undefined || each.name?.value === operationName
    if (root && named) new Comparison(schema, fragments, faults).compare(each.selectionSet, root, fields, [])
  }
  return faults.slice(0, faultsMax)
}

class Comparison {
  readonly #schema: GraphQLSchema
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #faults: string[]

  constructor(
    schema: GraphQLSchema,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    faults: string[],
  ) {
    this.#schema = schema
    this.#fragments = fragments
    this.#faults = faults
  }

  compare(
    set: SelectionSetNode,
    type: GraphQLCompositeType,
    fetched: FetchedFields,
    path: readonly string[],
  ): void {
    for (const selection of set.selections) {
      if (this.#faults.length >= faultsMax) return
      if (selection.kind === Kind.FIELD) {
        this.#field(selection, type, fetched, path)
        continue
      }
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value)
      if (fragment === undefined) continue
      const condition = fragment.typeCondition && this.#schema.getType(fragment.typeCondition.name.value)
      const inner = isCompositeType(condition) ? condition : type
      if (this.#objectsOf(type).isSubsetOf(this.#objectsOf(inner))) {
        this.compare(fragment.selectionSet, inner, fetched, path)
      }
    }
  }

  #field(
    field: FieldNode,
    type: GraphQLCompositeType,
    fetched: FetchedFields,
    path: readonly string[],
  ): void {
    const definition = 'getFields' in type ? type.getFields()[field.name.value] : undefined
    // Undefined: `__typename`, or a field of introspection.
    if (definition === undefined) return
    const key = (field.alias ?? field.name).value
    const place = [...path, key]
    const candidates = fetched.of(key).filter(({ name }) => name === field.name.value)
    const wanted = argumentsOf(field)
    if (candidates.length === 0) this.#faults.push(`nothing fetches ${place.join('.')}`)
    else if (!candidates.some(({ args }) => agree(definition.args, wanted, args))) {
      this.#faults.push(`${place.join('.')} is fetched with other arguments`)
    }
    const inner = getNamedType(definition.type)
    if (field.selectionSet !== undefined && isCompositeType(inner)) {
      this.compare(field.selectionSet, inner, fetched.below(key), place)
    }
  }

  #objectsOf(type: GraphQLCompositeType): ReadonlySet<string> {
    const objects = isAbstractType(type) ? this.#schema.getPossibleTypes(type) : [type]
    return new Set(objects.map(({ name }) => name))
  }
}

/** Is every argument that is wanted given with the same value? More may be given: what @fromContext fills. */
function agree(
  definitions: readonly GraphQLArgument[],
  wanted: ReadonlyMap<string, ValueNode>,
  given: ReadonlyMap<string, ValueNode>,
): boolean {
  return [...wanted].every(([name, value]) => {
    const type = definitions.find(each => each.name === name)?.type
    const other = given.get(name)
    return other !== undefined && (type === undefined || valueText(value, type) === valueText(other, type))
  })
}

/** What a value is, however it is written: planners write a list of one item, numbers and strings in their own ways. */
function valueText(value: ValueNode, type: GraphQLInputType): string {
  const variables = new Set<string>()
  visit(value, { Variable: ({ name }) => void variables.add(name.value) })
  // With variables inside, only they are compared.
  if (variables.size > 0) return [...variables].toSorted().join()
  return JSON.stringify(valueFromAST(value, type)) ?? ''
}

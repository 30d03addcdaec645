import { getNamedType, isAbstractType, isCompositeType, Kind, valueFromAST, visit } from 'graphql'
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLArgument,
  GraphQLCompositeType,
  GraphQLInputType,
  GraphQLSchema,
  InlineFragmentNode,
  SelectionSetNode,
  ValueNode,
} from 'graphql'
import type { ConditionSamples, Samples } from './condition-samples.ts'
import { argumentsOf } from './fetched-fields.ts'
import type { FetchedField, FetchedFields } from './fetched-fields.ts'

/** Faults, and doubts, told of one plan. */
export const faultsMax = 10

/** Compares what an operation asks for with what a plan fetches; tells `faults` and `doubts` (lint-plan.ts). */
export class PlanComparison {
  readonly #schema: GraphQLSchema
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #faults: string[]
  readonly #doubts: string[]
  readonly #samples: ConditionSamples

  constructor(
    schema: GraphQLSchema,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    faults: string[],
    doubts: string[],
    samples: ConditionSamples,
  ) {
    this.#schema = schema
    this.#fragments = fragments
    this.#faults = faults
    this.#doubts = doubts
    this.#samples = samples
  }

  compare(
    set: SelectionSetNode,
    type: GraphQLCompositeType,
    fetched: FetchedFields,
    path: readonly string[],
    around: Samples,
  ): void {
    for (const selection of set.selections) {
      if (this.#faults.length >= faultsMax) return
      const when = around & this.#samples.with(selection.directives)
      if (selection.kind === Kind.FIELD) {
        this.#field(selection, type, fetched, path, when)
        continue
      }
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value)
      if (fragment === undefined) continue
      const condition = fragment.typeCondition && this.#schema.getType(fragment.typeCondition.name.value)
      const inner = isCompositeType(condition) ? condition : type
      if (this.#objectsOf(type).isSubsetOf(this.#objectsOf(inner))) {
        this.compare(fragment.selectionSet, inner, fetched, path, when)
      } else {
        const objects = this.#objectsOf(type).intersection(this.#objectsOf(inner))
        this.#narrowed(fragment.selectionSet, objects, fetched, path, when)
      }
    }
  }

  /** Looks for fields, asked of `objects`, some of the types that are possible here, that are fetched for others only. */
  #narrowed(
    set: SelectionSetNode,
    objects: ReadonlySet<string>,
    fetched: FetchedFields,
    path: readonly string[],
    around: Samples,
  ): void {
    for (const { selection, inner, when } of this.#applying(set, objects, around)) {
      if (this.#doubts.length >= faultsMax) return
      if (selection.kind !== Kind.FIELD) {
        this.#narrowed(selection.selectionSet, inner, fetched, path, when)
        continue
      }
      const key = (selection.alias ?? selection.name).value
      const place = [...path, key]
      this.#doubt(inner, place, when, fetched.of(key), ({ of }) => of)
      if (selection.selectionSet !== undefined)
        this.#within(selection.selectionSet, inner, fetched.below(key), place, when)
    }
  }

  /** The same of fields below one of `objects`. */
  #within(
    set: SelectionSetNode,
    objects: ReadonlySet<string>,
    fetched: FetchedFields,
    path: readonly string[],
    around: Samples,
  ): void {
    for (const { selection, when } of this.#applying(set, objects, around)) {
      if (this.#doubts.length >= faultsMax) return
      if (selection.kind !== Kind.FIELD) {
        this.#within(selection.selectionSet, objects, fetched, path, when)
        continue
      }
      const key = (selection.alias ?? selection.name).value
      const place = [...path, key]
      this.#doubt(objects, place, when, fetched.of(key), ({ within }) => within)
      if (selection.selectionSet !== undefined)
        this.#within(selection.selectionSet, objects, fetched.below(key), place, when)
    }
  }

  /** Fields and fragments of a set, with when they apply and to which of `objects`. */
  *#applying(
    set: SelectionSetNode,
    objects: ReadonlySet<string>,
    around: Samples,
  ): Iterable<{
    readonly selection: FieldNode | InlineFragmentNode | FragmentDefinitionNode
    readonly inner: ReadonlySet<string>
    readonly when: Samples
  }> {
    for (const each of set.selections) {
      const when = around & this.#samples.with(each.directives)
      const selection = each.kind === Kind.FRAGMENT_SPREAD ? this.#fragments.get(each.name.value) : each
      if (selection === undefined) continue
      const name = selection.kind === Kind.FIELD ? undefined : selection.typeCondition?.name.value
      const type = name === undefined ? undefined : this.#schema.getType(name)
      const inner = isCompositeType(type) ? this.#objectsOf(type).intersection(objects) : objects
      yield { selection, inner, when }
    }
  }

  /** Is one of `objects` left out by all that fetch the field? `typesOf`: the types that one of them fetches it for. */
  #doubt(
    objects: ReadonlySet<string>,
    path: readonly string[],
    when: Samples,
    all: readonly FetchedField[],
    typesOf: (field: FetchedField) => ReadonlySet<string> | undefined,
  ): void {
    if (!all.some(field => typesOf(field) !== undefined)) return
    for (const object of objects) {
      const has = all
        .filter(field => this.#covers(typesOf(field), object))
        .reduce((samples, each) => samples | each.when, 0n)
      if ((when & ~has) !== 0n) this.#doubts.push(`${path.join('.')} is not always fetched for ${object}`)
    }
  }

  /** Is `object` one of `types`, or a member of one? Undefined: any is. */
  #covers(types: ReadonlySet<string> | undefined, object: string): boolean {
    if (types === undefined) return true
    return [...types].some(name => {
      const type = this.#schema.getType(name)
      return name === object || (isCompositeType(type) && this.#objectsOf(type).has(object))
    })
  }

  #field(
    field: FieldNode,
    type: GraphQLCompositeType,
    fetched: FetchedFields,
    path: readonly string[],
    when: Samples,
  ): void {
    const definition = 'getFields' in type ? type.getFields()[field.name.value] : undefined
    // Undefined: `__typename`, or a field of introspection.
    if (definition === undefined) return
    const key = (field.alias ?? field.name).value
    const place = [...path, key]
    const candidates = fetched.of(key).filter(({ name }) => name === field.name.value)
    const wanted = argumentsOf(field)
    const right = candidates.filter(({ args }) => agree(definition.args, wanted, args))
    const missing = right.reduce((samples, each) => samples & ~each.when, when)
    if (candidates.length === 0) this.#faults.push(`nothing fetches ${place.join('.')}`)
    else if (right.length === 0) this.#faults.push(`${place.join('.')} is fetched with other arguments`)
    else if (missing !== 0n)
      this.#faults.push(`${place.join('.')} is not always fetched when it is asked for`)
    const objects = this.#objectsOf(type)
    this.#doubt(objects, place, when, candidates, ({ of }) => of)
    if (field.selectionSet !== undefined && candidates.some(({ of }) => of !== undefined))
      this.#within(field.selectionSet, objects, fetched.below(key), place, when)
    const inner = getNamedType(definition.type)
    if (isCompositeType(inner) && candidates.some(({ leaf }) => leaf))
      this.#faults.push(`${place.join('.')} is fetched without anything of it`)
    if (field.selectionSet !== undefined && isCompositeType(inner)) {
      this.compare(field.selectionSet, inner, fetched.below(key), place, when)
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

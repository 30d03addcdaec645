import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  OperationTypeNode,
  valueFromAST,
  visit,
} from 'graphql'
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
import type { FetchAt, FetchedFields } from './fetched-fields.ts'
import { ConditionSamples } from './condition-samples.ts'
import type { Samples } from './condition-samples.ts'
import type { JoinedCondition } from './joined-conditions.ts'
import type { Plan } from './plan.ts'
import { WantedFields } from './wanted-fields.ts'

/** Faults told of one plan. */
const faultsMax = 10

/** An operation as it was planned. */
export interface LintedOperation {
  readonly document: DocumentNode
  /** Undefined: it has only one operation. */
  readonly operationName: string | undefined
  readonly joined: readonly JoinedCondition[]
}

export interface PlanFaults {
  /**
   * What makes answers wrong: fields of the operation that no fetch brings, or not always when they are asked for, or with other
   * arguments; mutations that are made although nobody asks for them; and fetches that ask for two things under one name. Not
   * looked at: what stands in fragments that only some of the objects at a place can be in, since a plan leaves out those that
   * its subgraphs cannot answer with.
   */
  readonly faults: readonly string[]
  /** Fields of a query that are fetched when nobody asks for them: answers are right, but errors may be told of them. */
  readonly excess: readonly string[]
  /**
   * Fields that are asked of objects of several types and fetched for some of these types only, from a subgraph that knows them
   * as an @interfaceObject. Wrong, unless no object of the other types can be there.
   */
  readonly doubts: readonly string[]
  /** Every fetch, for closer looks. */
  readonly fetches: readonly FetchAt[]
}

/** What is wrong with a plan, given its operation with the conditions joined. */
export function lintPlan(
  plan: Plan,
  { document, operationName, joined }: LintedOperation,
  schema: GraphQLSchema,
): PlanFaults {
  const samples = new ConditionSamples(conditionsIn(document), joined)
  const { fields, conflicts, fetches } = fetchedBy(plan, samples)
  const faults = conflicts.map(key => `a fetch asks for two things under the name "${key}"`)
  const excess: string[] = []
  const doubts: string[] = []
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const each of document.definitions) {
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each)
  }
  for (const each of document.definitions) {
    if (each.kind !== Kind.OPERATION_DEFINITION) continue
    const root = schema.getRootType(each.operation)
    const named = operationName === undefined || each.name?.value === operationName
    if (!root || !named) continue
    const comparison = new Comparison(schema, fragments, faults, doubts, samples)
    comparison.compare(each.selectionSet, root, fields, [], samples.all)
    const wanted = new WantedFields()
    wanted.add(each.selectionSet, samples.all, samples, fragments)
    const told = [...wanted.excess(fields)].map(path => `${path} is fetched when nobody asks for it`)
    if (each.operation === OperationTypeNode.MUTATION) faults.push(...told)
    else excess.push(...told)
  }
  return {
    faults: faults.slice(0, faultsMax),
    excess: excess.slice(0, faultsMax),
    doubts: doubts.slice(0, faultsMax),
    fetches,
  }
}

/** The variables of @skip and @include. */
function conditionsIn(document: DocumentNode): readonly string[] {
  const names = new Set<string>()
  visit(document, {
    Directive({ name, arguments: given = [] }) {
      const value = given[0]?.value
      const isCondition = name.value === 'skip' || name.value === 'include'
      if (isCondition && value?.kind === Kind.VARIABLE) names.add(value.name.value)
    },
  })
  return [...names]
}

class Comparison {
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
    for (const selection of set.selections) {
      if (this.#doubts.length >= faultsMax) return
      const when = around & this.#samples.with(selection.directives)
      if (selection.kind !== Kind.FIELD) {
        const fragment =
          selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value)
        const condition = fragment?.typeCondition && this.#schema.getType(fragment.typeCondition.name.value)
        if (fragment === undefined) continue
        const inner = isCompositeType(condition) ? this.#objectsOf(condition).intersection(objects) : objects
        this.#narrowed(fragment.selectionSet, inner, fetched, path, when)
        continue
      }
      const key = (selection.alias ?? selection.name).value
      const all = fetched.of(key)
      if (!all.some(({ of }) => of !== undefined)) continue
      for (const object of objects) {
        const has = all
          .filter(({ of }) => of === undefined || this.#covers(of, object))
          .reduce((samples, each) => samples | each.when, 0n)
        if ((when & ~has) === 0n) continue
        this.#doubts.push(`${[...path, key].join('.')} is not always fetched for ${object}`)
      }
    }
  }

  /** Is `object` one of `types`, or a member of one? */
  #covers(types: ReadonlySet<string>, object: string): boolean {
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
    const inner = getNamedType(definition.type)
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

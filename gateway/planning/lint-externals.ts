import { Kind, parse } from 'graphql'
import type { FragmentDefinitionNode, GraphQLSchema, SelectionSetNode } from 'graphql'
import type { ExternalFields } from '../supergraph/external-fields.ts'
import { fetchesOf } from './plan.ts'
import { isOverridden } from './overrides.ts'
import type { Overrides } from './overrides.ts'
import type { FetchNode, Plan, RequiredSelection } from './plan.ts'

/**
 * Fields that a plan asks of subgraphs that cannot know them: declared @external there, where nothing around provides them, with a
 * @requires that is not sent along, or on the other side of an @override by the labels of the request. Whatever such a subgraph
 * answers, it is not the field's value.
 *
 * @param overrides Undefined: no label is active.
 */
export function externalsAsked(
  plan: Plan,
  externals: ExternalFields,
  schema: GraphQLSchema,
  overrides: Overrides = noLabels,
): readonly string[] {
  if (externals.size === 0) return []
  return fetchesOf(plan).flatMap(node => [...new Reading(node, externals, overrides).asked(schema)])
}

const noLabels: Overrides = { active: [], percentile: 100 }

class Reading {
  readonly #node: FetchNode
  readonly #externals: ExternalFields
  readonly #overrides: Overrides
  readonly #fragments = new Map<string, FragmentDefinitionNode>()

  constructor(node: FetchNode, externals: ExternalFields, overrides: Overrides) {
    this.#node = node
    this.#externals = externals
    this.#overrides = overrides
  }

  *asked(schema: GraphQLSchema): Iterable<string> {
    const { operation, operationKind } = this.#node
    const { definitions } = parse(operation, { noLocation: true })
    for (const each of definitions) {
      if (each.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(each.name.value, each)
    }
    const root = {
      query: schema.getQueryType(),
      mutation: schema.getMutationType(),
      subscription: schema.getSubscriptionType(),
    }[operationKind]
    for (const each of definitions) {
      if (each.kind === Kind.OPERATION_DEFINITION)
        yield* this.#read(each.selectionSet, root?.name ?? '', [], nothing)
    }
  }

  /**
   * @param provided What fields around provide of an object of `type`.
   * @param sent Names of what the subgraph is told of it.
   */
  *#read(
    set: SelectionSetNode,
    type: string,
    provided: readonly SelectionSetNode[],
    sent: ReadonlySet<string>,
  ): Iterable<string> {
    for (const selection of set.selections) {
      if (selection.kind !== Kind.FIELD) {
        const fragment =
          selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value)
        if (fragment === undefined) continue
        yield* this.#read(fragment.selectionSet, fragment.typeCondition?.name.value ?? type, provided, sent)
        continue
      }
      const name = selection.name.value
      const { serviceName } = this.#node
      const declared = this.#externals.get(type)?.get(name)
      const given = provided.flatMap(each => [...fieldsNamed(name, each)])
      if (declared?.externalIn.has(serviceName) === true && given.length === 0) {
        yield `${type}.${name} is external to the subgraph "${serviceName}", and not provided there`
      }
      const move = declared?.moves.get(serviceName)
      if (
        move !== undefined &&
        isOverridden(move.label, this.#overrides) !== (move.answersWhen === 'active')
      ) {
        yield `${type}.${name} is asked of the subgraph "${serviceName}" against the label "${move.label}"`
      }
      const required = declared?.requires.get(serviceName)
      if (required !== undefined && this.#lacks(required, type, provided, sent)) {
        yield `${type}.${name} is asked of the subgraph "${serviceName}" without what it requires`
      }
      if (selection.selectionSet === undefined) continue
      const own = declared?.provides.get(serviceName)
      const below = given.flatMap(each => each ?? [])
      yield* this.#read(
        selection.selectionSet,
        declared?.type ?? '',
        own === undefined ? below : [...below, own],
        name === '_entities' ? namesOf(this.#node.requires ?? []) : nothing,
      )
    }
  }

  /** Is anything `required` of an object neither known to the subgraph itself nor told to it? */
  #lacks(
    required: SelectionSetNode,
    type: string,
    provided: readonly SelectionSetNode[],
    sent: ReadonlySet<string>,
  ): boolean {
    return required.selections.some(selection => {
      if (selection.kind === Kind.INLINE_FRAGMENT)
        return this.#lacks(selection.selectionSet, type, provided, sent)
      if (selection.kind === Kind.FRAGMENT_SPREAD) return false
      const { value } = selection.name
      const external = this.#externals.get(type)?.get(value)?.externalIn.has(this.#node.serviceName) === true
      return (
        external && !sent.has(value) && provided.every(each => [...fieldsNamed(value, each)].length === 0)
      )
    })
  }
}

const nothing: ReadonlySet<string> = new Set()

/** Fields at the top of representations. */
function namesOf(selections: readonly RequiredSelection[]): ReadonlySet<string> {
  return new Set(
    selections.flatMap(each => (each.kind === 'Field' ? [each.name] : [...namesOf(each.selections)])),
  )
}

/** The selections of every field of this name, whatever the type of its object; undefined for one that has none. */
function* fieldsNamed(name: string, set: SelectionSetNode): Iterable<SelectionSetNode | undefined> {
  for (const selection of set.selections) {
    if (selection.kind === Kind.INLINE_FRAGMENT) yield* fieldsNamed(name, selection.selectionSet)
    else if (selection.kind === Kind.FIELD && selection.name.value === name) yield selection.selectionSet
  }
}

import { isAbstractType, Kind } from 'graphql'
import type { FragmentDefinitionNode, GraphQLSchema, SelectionSetNode } from 'graphql'
import type { ConditionSamples, Samples } from './condition-samples.ts'
import type { FetchedFields } from './fetched-fields.ts'

/** The types of objects; undefined: any. */
type Types = ReadonlySet<string> | undefined

/** Everything an operation asks for at one place of the answer. */
export class WantedFields {
  readonly #schema: GraphQLSchema
  readonly #when = new Map<string, Samples>()
  readonly #of = new Map<string, Types>()
  readonly #below = new Map<string, WantedFields>()

  constructor(schema: GraphQLSchema) {
    this.#schema = schema
  }

  /** Adds what `set` asks for of objects `of` these types, itself asked for `around`. */
  add(
    set: SelectionSetNode,
    around: Samples,
    samples: ConditionSamples,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    of?: Types,
  ): void {
    for (const selection of set.selections) {
      const when = around & samples.with(selection.directives)
      if (selection.kind !== Kind.FIELD) {
        const fragment =
          selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
        if (fragment === undefined) continue
        const type = fragment.typeCondition?.name.value
        const inner = type === undefined ? of : bothOf(of, this.#possible([type]))
        this.add(fragment.selectionSet, when, samples, fragments, inner)
        continue
      }
      if (selection.name.value.startsWith('__')) continue
      const key = (selection.alias ?? selection.name).value
      this.#when.set(key, (this.#when.get(key) ?? 0n) | when)
      this.#of.set(key, this.#of.has(key) ? eitherOf(this.#of.get(key), of) : of)
      const below = this.#below.get(key) ?? new WantedFields(this.#schema)
      this.#below.set(key, below)
      if (selection.selectionSet !== undefined) below.add(selection.selectionSet, when, samples, fragments)
    }
  }

  /**
   * Paths of what a plan fetches for values of conditions for which nobody asks for it, or of objects of types that it is not asked
   * of, and which no later fetch needs. What is fetched there can fail, and what fails is told.
   */
  *excess(fetched: FetchedFields, path: readonly string[] = []): Iterable<readonly string[]> {
    for (const [key, wanted] of this.#when) {
      const place = [...path, key]
      const isExcess = (fetched.when(key) & ~wanted) !== 0n || this.#isOfOthers(key, fetched)
      if (!fetched.isRequired(key) && isExcess) yield place
      else yield* this.#below.get(key)?.excess(fetched.below(key), place) ?? []
    }
  }

  /** Is it fetched of types that it is not asked of? Only where a subgraph cannot leave those out itself. */
  #isOfOthers(key: string, fetched: FetchedFields): boolean {
    const wanted = this.#of.get(key)
    if (wanted === undefined) return false
    return fetched.of(key).some(({ of }) => of !== undefined && !this.#possible(of).isSubsetOf(wanted))
  }

  /** The types of objects that are of these types. */
  #possible(names: Iterable<string>): ReadonlySet<string> {
    const possible = new Set<string>()
    for (const name of names) {
      const type = this.#schema.getType(name)
      if (!isAbstractType(type)) possible.add(name)
      else for (const each of this.#schema.getPossibleTypes(type)) possible.add(each.name)
    }
    return possible
  }
}

function bothOf(some: Types, others: ReadonlySet<string>): ReadonlySet<string> {
  return some === undefined ? others : some.intersection(others)
}

function eitherOf(some: Types, others: Types): Types {
  return some === undefined || others === undefined ? undefined : some.union(others)
}

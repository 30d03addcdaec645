import { Kind } from 'graphql'
import type { FragmentDefinitionNode, SelectionSetNode } from 'graphql'
import type { ConditionSamples, Samples } from './condition-samples.ts'
import type { FetchedFields } from './fetched-fields.ts'

/** Everything an operation asks for at one place of the answer, whatever the type of the object there. */
export class WantedFields {
  readonly #when = new Map<string, Samples>()
  readonly #below = new Map<string, WantedFields>()

  /** Adds what `set` asks for, itself asked for `around`. */
  add(
    set: SelectionSetNode,
    around: Samples,
    samples: ConditionSamples,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  ): void {
    for (const selection of set.selections) {
      const when = around & samples.with(selection.directives)
      if (selection.kind !== Kind.FIELD) {
        const fragment =
          selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
        if (fragment !== undefined) this.add(fragment.selectionSet, when, samples, fragments)
        continue
      }
      if (selection.name.value.startsWith('__')) continue
      const key = (selection.alias ?? selection.name).value
      this.#when.set(key, (this.#when.get(key) ?? 0n) | when)
      const below = this.#below.get(key) ?? new WantedFields()
      this.#below.set(key, below)
      if (selection.selectionSet !== undefined) below.add(selection.selectionSet, when, samples, fragments)
    }
  }

  /**
   * Paths of what a plan fetches for values of conditions for which nobody asks for it, and which no later fetch needs. What is
   * fetched there can fail, and what fails is told.
   */
  *excess(fetched: FetchedFields, path: readonly string[] = []): Iterable<readonly string[]> {
    for (const [key, wanted] of this.#when) {
      const place = [...path, key]
      if (!fetched.isRequired(key) && (fetched.when(key) & ~wanted) !== 0n) yield place
      else yield* this.#below.get(key)?.excess(fetched.below(key), place) ?? []
    }
  }
}

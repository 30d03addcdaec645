import type { RequiredSelection } from '../planning/plan.ts'
import type { TypeOverlap } from '../supergraph/type-overlap.ts'
import { isTree, merged, own, put } from './tree.ts'
import type { Tree } from './tree.ts'

/** A required field that the answer so far does not have, and the object it should stand on. */
export interface MissingField {
  readonly tree: Tree
  readonly key: string
}

export interface Representation {
  /** Undefined: the entity is of none of the types that the fetch is for. */
  readonly entity: Tree | undefined
  /** Left out of `entity`: skipped by a condition, or never answered. */
  readonly missing: readonly MissingField[]
}

/** What the entity `tree` is known by to the subgraph that `requires` was written for. */
export function representationOf(
  tree: Tree,
  requires: readonly RequiredSelection[],
  overlap: TypeOverlap,
): Representation {
  const missing: MissingField[] = []
  const entity: Tree = {}
  select(tree, requires, overlap, entity, missing)
  return { entity: typeof entity['__typename'] === 'string' ? entity : undefined, missing }
}

function select(
  source: Tree,
  selections: readonly RequiredSelection[],
  overlap: TypeOverlap,
  into: Tree,
  missing: MissingField[],
): void {
  for (const selection of selections) {
    if (selection.kind === 'InlineFragment') {
      if (applies(source, selection.typeCondition, overlap)) {
        select(source, selection.selections, overlap, into, missing)
      }
      continue
    }
    const key = selection.alias ?? selection.name
    const value = own(source, key)
    if (value === undefined) missing.push({ tree: source, key })
    else {
      const { selections } = selection
      const chosen = selections === undefined ? value : inner(value, selections, overlap, missing)
      put(
        into,
        key,
        merged(own(into, key), chosen, () => true),
      )
    }
  }
}

function inner(
  value: unknown,
  selections: readonly RequiredSelection[],
  overlap: TypeOverlap,
  missing: MissingField[],
): unknown {
  if (Array.isArray(value)) return value.map(item => inner(item, selections, overlap, missing))
  if (!isTree(value)) return value
  const result: Tree = {}
  select(value, selections, overlap, result, missing)
  return result
}

function applies(source: Readonly<Tree>, condition: string | undefined, overlap: TypeOverlap): boolean {
  if (condition === undefined) return true
  const name = own(source, '__typename')
  // Inside a value that is no entity the type name may not have been asked for; it then cannot be anything else.
  if (typeof name !== 'string') return true
  // An interface's name stands where the object's could not be told: whoever knows only that object does not know it.
  if (overlap.isObject(condition) && !overlap.isObject(name)) return false
  return overlap.overlaps(name, condition)
}

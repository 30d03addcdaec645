import type { RequiredSelection } from '../planning/plan.ts'
import type { TypeOverlap } from '../supergraph/type-overlap.ts'
import { isTree, own, put } from './tree.ts'
import type { Tree } from './tree.ts'

/** `missing`: a part was never answered, so there is nothing to ask with. `other`: no condition on the type holds. */
export type Representation = Tree | 'missing' | 'other'

/** What the entity `tree` is known by to the subgraph that `requires` was written for. */
export function representationOf(
  tree: Readonly<Tree>,
  requires: readonly RequiredSelection[],
  overlap: TypeOverlap,
): Representation {
  const result: Tree = {}
  if (!select(tree, requires, overlap, result)) return 'missing'
  return typeof result['__typename'] === 'string' ? result : 'other'
}

function select(
  source: Readonly<Tree>,
  selections: readonly RequiredSelection[],
  overlap: TypeOverlap,
  into: Tree,
): boolean {
  for (const selection of selections) {
    if (selection.kind === 'InlineFragment') {
      if (!applies(source, selection.typeCondition, overlap)) continue
      if (!select(source, selection.selections, overlap, into)) return false
      continue
    }
    const key = selection.alias ?? selection.name
    const value = own(source, key)
    if (value === undefined) return false
    const chosen = selection.selections === undefined ? value : inner(value, selection.selections, overlap)
    if (chosen === undefined) return false
    const before = own(into, key)
    put(into, key, isTree(before) && isTree(chosen) ? { ...before, ...chosen } : chosen)
  }
  return true
}

function inner(value: unknown, selections: readonly RequiredSelection[], overlap: TypeOverlap): unknown {
  if (Array.isArray(value)) {
    const items = value.map(item => inner(item, selections, overlap))
    return items.includes(undefined) ? undefined : items
  }
  if (!isTree(value)) return value
  const result: Tree = {}
  return select(value, selections, overlap, result) ? result : undefined
}

function applies(source: Readonly<Tree>, condition: string | undefined, overlap: TypeOverlap): boolean {
  if (condition === undefined) return true
  const name = own(source, '__typename')
  // Inside a value that is no entity the type name may not have been asked for; it then cannot be anything else.
  return typeof name === 'string' ? overlap.overlaps(name, condition) : true
}

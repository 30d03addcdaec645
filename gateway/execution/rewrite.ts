import type { Rewrite } from '../planning/plan.ts'
import type { TypeOverlap } from '../supergraph/type-overlap.ts'
import { isTree, own, put } from './tree.ts'
import type { Tree } from './tree.ts'

/** Applies a plan's rewrites to `value` in place: renames keys back, sets values. */
export function rewrite(
  value: unknown,
  rewrites: readonly Rewrite[] | undefined,
  overlap: TypeOverlap,
): void {
  for (const each of rewrites ?? []) apply(value, each, 0, overlap)
}

function apply(value: unknown, each: Rewrite, step: number, overlap: TypeOverlap): void {
  if (Array.isArray(value)) {
    for (const item of value) apply(item, each, step, overlap)
    return
  }
  const part = each.path[step]
  if (!isTree(value) || part === undefined) return
  if (part.startsWith('... on ')) {
    const name = own(value, '__typename')
    if (typeof name === 'string' && !overlap.overlaps(name, part.slice('... on '.length))) return
    apply(value, each, step + 1, overlap)
  } else if (step < each.path.length - 1) apply(own(value, part), each, step + 1, overlap)
  else finish(value, part, each)
}

function finish(tree: Tree, key: string, each: Rewrite): void {
  if (!Object.hasOwn(tree, key)) return
  if (each.kind === 'ValueSetter') put(tree, key, each.setValueTo)
  else {
    put(tree, each.renameKeyTo, tree[key])
    delete tree[key]
  }
}

/** Response names that the plan changed, each with the name it stands for, so that a subgraph's error paths can follow. */
export function renamedKeys(rewrites: readonly Rewrite[] | undefined): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const each of rewrites ?? []) {
    const last = each.path.at(-1)
    if (each.kind === 'KeyRenamer' && last !== undefined) names.set(last, each.renameKeyTo)
  }
  return names
}

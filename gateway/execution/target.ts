import type { TypeOverlap } from '../supergraph/type-overlap.ts'
import { isTree, own } from './tree.ts'
import type { Tree } from './tree.ts'

export type Path = readonly (string | number)[]

/** An object of the answer that a fetch adds to, and where it stands. */
export interface Target {
  readonly tree: Tree
  readonly path: Path
  /** The objects around it, outermost first. */
  readonly ancestors: readonly Tree[]
}

/** Every object at `path`, where `@` stands for every item of a list; nulls and missing parts lead nowhere. */
export function targetsAt(roots: readonly Target[], path: Path, overlap: TypeOverlap): readonly Target[] {
  let places: readonly Place[] = roots.map(root => ({
    value: root.tree,
    path: root.path,
    ancestors: root.ancestors,
  }))
  for (const step of path) {
    const next: Place[] = []
    for (const place of places) take(place, step, next, overlap)
    places = next
  }
  const found: Target[] = []
  const seen = new Set<Tree>()
  for (const { value, path, ancestors } of places.flatMap(items)) {
    if (!isTree(value) || seen.has(value)) continue
    seen.add(value)
    found.push({ tree: value, path, ancestors })
  }
  return found
}

interface Place {
  readonly value: unknown
  readonly path: Path
  readonly ancestors: readonly Tree[]
}

function take(place: Place, step: string | number, next: Place[], overlap: TypeOverlap): void {
  const { value, path, ancestors } = place
  if (step !== '@' && Array.isArray(value)) {
    for (const item of items(place)) take(item, step, next, overlap)
    return
  }
  if (typeof step === 'string' && step.startsWith(condition)) {
    if (isTree(value) && isOneOf(value, step.slice(condition.length).split('|'), overlap)) next.push(place)
    return
  }
  if (step === '@') {
    if (!Array.isArray(value)) return
    for (const [index, item] of value.entries()) next.push({ value: item, path: [...path, index], ancestors })
  } else if (isTree(value)) {
    const key = String(step)
    next.push({ value: own(value, key), path: [...path, key], ancestors: [...ancestors, value] })
  }
}

/** What a place of a list inside a list stands for: the Rust planner writes one `@` for all its levels. */
function items(place: Place): readonly Place[] {
  const { value, path, ancestors } = place
  if (!Array.isArray(value)) return [place]
  return value.flatMap((item, index) => items({ value: item, path: [...path, index], ancestors }))
}

const condition = '... on '

function isOneOf(tree: Tree, types: readonly string[], overlap: TypeOverlap): boolean {
  const name = own(tree, '__typename')
  return typeof name !== 'string' || types.some(type => overlap.overlaps(name, type))
}

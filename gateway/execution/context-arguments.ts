import type { MissingField } from './representation.ts'
import type { KeyRenamer } from '../planning/plan.ts'
import type { TypeOverlap } from '../supergraph/type-overlap.ts'
import type { Target } from './target.ts'
import { isTree, own } from './tree.ts'
import type { Tree } from './tree.ts'

/** Targets that share the values of their context, and those values as variables of the fetch. */
export interface ContextGroup {
  readonly variables: Readonly<Record<string, unknown>>
  readonly targets: readonly Target[]
}

/** A target around which a value is missing. */
export interface WithoutContext {
  readonly target: Target
  readonly missing: MissingField
}

/** Targets that share values, and those that lack one. */
export interface ContextGroups {
  readonly groups: readonly ContextGroup[]
  readonly lacking: readonly WithoutContext[]
}

/**
 * Groups targets by the values that @fromContext arguments take from the objects around them: such a value is a
 * variable of the whole request, so that targets with different values need requests of their own. `isLost` says of a value that
 * is not there whether it should be: a target that lacks such a one is in no group.
 */
export function contextGroups(
  rewrites: readonly KeyRenamer[] | undefined,
  targets: readonly Target[],
  overlap: TypeOverlap,
  isLost: (missing: MissingField) => boolean,
): ContextGroups {
  if (rewrites === undefined || rewrites.length === 0)
    return { groups: [{ variables: {}, targets }], lacking: [] }
  const lacking: WithoutContext[] = []
  const groups = new Map<string, { variables: Record<string, unknown>; targets: Target[] }>()
  for (const target of targets) {
    const variables: Record<string, unknown> = {}
    const missing: MissingField[] = []
    for (const { path, renameKeyTo } of rewrites) {
      const value = follow(target, path, overlap, missing)
      if (value !== undefined) variables[renameKeyTo] = value
    }
    const lost = missing.find(isLost)
    if (lost !== undefined) {
      lacking.push({ target, missing: lost })
      continue
    }
    const identity = JSON.stringify(variables)
    const known = groups.get(identity)
    if (known === undefined) groups.set(identity, { variables, targets: [target] })
    else known.targets.push(target)
  }
  return { groups: [...groups.values()], lacking }
}

function follow(
  target: Target,
  path: readonly string[],
  overlap: TypeOverlap,
  missing: MissingField[],
): unknown {
  const up = path.filter(step => step === '..').length
  const start: Tree | undefined = up === 0 ? target.tree : target.ancestors.at(-up)
  let value: unknown = start
  for (const step of path) {
    if (step === '..') continue
    if (!isTree(value)) return value
    if (!step.startsWith('... on ')) {
      const tree = value
      value = own(tree, step)
      if (value === undefined) missing.push({ tree, key: step })
    } else {
      const name = own(value, '__typename')
      if (typeof name === 'string' && !overlap.overlaps(name, step.slice('... on '.length))) return undefined
    }
  }
  return value
}

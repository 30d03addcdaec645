import type { FetchNode } from '../planning/plan.ts'
import type { Found } from './entity-cache/cache-view.ts'
import type { Kept } from './entity-cache/entity-cache.ts'
import { keysOf } from './fetch-keys.ts'
import { mergeEntities, mergeRoot } from './merge-answer.ts'
import type { Asked } from './merge-answer.ts'
import type { Run } from './run.ts'
import type { Target } from './target.ts'

/** Who answered, in marks of degradation. */
const agent = 'entity-cache'

/** Answers a fetch of root fields with what is kept, marked when that is too old. False: nothing is. */
export function giveRoot(
  node: FetchNode,
  found: Found | undefined,
  targets: readonly Target[],
  run: Run,
): boolean {
  const kept = found?.kept
  if (kept === undefined) return false
  mergeRoot(node, { data: JSON.parse(kept.text) as unknown }, targets, run)
  const isFresh = found?.isFresh === true
  if (!isFresh) mark(node, kept, targets, run)
  run.cache?.tell(isFresh ? 'fresh' : 'stale', 1)
  return true
}

/** An entity to be asked for, and what is kept of it. */
interface Wanted {
  readonly asked: Asked
  readonly found: Found | undefined
}

/** Answers with what is kept, marked when it is too old. What is still to be asked for. */
export function giveEntities(node: FetchNode, all: readonly Wanted[], run: Run): readonly Wanted[] {
  const { cache } = run
  if (cache === undefined) return all
  const missing: Wanted[] = []
  const given: Asked[] = []
  const entities: unknown[] = []
  let stale = 0
  for (const wanted of all) {
    const { asked, found } = wanted
    const kept = found?.kept
    if (kept === undefined) {
      missing.push(wanted)
      continue
    }
    given.push(asked)
    entities.push(JSON.parse(kept.text))
    if (found?.isFresh === true) continue
    mark(node, kept, asked.targets, run)
    stale++
  }
  if (given.length > 0) mergeEntities(node, { data: { _entities: entities } }, given, run)
  cache.tell('fresh', given.length - stale)
  cache.tell('stale', stale)
  return missing
}

/** Marks what a fetch brings, and not what else stands beside it. */
function mark(node: FetchNode, { asOf }: Kept, targets: readonly Target[], run: Run): void {
  const ageMs = Math.max(0, Math.ceil((run.cache?.now ?? asOf) - asOf))
  for (const { path } of targets) {
    for (const key of keysOf(node)) {
      const subgraph = node.serviceName
      run.degradations.add({ path: [...path, key], subgraph, agent, reason: 'stale', ageMs })
    }
  }
}

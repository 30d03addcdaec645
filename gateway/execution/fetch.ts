import type { FetchNode } from '../planning/plan.ts'
import { ask, requestOf } from './ask-subgraph.ts'
import type { Told } from './ask-subgraph.ts'
import { contextGroups } from './context-arguments.ts'
import { startsWith } from './degradations.ts'
import type { AskedAt, CacheView } from './entity-cache/cache-view.ts'
import { giveEntities, giveRoot } from './give-kept.ts'
import type { Failure } from './failures.ts'
import { keysOf } from './fetch-keys.ts'
import { blameAll, mergeEntities, mergeRoot } from './merge-answer.ts'
import type { Asked } from './merge-answer.ts'
import { representationOf } from './representation.ts'
import type { MissingField } from './representation.ts'
import { rewrite } from './rewrite.ts'
import type { Run } from './run.ts'
import type { SubgraphResponse, SubgraphResponseError } from './subgraph.ts'
import type { Path, Target } from './target.ts'
import type { Tree } from './tree.ts'

/** Runs one fetch for `targets` and merges what it brings into them. Never rejects: failures go to `run.failures`. */
export async function runFetch(node: FetchNode, targets: readonly Target[], run: Run): Promise<void> {
  if (targets.length === 0) return
  if (node.requires === undefined) {
    await fetchRoot(node, targets, run)
    return
  }
  const { failures, overlap } = run
  const isLost = ({ tree, key }: MissingField): boolean => failures.reasonFor(tree, key) !== undefined
  const { groups, lacking } = contextGroups(node.contextRewrites, targets, overlap, isLost)
  for (const { target, missing } of lacking) {
    // Asked without a value that a failed fetch should have brought, the subgraph would answer something else.
    const reason = failures.reasonFor(missing.tree, missing.key)
    if (reason !== undefined) failures.blame(target.tree, reason, keysOf(node))
  }
  await Promise.all(groups.map(group => fetchEntities(node, group.variables, group.targets, run)))
}

async function fetchRoot(node: FetchNode, targets: readonly Target[], run: Run): Promise<void> {
  const { cache } = run
  const request = requestOf(node, run.variables)
  const found = cache?.fresh(node, request.variables)
  if (giveRoot(node, found, targets, run)) return
  const asked = askedAt(cache)
  const told = await ask(node, request, run)
  if (told.is === 'answer') {
    if (found !== undefined && asked !== undefined) cache?.keepRoot(node, found, told.response, asked)
    mergeRoot(node, told.response, targets, run)
    return
  }
  if (mayBeStale(told) && giveRoot(node, found && cache?.stale(found), targets, run)) return
  if (told.is === 'none') blameAll(targets, told.failure, node, run)
  else mergeRoot(node, told.response, targets, run)
}

async function fetchEntities(
  node: FetchNode,
  variables: Readonly<Record<string, unknown>>,
  targets: readonly Target[],
  run: Run,
): Promise<void> {
  const { cache } = run
  const used = cache && requestOf(node, run.variables, variables).variables
  const all = [...distinct(node, targets, run).values()].map(asked => ({
    asked,
    found: cache?.fresh(node, used, asked.representation),
  }))
  const missing = giveEntities(node, all, run)
  if (missing.length === 0) return
  const representations = missing.map(({ asked }) => asked.representation)
  const asked = askedAt(cache)
  const told = await ask(node, requestOf(node, run.variables, { ...variables, representations }), run)
  if (told.is === 'answer') {
    const found = missing.flatMap(each => each.found ?? [])
    if (asked !== undefined) cache?.keepEntities(node, found, representations, told.response, asked)
    mergeEntities(
      node,
      told.response,
      missing.map(each => each.asked),
      run,
    )
    return
  }
  const known = missing.map(({ asked, found }) => ({ asked, found: found && cache?.stale(found) }))
  const lost = mayBeStale(told) ? giveEntities(node, known, run) : missing
  if (lost.length === 0) return
  const blamed = lost.map(each => each.asked)
  if (told.is === 'none') {
    const places = blamed.flatMap(each => each.targets)
    blameAll(places, told.failure, node, run)
  } else if (lost.length === missing.length) mergeEntities(node, told.response, blamed, run)
  else mergeEntities(node, withoutPaths(told.response), blamed, run)
}

function askedAt(cache: CacheView | undefined): AskedAt | undefined {
  return cache && { at: cache.now, writes: cache.writes }
}

/** Whoever has left is told nothing. */
function mayBeStale(told: Told): boolean {
  return told.is !== 'none' || !told.cancelled
}

/** They count entities of which some are not missing any more. */
function withoutPaths({ errors, ...rest }: SubgraphResponse): SubgraphResponse {
  if (!Array.isArray(errors)) return rest
  // As unchecked as what subgraphs send.
  const told = errors as readonly SubgraphResponseError[]
  return {
    ...rest,
    errors: told.map(({ message, extensions }) => ({ message, ...(extensions && { extensions }) })),
  }
}

/** Equal representations are asked for once. Identity is the whole of it: a @requires may differ for one key. */
function distinct(node: FetchNode, targets: readonly Target[], run: Run): ReadonlyMap<string, Asked> {
  const found = new Map<string, Asked>()
  for (const target of targets) {
    const { entity, missing } = representationOf(target.tree, node.requires ?? [], run.overlap)
    if (entity === undefined) continue
    taint(node, target.path, entity, run)
    const reason = missing
      .map(({ tree, key }) => run.failures.reasonFor(tree, key))
      .find(each => each !== undefined)
    if (reason !== undefined) {
      // Asked without what a failed fetch should have brought, the subgraph would answer something else.
      run.failures.blame(target.tree, reason, keysOf(node))
      continue
    }
    if (Object.keys(entity).length === 1) {
      // Nobody knows anything by the name of its type.
      run.failures.suspect(target.tree, keyless(node), keysOf(node))
      continue
    }
    rewrite(entity, node.inputRewrites, run.overlap)
    const identity = JSON.stringify(entity)
    const known = found.get(identity)
    if (known === undefined) found.set(identity, { representation: entity, targets: [target] })
    else known.targets.push(target)
  }
  return found
}

function keyless({ serviceName }: FetchNode): Failure {
  const message = `subgraph "${serviceName}" was not asked for an object of which no key is known`
  return { message, extensions: { code: 'SUBGRAPH_BAD_ANSWER', subgraph: serviceName } }
}

/**
 * What a subgraph computes from degraded values is degraded, also where the client does not see those values. Values of a
 * context come from anywhere around the entity, so that every mark counts.
 */
function taint(node: FetchNode, path: Path, entity: Readonly<Tree>, { degradations }: Run): void {
  const fromAround = (node.contextRewrites ?? []).length > 0
  const isUsed = (marked: Path): boolean => {
    const key = marked[path.length]
    return typeof key === 'string' && startsWith(marked, path) && Object.hasOwn(entity, key)
  }
  degradations.derive(
    marked => fromAround || isUsed(marked),
    () => Array.from(keysOf(node), key => [...path, key]),
  )
}

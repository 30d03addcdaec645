import { joinSessions, sessionIn } from '../../kernel/consistency.ts'
import { marksIn } from '../../kernel/degradation.ts'
import type { FetchNode } from '../planning/plan.ts'
import { readMarks } from './degradations.ts'
import type { Failure } from './failures.ts'
import { keysOf } from './fetch-keys.ts'
import { renamedKeys, rewrite } from './rewrite.ts'
import type { Run } from './run.ts'
import { failureOf } from './subgraph-errors.ts'
import type { SubgraphResponse } from './subgraph.ts'
import type { Path, Target } from './target.ts'
import { copy, isTree, merge } from './tree.ts'
import type { Tree } from './tree.ts'

/** Merges a root answer: that of a fetch without representations, or an event of a subscription. */
export function mergeRoot(
  node: FetchNode,
  response: SubgraphResponse,
  targets: readonly Target[],
  run: Run,
): void {
  const names = renamedKeys(node.outputRewrites)
  const data = isTree(response.data) ? response.data : undefined
  hearSession(response, run)
  for (const mark of readMarks(marksIn(response.extensions), node.serviceName)) {
    for (const { path } of targets) {
      run.degradations.add({ ...mark, path: [...path, ...renamed(mark.path, names)] })
    }
  }
  for (const error of errorsOf(response)) {
    const failure = told(error, node, run)
    run.failures.mention(failure)
    const path = pathOf(error)
    if (path === undefined || data === undefined) blameAll(targets, failure, node, run)
    if (path === undefined) continue
    for (const target of targets)
      run.failures.locate(failure, [...target.path, ...renamed(path, names)], response)
  }
  if (data === undefined) {
    if (errorsOf(response).length === 0) blameAll(targets, badAnswer(node), node, run)
    return
  }
  rewrite(data, node.outputRewrites, run.overlap)
  for (const [index, target] of targets.entries()) absorb(target.tree, data, index > 0, run)
}

/** Sessions are told to those who asked for one. */
function hearSession({ extensions }: SubgraphResponse, run: Run): void {
  if (run.context.consistency?.level !== 'session') return
  run.heardSession = joinSessions(run.heardSession, sessionIn(extensions))
}

/** An entity as the subgraph is asked for it, and everywhere it stands. */
export interface Asked {
  readonly representation: Tree
  readonly targets: Target[]
}

/** Merges an answer of `_entities` into every place where each entity stands. */
export function mergeEntities(
  node: FetchNode,
  response: SubgraphResponse,
  asked: readonly Asked[],
  run: Run,
): void {
  const names = renamedKeys(node.outputRewrites)
  const all = asked.flatMap(({ targets }) => targets)
  const entities = isTree(response.data) ? response.data['_entities'] : undefined
  const usable = Array.isArray(entities) && entities.length === asked.length
  hearSession(response, run)
  for (const mark of readMarks(marksIn(response.extensions), node.serviceName)) {
    const [, index, ...rest] = mark.path
    const entity = typeof index === 'number' ? asked[index] : undefined
    // A mark of the list, or of nothing that was asked for, is one of every entity.
    const path = entity === undefined ? [] : renamed(rest, names)
    for (const target of entity?.targets ?? all) {
      run.degradations.add({ ...mark, path: [...target.path, ...path] })
    }
  }
  for (const error of errorsOf(response)) {
    const failure = told(error, node, run)
    run.failures.mention(failure)
    const [root, index, ...rest] = pathOf(error) ?? []
    const entity = root === '_entities' && typeof index === 'number' ? asked[index] : undefined
    if (entity === undefined) blameAll(all, failure, node, run)
    else if (rest.length === 0) blameAll(entity.targets, failure, node, run)
    else {
      for (const { path } of entity.targets)
        run.failures.locate(failure, [...path, ...renamed(rest, names)], response)
      // A null that went through a whole list of entities leaves the others without their fields, too; one that went through
      // an entity leaves the other fields of that one.
      if (!usable) blameAll(all, failure, node, run)
      else if (typeof index === 'number' && !isTree(entities[index])) {
        blameAll(entity.targets, failure, node, run)
      }
    }
  }
  if (!usable) {
    if (errorsOf(response).length === 0) blameAll(all, badAnswer(node), node, run)
    return
  }
  for (const [index, { targets }] of asked.entries()) {
    const entity: unknown = entities[index]
    if (!isTree(entity)) continue
    rewrite(entity, node.outputRewrites, run.overlap)
    for (const [again, target] of targets.entries()) absorb(target.tree, entity, again > 0, run)
  }
}

/** `failure` is why `targets` lack what `node` should have brought. */
export function blameAll(targets: readonly Target[], failure: Failure, node: FetchNode, run: Run): void {
  const keys = keysOf(node)
  for (const { tree } of targets) run.failures.blame(tree, failure, keys)
}

function absorb(target: Tree, data: Tree, shared: boolean, run: Run): void {
  // What stands in two places must not be one object: later fetches write to each place on its own.
  merge(target, shared ? (copy(data) as Tree) : data, name => run.overlap.isObject(name))
}

function told(error: unknown, node: FetchNode, run: Run): Failure {
  const { failure, masked } = failureOf(error, node.serviceName, run.context.requestId, run.showing)
  if (masked) {
    const { requestId } = run.context
    run.log.warn('subgraph.error', { subgraph: node.serviceName, errorId: requestId, error })
  }
  return failure
}

function badAnswer(node: FetchNode): Failure {
  const subgraph = node.serviceName
  const message = `subgraph "${subgraph}" answered something that does not fit what it was asked`
  return { message, extensions: { code: 'SUBGRAPH_BAD_ANSWER', subgraph } }
}

/** Answers the errors of a response, whatever a subgraph has put there. */
function errorsOf(response: SubgraphResponse): readonly unknown[] {
  return Array.isArray(response.errors) ? response.errors : []
}

function pathOf(error: unknown): Path | undefined {
  const path = isTree(error) ? error['path'] : undefined
  if (!Array.isArray(path) || path.length === 0) return undefined
  return path.every(step => typeof step === 'string' || typeof step === 'number') ? path : undefined
}

function renamed(path: Path, names: ReadonlyMap<string, string>): Path {
  if (names.size === 0) return path
  return path.map(step => (typeof step === 'string' ? (names.get(step) ?? step) : step))
}

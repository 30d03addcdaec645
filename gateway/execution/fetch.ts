import { EnneadError } from '../../kernel/errors.ts'
import type { FetchNode } from '../planning/plan.ts'
import { contextGroups } from './context-arguments.ts'
import { startsWith } from './degradations.ts'
import type { Failure } from './failures.ts'
import { keysOf } from './fetch-keys.ts'
import { blameAll, mergeEntities, mergeRoot } from './merge-answer.ts'
import type { Asked } from './merge-answer.ts'
import { representationOf } from './representation.ts'
import { rewrite } from './rewrite.ts'
import type { Run } from './run.ts'
import { transportFailure } from './subgraph-errors.ts'
import type { SubgraphResponse } from './subgraph.ts'
import type { Path, Target } from './target.ts'
import type { Tree } from './tree.ts'

/** Runs one fetch for `targets` and merges what it brings into them. Never rejects: failures go to `run.failures`. */
export async function runFetch(node: FetchNode, targets: readonly Target[], run: Run): Promise<void> {
  if (targets.length === 0) return
  if (node.requires === undefined) {
    const response = await ask(node, {}, targets, run)
    if (response !== undefined) mergeRoot(node, response, targets, run)
    return
  }
  const groups = contextGroups(node.contextRewrites, targets, run.overlap)
  await Promise.all(groups.map(group => fetchEntities(node, group.variables, group.targets, run)))
}

async function fetchEntities(
  node: FetchNode,
  variables: Readonly<Record<string, unknown>>,
  targets: readonly Target[],
  run: Run,
): Promise<void> {
  const asked = [...distinct(node, targets, run).values()]
  if (asked.length === 0) return
  const representations = asked.map(({ representation }) => representation)
  const all = asked.flatMap(({ targets }) => targets)
  const response = await ask(node, { ...variables, representations }, all, run)
  if (response !== undefined) mergeEntities(node, response, asked, run)
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

/** The answer; undefined when there is none, with `targets` told why. */
async function ask(
  node: FetchNode,
  extra: Readonly<Record<string, unknown>>,
  targets: readonly Target[],
  run: Run,
): Promise<SubgraphResponse | undefined> {
  try {
    run.deadline.signal.throwIfAborted()
    const { signal } = run.deadline
    const context = { ...run.context, signal, remainingMs: run.deadline.remainingMs() }
    const request = requestOf(node, run.variables, extra)
    const send = (): Promise<SubgraphResponse> => run.subgraphs.execute(node.serviceName, request, context)
    return await waited(node, run, run.earlier?.answer(node, request, send) ?? send())
  } catch (failure) {
    if (!(failure instanceof EnneadError))
      run.log.error('subgraph.fault', { subgraph: node.serviceName, failure })
    blameAll(targets, transportFailure(failure, node.serviceName), node, run)
    return undefined
  }
}

async function waited<T>(node: FetchNode, run: Run, work: Promise<T>): Promise<T> {
  try {
    return await run.deadline.within(work)
  } catch (failure) {
    if (failure instanceof EnneadError && failure.code === 'DEADLINE_EXCEEDED') {
      const message = `subgraph "${node.serviceName}" did not answer within the time of this request`
      throw new EnneadError('SUBGRAPH_TIMEOUT', message, { cause: failure })
    }
    throw failure
  }
}

/** The request of a fetch, with only those variables that it uses. */
export function requestOf(
  node: FetchNode,
  variables: Readonly<Record<string, unknown>>,
  extra: Readonly<Record<string, unknown>> = {},
): { query: string; variables: Record<string, unknown>; operationName?: string } {
  const picked: Record<string, unknown> = {}
  for (const name of node.variableUsages ?? []) {
    if (Object.hasOwn(variables, name)) picked[name] = variables[name]
  }
  const request = { query: node.operation, variables: { ...picked, ...extra } }
  return node.operationName === undefined ? request : { ...request, operationName: node.operationName }
}

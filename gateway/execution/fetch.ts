import { Kind, parse } from 'graphql'
import type { SelectionSetNode } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import type { FetchNode } from '../planning/plan.ts'
import { contextGroups } from './context-arguments.ts'
import type { Failure } from './failures.ts'
import { representationOf } from './representation.ts'
import { renamedKeys, rewrite } from './rewrite.ts'
import type { Run } from './run.ts'
import { failureOf, transportFailure } from './subgraph-errors.ts'
import type { SubgraphResponse } from './subgraph.ts'
import type { Path, Target } from './target.ts'
import { copy, isTree, merge } from './tree.ts'
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

/** Merges a root answer: that of a fetch without representations, or an event of a subscription. */
export function mergeRoot(
  node: FetchNode,
  response: SubgraphResponse,
  targets: readonly Target[],
  run: Run,
): void {
  const names = renamedKeys(node.outputRewrites)
  const data = isTree(response.data) ? response.data : undefined
  for (const error of errorsOf(response)) {
    const failure = told(error, node, run)
    const path = pathOf(error)
    if (path === undefined || data === undefined) blameAll(targets, failure, node, run)
    if (path === undefined) continue
    for (const target of targets) run.failures.add(failure, [...target.path, ...renamed(path, names)])
  }
  if (data === undefined) {
    if (errorsOf(response).length === 0) blameAll(targets, badAnswer(node), node, run)
    return
  }
  rewrite(data, node.outputRewrites, run.overlap)
  for (const [index, target] of targets.entries()) absorb(target.tree, data, index > 0, run)
}

/** An entity as the subgraph is asked for it, and everywhere it stands. */
interface Asked {
  readonly representation: Tree
  readonly targets: Target[]
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
    const reason = missing
      .map(({ tree, key }) => run.failures.reasonFor(tree, key))
      .find(each => each !== undefined)
    if (reason !== undefined) {
      // Asked without what a failed fetch should have brought, the subgraph would answer something else.
      run.failures.blame(target.tree, reason, keysOf(node))
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

function mergeEntities(node: FetchNode, response: SubgraphResponse, asked: readonly Asked[], run: Run): void {
  const names = renamedKeys(node.outputRewrites)
  const all = asked.flatMap(({ targets }) => targets)
  const entities = isTree(response.data) ? response.data['_entities'] : undefined
  const usable = Array.isArray(entities) && entities.length === asked.length
  for (const error of errorsOf(response)) {
    const failure = told(error, node, run)
    const [root, index, ...rest] = pathOf(error) ?? []
    const entity = root === '_entities' && typeof index === 'number' ? asked[index] : undefined
    if (entity === undefined) blameAll(all, failure, node, run)
    else if (rest.length === 0) blameAll(entity.targets, failure, node, run)
    else {
      for (const { path } of entity.targets) run.failures.add(failure, [...path, ...renamed(rest, names)])
      // A null that went through a whole list of entities leaves the others without their fields, too.
      if (!usable) blameAll(all, failure, node, run)
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

function absorb(target: Tree, data: Tree, shared: boolean, run: Run): void {
  // What stands in two places must not be one object: later fetches write to each place on its own.
  merge(target, shared ? (copy(data) as Tree) : data, name => run.overlap.isObject(name))
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
    return await waited(node, run, run.subgraphs.execute(node.serviceName, request, context))
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

function blameAll(targets: readonly Target[], failure: Failure, node: FetchNode, run: Run): void {
  const keys = keysOf(node)
  for (const { tree } of targets) run.failures.blame(tree, failure, keys)
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

const keysByFetch = new WeakMap<FetchNode, ReadonlySet<string>>()

/** The response names a fetch adds to its targets. Only asked for when something fails. */
function keysOf(node: FetchNode): ReadonlySet<string> {
  const known = keysByFetch.get(node)
  if (known !== undefined) return known
  const keys = new Set<string>()
  const names = renamedKeys(node.outputRewrites)
  const document = parse(node.operation)
  const collect = (set: SelectionSetNode | undefined): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet)
      if (selection.kind !== Kind.FIELD) continue
      if (selection.name.value === '_entities') collect(selection.selectionSet)
      else {
        const key = (selection.alias ?? selection.name).value
        keys.add(names.get(key) ?? key)
      }
    }
  }
  for (const definition of document.definitions) {
    if ('selectionSet' in definition) collect(definition.selectionSet)
  }
  keysByFetch.set(node, keys)
  return keys
}

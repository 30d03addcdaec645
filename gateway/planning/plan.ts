import { unreachable } from '../../kernel/errors.ts'
import type { JoinedCondition } from './joined-conditions.ts'

/**
 * How an operation is answered, as plain data (a plan may come from another thread). The shape is that of Apollo's query
 * plans, which both planners write.
 */
export interface Plan {
  /** Which planner made it. */
  readonly plannedBy: 'apollo' | 'rust'
  /** Undefined: nothing has to be fetched. */
  readonly root: PlanNode | undefined
  /** A subscription's source; `root` then runs for every event. */
  readonly source: FetchNode | undefined
  /** Variables of the plan that stand for several conditions of the operation. Default: none. */
  readonly joined?: readonly JoinedCondition[]
  /** What is told after the first answer. Default: nothing. */
  readonly deferred?: readonly DeferredPart[]
  /** Fetches in the plan, conditional and deferred ones included. */
  readonly fetches: number
  /** Why planners that were asked before did not make it, one text for each. Default: it was the first. */
  readonly handedOn?: readonly string[]
}

/** What a deferred fragment needs beside what was fetched before; runs on the same objects. */
export interface DeferredPart {
  readonly label: string
  /** Undefined: everything it has is there already. */
  readonly root: PlanNode | undefined
  /** Of fragments inside it; run after it. */
  readonly deferred: readonly DeferredPart[]
}

export type PlanNode = SequenceNode | ParallelNode | FetchNode | FlattenNode | ConditionNode

export interface SequenceNode {
  readonly kind: 'Sequence'
  readonly nodes: readonly PlanNode[]
}

export interface ParallelNode {
  readonly kind: 'Parallel'
  readonly nodes: readonly PlanNode[]
}

/** One request to one subgraph; with `requires`, for entities. */
export interface FetchNode {
  readonly kind: 'Fetch'
  readonly serviceName: string
  readonly operation: string
  readonly operationName?: string | undefined
  readonly operationKind: 'query' | 'mutation' | 'subscription'
  readonly variableUsages?: readonly string[]
  readonly requires?: readonly RequiredSelection[]
  readonly inputRewrites?: readonly Rewrite[]
  readonly outputRewrites?: readonly Rewrite[]
  readonly contextRewrites?: readonly KeyRenamer[]
}

/**
 * Runs its node for every object at `path`. A step is a key, `@` for every item of a list (and of lists inside it), or `... on A|B` for objects of
 * these types only; an object without `__typename` passes.
 */
export interface FlattenNode {
  readonly kind: 'Flatten'
  readonly path: readonly (string | number)[]
  readonly node: PlanNode
}

/** Chooses by the boolean variable `condition`. */
export interface ConditionNode {
  readonly kind: 'Condition'
  readonly condition: string
  readonly ifClause?: PlanNode
  readonly elseClause?: PlanNode
}

export type Rewrite = ValueSetter | KeyRenamer

export interface ValueSetter {
  readonly kind: 'ValueSetter'
  readonly path: readonly string[]
  readonly setValueTo: unknown
}

export interface KeyRenamer {
  readonly kind: 'KeyRenamer'
  readonly path: readonly string[]
  readonly renameKeyTo: string
}

/** What a representation is built from. */
export type RequiredSelection =
  | {
      readonly kind: 'Field'
      readonly name: string
      readonly alias?: string
      readonly selections?: readonly RequiredSelection[]
    }
  | {
      readonly kind: 'InlineFragment'
      readonly typeCondition?: string
      readonly selections: readonly RequiredSelection[]
    }

/** Every fetch of a plan, whatever its conditions and however late. */
export function fetchesOf({
  root,
  source,
  deferred = [],
}: Omit<Plan, 'plannedBy' | 'fetches'>): readonly FetchNode[] {
  return [
    ...(source === undefined ? [] : [source]),
    ...fetchesIn(root),
    ...deferred.flatMap(part => fetchesOf({ ...part, source: undefined })),
  ]
}

function fetchesIn(node: PlanNode | undefined): readonly FetchNode[] {
  if (node === undefined) return []
  switch (node.kind) {
    case 'Fetch':
      return [node]
    case 'Flatten':
      return fetchesIn(node.node)
    case 'Condition':
      return [...fetchesIn(node.ifClause), ...fetchesIn(node.elseClause)]
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(fetchesIn)
    default:
      return unreachable(node)
  }
}

/** Counts the fetches of parts, and of those inside them. */
export function countDeferred(parts: readonly DeferredPart[]): number {
  return parts.reduce((sum, { root, deferred }) => sum + countFetches(root) + countDeferred(deferred), 0)
}

/** Counts the fetches of a plan, those behind conditions included. */
export function countFetches(node: PlanNode | undefined): number {
  if (node === undefined) return 0
  switch (node.kind) {
    case 'Fetch':
      return 1
    case 'Flatten':
      return countFetches(node.node)
    case 'Condition':
      return countFetches(node.ifClause) + countFetches(node.elseClause)
    case 'Sequence':
    case 'Parallel':
      return node.nodes.reduce((sum, inner) => sum + countFetches(inner), 0)
    default:
      return unreachable(node)
  }
}

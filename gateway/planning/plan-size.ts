import { unreachable } from '../../kernel/errors.ts'
import type { DeferredPart, FetchNode, Plan, PlanNode, RequiredSelection } from './plan.ts'

/** Bytes of an object with a few fields, as V8 keeps it; bench/planning compares the sum with what is really used. */
const objectBytes = 100

/** About how many bytes a plan takes in memory. */
export function planBytes({ root, source, deferred = [] }: Plan): number {
  return nodeBytes(root) + (source === undefined ? 0 : fetchBytes(source)) + deferredBytes(deferred)
}

function deferredBytes(parts: readonly DeferredPart[]): number {
  return parts.reduce(
    (sum, { root, deferred }) => sum + objectBytes + nodeBytes(root) + deferredBytes(deferred),
    0,
  )
}

function nodeBytes(node: PlanNode | undefined): number {
  if (node === undefined) return 0
  switch (node.kind) {
    case 'Fetch':
      return fetchBytes(node)
    case 'Flatten':
      return objectBytes + node.path.length * 8 + nodeBytes(node.node)
    case 'Condition':
      return objectBytes + nodeBytes(node.ifClause) + nodeBytes(node.elseClause)
    case 'Sequence':
    case 'Parallel':
      return node.nodes.reduce((sum, inner) => sum + nodeBytes(inner), objectBytes)
    default:
      return unreachable(node)
  }
}

function fetchBytes(fetch: FetchNode): number {
  const rewrites = (fetch.inputRewrites?.length ?? 0) + (fetch.outputRewrites?.length ?? 0)
  return objectBytes * (2 + rewrites) + fetch.operation.length + requiredBytes(fetch.requires ?? [])
}

function requiredBytes(selections: readonly RequiredSelection[]): number {
  return selections.reduce((sum, each) => sum + objectBytes + requiredBytes(each.selections ?? []), 0)
}

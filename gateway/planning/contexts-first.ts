import { EnneadError, unreachable } from '../../kernel/errors.ts'
import { ConditionSamples } from './condition-samples.ts'
import { fetchedBy } from './fetched-fields.ts'
import type { FetchedFields } from './fetched-fields.ts'
import { fetchesOf } from './plan.ts'
import type { FetchNode, PlanNode } from './plan.ts'

/** Response names from the root down to a field. */
type Keys = readonly string[]

/**
 * The plan with every value of a @context fetched before the arguments that take it. Apollo's planner fetches both side by side where
 * the value has to be brought by a fetch of its own, and the argument is then never given. Throws QUERY_PLAN_FAILED when
 * no order does.
 */
export function contextsFirst(root: PlanNode): PlanNode {
  if (fetchesOf({ root, source: undefined }).every(({ contextRewrites }) => !contextRewrites?.length))
    return root
  return ordered(root)
}

function ordered(node: PlanNode): PlanNode {
  switch (node.kind) {
    case 'Fetch':
    case 'Flatten':
      return node
    case 'Sequence':
      return { ...node, nodes: node.nodes.map(ordered) }
    case 'Condition': {
      const { ifClause, elseClause } = node
      return {
        ...node,
        ...(ifClause && { ifClause: ordered(ifClause) }),
        ...(elseClause && { elseClause: ordered(elseClause) }),
      }
    }
    case 'Parallel':
      return inLayers(node.nodes.map(ordered))
    default:
      return unreachable(node)
  }
}

/** What needs nothing of the others first, side by side, then what needs that, and so on. */
function inLayers(nodes: readonly PlanNode[]): PlanNode {
  const left = nodes.map(node => ({ node, needs: [...neededBy(node, [])], brought: broughtBy(node) }))
  const layers: PlanNode[] = []
  while (left.length > 0) {
    const free = left.filter(({ needs }, index) =>
      left.every((other, at) => at === index || !needs.some(keys => isBrought(keys, other.brought))),
    )
    if (free.length === 0) throw circular()
    const layer = free.map(({ node }) => node)
    layers.push(sideBySide(layer))
    for (const each of free) left.splice(left.indexOf(each), 1)
  }
  const [only, ...more] = layers
  return only !== undefined && more.length === 0 ? only : { kind: 'Sequence', nodes: layers }
}

function sideBySide(nodes: readonly PlanNode[]): PlanNode {
  const [only, ...more] = nodes
  return only !== undefined && more.length === 0 ? only : { kind: 'Parallel', nodes }
}

/** The fields whose values arguments are filled with. */
function* neededBy(node: PlanNode | undefined, at: Keys): Iterable<Keys> {
  if (node === undefined) return
  switch (node.kind) {
    case 'Fetch':
      yield* takenBy(node, at)
      return
    case 'Flatten':
      yield* neededBy(node.node, keysOf(node.path))
      return
    case 'Condition':
      yield* neededBy(node.ifClause, at)
      yield* neededBy(node.elseClause, at)
      return
    case 'Sequence':
    case 'Parallel':
      for (const each of node.nodes) yield* neededBy(each, at)
      return
    default:
      unreachable(node)
  }
}

function takenBy({ contextRewrites = [] }: FetchNode, at: Keys): readonly Keys[] {
  return contextRewrites.map(({ path }) => {
    const up = path.filter(step => step === '..').length
    return [...at.slice(0, at.length - up), ...keysOf(path.filter(step => step !== '..'))]
  })
}

function keysOf(path: readonly (string | number)[]): Keys {
  return path.map(String).filter(step => step !== '@' && !step.startsWith('... on '))
}

/** Conditions are not looked at: what may bring a value comes first. */
function broughtBy(root: PlanNode): FetchedFields {
  const plan = { plannedBy: 'apollo', root, source: undefined, fetches: 0 } as const
  return fetchedBy(plan, new ConditionSamples([], [])).fields
}

function isBrought(keys: Keys, fields: FetchedFields): boolean {
  const above = keys.slice(0, -1).reduce((place, key) => place.below(key), fields)
  return above.of(keys.at(-1) ?? '').length > 0
}

function circular(): EnneadError {
  return new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned', {
    cause: new Error('fetches need values of contexts of each other'),
  })
}

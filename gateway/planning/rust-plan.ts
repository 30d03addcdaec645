import { Kind, OperationTypeNode, parse, print, stripIgnoredCharacters, visit } from 'graphql'
import type { FieldNode, OperationDefinitionNode, SelectionSetNode } from 'graphql'
import type {
  BatchFetchNode as RustBatchFetch,
  EntityBatchAlias as RustAlias,
  FetchNode as RustFetch,
  FetchNodePathSegment as RustRewriteSegment,
  FetchRewrite as RustRewrite,
  FlattenNodePathSegment as RustPathSegment,
  PlanNode as RustNode,
  QueryPlan as RustPlan,
  RequiresSelection as RustRequired,
} from '@graphql-hive/router-query-planner'
import { EnneadError, unreachable } from '../../kernel/errors.ts'
import { inlined } from './inline-fragments.ts'
import { countFetches } from './plan.ts'
import type { FetchNode, Plan, PlanNode, RequiredSelection, Rewrite } from './plan.ts'

/** A plan of the Rust planner as one of ours. Throws QUERY_PLAN_FAILED for what has no counterpart. */
export function planOfRust({ node }: RustPlan): Plan {
  const nodes = node === undefined || node === null ? [] : node.kind === 'Sequence' ? node.nodes : [node]
  const [first, ...rest] = nodes
  const source = first?.kind === 'Subscription' ? rootFetch(first.primary) : undefined
  const root = sequence((source === undefined ? nodes : rest).map(planNode))
  const fetches = countFetches(root) + (source === undefined ? 0 : 1)
  return { plannedBy: 'rust', root, source, fetches }
}

function sequence(nodes: readonly PlanNode[]): PlanNode | undefined {
  return nodes.length > 1 ? { kind: 'Sequence', nodes } : nodes[0]
}

function planNode(node: RustNode): PlanNode {
  switch (node.kind) {
    case 'Fetch':
      return rootFetch(node)
    case 'BatchFetch':
      return batch(node)
    case 'Flatten':
      return { kind: 'Flatten', path: node.path.map(pathStep), node: planNode(node.node) }
    case 'Condition': {
      const { condition, ifClause, elseClause } = node
      return {
        kind: 'Condition',
        condition,
        ...(ifClause ? { ifClause: planNode(ifClause) } : {}),
        ...(elseClause ? { elseClause: planNode(elseClause) } : {}),
      }
    }
    case 'Sequence':
    case 'Parallel':
      return { kind: node.kind, nodes: node.nodes.map(planNode) }
    case 'Subscription':
    case 'Defer':
      throw unsupported(`a ${node.kind} inside a plan`)
    default:
      return unreachable(node)
  }
}

function rootFetch(fetch: RustFetch): FetchNode {
  const { serviceName, operationName, operationKind = 'query', variableUsages } = fetch
  return {
    kind: 'Fetch',
    serviceName,
    operation: inlined(fetch.operation),
    operationKind,
    ...(operationName === undefined ? {} : { operationName }),
    ...(variableUsages === undefined ? {} : { variableUsages }),
    ...entityParts(fetch),
  }
}

/**
 * One fetch for each entity list of a batch. What may share a request is decided where plans are run: a batch waits for
 * its slowest input.
 */
function batch(node: RustBatchFetch): PlanNode {
  const [definition, ...others] = parse(inlined(node.operation), { noLocation: true }).definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION || others.length > 0) {
    throw unsupported('a batch that is not one operation')
  }
  const nodes = node.entityBatch.aliases.flatMap(alias => {
    const fetch = batchPart(node, definition, alias)
    return alias.paths.map((path): PlanNode => ({ kind: 'Flatten', path: path.map(pathStep), node: fetch }))
  })
  const [only, ...more] = nodes
  if (only === undefined) throw unsupported('a batch of nothing')
  return more.length === 0 ? only : { kind: 'Parallel', nodes }
}

function batchPart(node: RustBatchFetch, batch: OperationDefinitionNode, alias: RustAlias): FetchNode {
  const field = batch.selectionSet.selections.find(
    (each): each is FieldNode => each.kind === Kind.FIELD && each.alias?.value === alias.alias,
  )
  if (field?.selectionSet === undefined) throw unsupported(`a batch without its part ${alias.alias}`)
  const used = variablesOf(field.selectionSet)
  const definitions = (batch.variableDefinitions ?? []).filter(({ variable }) =>
    used.has(variable.name.value),
  )
  const variables = ['$representations:[_Any!]!', ...definitions.map(print)].join(',')
  const selections = print(field.selectionSet)
  const conditions = (field.directives ?? []).map(print).join(' ')
  return {
    kind: 'Fetch',
    serviceName: node.serviceName,
    operation: stripIgnoredCharacters(
      `query(${variables}){_entities(representations:$representations)${conditions}${selections}}`,
    ),
    operationKind: OperationTypeNode.QUERY,
    variableUsages: definitions.map(({ variable }) => variable.name.value),
    ...entityParts(alias),
  }
}

function variablesOf(set: SelectionSetNode): ReadonlySet<string> {
  const names = new Set<string>()
  visit(set, { Variable: ({ name }) => void names.add(name.value) })
  return names
}

function entityParts({
  requires,
  inputRewrites,
  outputRewrites,
}: Pick<RustFetch, 'requires' | 'inputRewrites' | 'outputRewrites'>): Partial<FetchNode> {
  const renames: Rewrite[] = []
  const required = requires?.map(each => requiredSelection(each, [], renames))
  const input = [...renames, ...(inputRewrites ?? []).flatMap(rewrites)]
  const output = (outputRewrites ?? []).flatMap(rewrites)
  return {
    ...(required === undefined ? {} : { requires: required }),
    ...(input.length === 0 ? {} : { inputRewrites: input }),
    ...(output.length === 0 ? {} : { outputRewrites: output }),
  }
}

/**
 * There, `name` is the key to read and `alias` the key to send; here both are the alias, so that a rename follows.
 * Conditions are left out: what they would leave out was not fetched either.
 */
function requiredSelection(
  selection: RustRequired,
  path: readonly string[],
  renames: Rewrite[],
): RequiredSelection {
  if (selection.kind === 'FragmentSpread') throw unsupported('a fragment in what a fetch requires')
  if (selection.kind === 'InlineFragment') {
    const { typeCondition } = selection
    const inner = [...path, `... on ${typeCondition}`]
    const selections = selection.selections.map(each => requiredSelection(each, inner, renames))
    return { kind: 'InlineFragment', typeCondition, selections }
  }
  const { name, alias } = selection
  const selections = selection.selections?.map(each => requiredSelection(each, [...path, name], renames))
  if (alias !== undefined && alias !== name) {
    renames.push({ kind: 'KeyRenamer', path: [...path, name], renameKeyTo: alias })
  }
  return {
    kind: 'Field',
    name: alias ?? name,
    ...(alias === undefined || alias === name ? {} : { alias: name }),
    ...(selections === undefined || selections.length === 0 ? {} : { selections }),
  }
}

/** A rewrite for several types becomes one for each. */
function rewrites(rewrite: RustRewrite): readonly Rewrite[] {
  if ('KeyRenamer' in rewrite) {
    const { path, renameKeyTo } = rewrite.KeyRenamer
    return paths(path).map(each => ({ kind: 'KeyRenamer', path: each, renameKeyTo }))
  }
  const { path, setValueTo } = 'ValueSetter' in rewrite ? rewrite.ValueSetter : rewrite
  return paths(path).map(each => ({ kind: 'ValueSetter', path: each, setValueTo }))
}

function paths(segments: readonly RustRewriteSegment[]): readonly (readonly string[])[] {
  let all: readonly (readonly string[])[] = [[]]
  for (const segment of segments) {
    const steps = 'Key' in segment ? [segment.Key] : segment.TypenameEquals.map(type => `... on ${type}`)
    all = all.flatMap(path => steps.map(step => [...path, step]))
  }
  return all
}

function pathStep(segment: RustPathSegment): string {
  if (segment === '@') return segment
  return 'Field' in segment ? segment.Field : `... on ${segment.TypeCondition.join('|')}`
}

function unsupported(what: string): EnneadError {
  return new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned', {
    cause: new Error(`the Rust planner wrote ${what}`),
  })
}

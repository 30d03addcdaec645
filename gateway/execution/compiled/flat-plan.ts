import { Kind, parse, print } from 'graphql'
import type { DirectiveNode, FieldNode, SelectionSetNode } from 'graphql'
import type { VariableValues } from '../../operation/variables.ts'
import type { FetchNode, Plan, PlanNode, RequiredSelection } from '../../planning/plan.ts'
import { Uncompilable } from './uncompilable.ts'

/** A field that a fetch asks for. */
export interface FetchField {
  readonly key: string
  readonly name: string
  /** The type that its object has to have. Undefined: any. */
  readonly on: string | undefined
  /** As it is written, brackets included; empty without arguments. */
  readonly args: string
  /** Undefined: a leaf. */
  readonly fields: readonly FetchField[] | undefined
}

/** A fetch of the plan on its own. */
export interface FlatFetch {
  readonly node: FetchNode
  readonly subgraph: string
  /** Keys from the root, with conditions on types and without marks of lists; empty for a fetch at the root. */
  readonly path: readonly string[]
  /** What it needs of the entities at `path`; undefined: it asks the root. */
  readonly entity: { readonly type: string; readonly requires: readonly string[] } | undefined
  readonly fields: readonly FetchField[]
  /** The client's variables that it uses, with their types and defaults as they are written. */
  readonly variables: ReadonlyMap<string, string>
}

/**
 * The fetches of a query's plan in the plan's order, for one set of values of the variables that conditions depend on. Throws
 * Uncompilable.
 */
export function flatPlan({ root, source }: Plan, values: VariableValues): readonly FlatFetch[] {
  if (root === undefined || source !== undefined) throw new Uncompilable('there is nothing to fetch')
  const found: FlatFetch[] = []
  collect(root, [], found, values)
  // Of some nothing is left.
  return found.filter(({ fields }) => fields.length > 0)
}

function collect(node: PlanNode, path: readonly string[], found: FlatFetch[], values: VariableValues): void {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      for (const inner of node.nodes) collect(inner, path, found, values)
      return
    case 'Flatten':
      collect(node.node, [...path, ...node.path.map(String).filter(step => step !== '@')], found, values)
      return
    case 'Condition': {
      const chosen = values[node.condition] === true ? node.ifClause : node.elseClause
      if (chosen !== undefined) collect(chosen, path, found, values)
      return
    }
    case 'Fetch':
      found.push(flatFetch(node, path, values))
  }
}

function flatFetch(node: FetchNode, path: readonly string[], values: VariableValues): FlatFetch {
  if (node.operationKind !== 'query') throw new Uncompilable('only queries are compiled')
  const rewrites = [node.inputRewrites, node.outputRewrites, node.contextRewrites]
  if (rewrites.some(each => (each ?? []).length > 0)) throw new Uncompilable('a fetch rewrites what it gets')
  const { definitions } = parse(node.operation)
  const [operation, ...fragments] = definitions
  if (operation?.kind !== Kind.OPERATION_DEFINITION || fragments.length > 0) {
    throw new Uncompilable('a fetch uses named fragments')
  }
  const variables = new Map<string, string>()
  for (const { variable, type, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value
    if (name === 'representations') continue
    variables.set(name, print(type) + (defaultValue === undefined ? '' : `=${print(defaultValue)}`))
  }
  const shared = { node, subgraph: node.serviceName, path, variables }
  if (node.requires === undefined) {
    return { ...shared, entity: undefined, fields: fieldsOf(operation.selectionSet, undefined, values) }
  }
  const entity = requirement(node.requires)
  const [entities, ...others] = operation.selectionSet.selections
  if (entities?.kind !== Kind.FIELD || others.length > 0)
    throw new Uncompilable('a fetch asks for more than entities')
  return { ...shared, entity, fields: fieldsOf(entities.selectionSet, entity.type, values) }
}

/** @param on The type of the fragment around the selections. */
function fieldsOf(
  set: SelectionSetNode | undefined,
  on: string | undefined,
  values: VariableValues,
): readonly FetchField[] {
  return (set?.selections ?? []).flatMap(selection => {
    if (!isIncluded(selection.directives ?? [], values)) return []
    if (selection.kind === Kind.FIELD) return fetchField(selection, on, values)
    if (selection.kind === Kind.FRAGMENT_SPREAD) throw new Uncompilable('a fetch uses named fragments')
    const condition = selection.typeCondition?.name.value
    if (condition !== undefined && on !== undefined && condition !== on)
      throw new Uncompilable('a fetch depends on a type')
    return fieldsOf(selection.selectionSet, condition ?? on, values)
  })
}

function isIncluded(directives: readonly DirectiveNode[], values: VariableValues): boolean {
  return directives.every(({ name, arguments: [condition] = [] }) => {
    const value = condition?.value
    if (name.value !== 'skip' && name.value !== 'include')
      throw new Uncompilable('a fetch has other directives')
    const met =
      value?.kind === Kind.VARIABLE
        ? values[value.name.value] === true
        : value?.kind === Kind.BOOLEAN && value.value
    return met === (name.value === 'include')
  })
}

function fetchField(
  { alias, name, arguments: given = [], selectionSet }: FieldNode,
  on: string | undefined,
  values: VariableValues,
): FetchField {
  const fields = selectionSet && fieldsOf(selectionSet, undefined, values)
  if (fields?.length === 0) throw new Uncompilable('an object without fields')
  return {
    key: (alias ?? name).value,
    name: name.value,
    on,
    args: given.length === 0 ? '' : `(${given.map(print).join(',')})`,
    fields,
  }
}

function requirement(selections: readonly RequiredSelection[]): NonNullable<FlatFetch['entity']> {
  const types = new Set<string>()
  const requires = new Set<string>()
  const look = (selection: RequiredSelection): void => {
    if (selection.kind === 'InlineFragment') {
      if (selection.typeCondition !== undefined) types.add(selection.typeCondition)
      for (const inner of selection.selections) look(inner)
    } else if (selection.selections !== undefined || selection.alias !== undefined) {
      throw new Uncompilable('a fetch requires objects')
    } else if (selection.name !== '__typename') requires.add(selection.name)
  }
  for (const selection of selections) look(selection)
  const [type, ...others] = types
  if (type === undefined || others.length > 0) throw new Uncompilable('a fetch is for several types')
  return { type, requires: [...requires] }
}

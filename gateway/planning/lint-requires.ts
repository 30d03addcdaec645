import { Kind, parse, valueFromASTUntyped } from 'graphql'
import type { SelectionSetNode, ValueNode } from 'graphql'
import type { RequiredArguments } from '../supergraph/required-arguments.ts'
import { argumentsOf } from './fetched-fields.ts'
import type { FetchAt, FetchedFields } from './fetched-fields.ts'
import type { RequiredSelection } from './plan.ts'

/**
 * Fields of a plan whose subgraph is given what they @require with other arguments than it asked for: of two that require one
 * field differently, Apollo's planner fetches it once.
 */
export function wronglyRequired(fetches: readonly FetchAt[], required: RequiredArguments): readonly string[] {
  if (required.size === 0) return []
  const found: string[] = []
  for (const { node, at } of fetches) {
    if (node.requires === undefined) continue
    for (const [type, field] of fieldsAsked(node.operation)) {
      const wanted = required.get(`${type}.${field}`)?.get(node.serviceName)
      if (wanted === undefined || fits(wanted, node.requires, at)) continue
      found.push(`${type}.${field} is asked for with what it requires for other arguments`)
    }
  }
  return found
}

/** The fields of entities that a fetch asks for, with the type they are asked of. */
function fieldsAsked(operation: string): readonly (readonly [string, string])[] {
  const read = (set: SelectionSetNode | undefined, type: string): readonly (readonly [string, string])[] =>
    (set?.selections ?? []).flatMap(selection => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return []
      if (selection.kind === Kind.FIELD) return [[type, selection.name.value] as const]
      return read(selection.selectionSet, selection.typeCondition?.name.value ?? type)
    })
  return parse(operation, { noLocation: true }).definitions.flatMap(definition => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return []
    const [entities] = definition.selectionSet.selections
    return entities?.kind === Kind.FIELD ? read(entities.selectionSet, '') : []
  })
}

/** Is everything `wanted` with arguments fetched with these, under the name that the representation takes it from? */
function fits(
  wanted: SelectionSetNode,
  given: readonly RequiredSelection[],
  fetched: FetchedFields,
): boolean {
  return wanted.selections.every(selection => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return fits(selection.selectionSet, given, fetched)
    if (selection.kind === Kind.FRAGMENT_SPREAD) return true
    const wantedArguments = argumentsOf(selection)
    return fieldsNamed(selection.name.value, given).every(({ key, selections }) => {
      // Of objects of other types at this place the same name may be fetched with other arguments.
      const all = fetched.of(key).filter(({ name }) => name === selection.name.value)
      const right = all.length === 0 || all.some(({ args }) => isSame(wantedArguments, args))
      if (!right || selection.selectionSet === undefined) return right
      return fits(selection.selectionSet, selections, fetched.below(key))
    })
  })
}

function fieldsNamed(
  name: string,
  given: readonly RequiredSelection[],
): readonly { readonly key: string; readonly selections: readonly RequiredSelection[] }[] {
  return given.flatMap(each => {
    if (each.kind === 'InlineFragment') return fieldsNamed(name, each.selections)
    return each.name === name ? [{ key: each.alias ?? each.name, selections: each.selections ?? [] }] : []
  })
}

/** Arguments of a @requires are constants. */
function isSame(wanted: ReadonlyMap<string, ValueNode>, given: ReadonlyMap<string, ValueNode>): boolean {
  const names = new Set([...wanted.keys(), ...given.keys()])
  return [...names].every(name => {
    const [one, other] = [wanted.get(name), given.get(name)]
    return one !== undefined && other !== undefined && textOf(one) === textOf(other)
  })
}

/** What a value is, however it is written: planners write a list of one item, numbers and strings in their own ways. */
function textOf(value: ValueNode): string {
  const untyped: unknown = valueFromASTUntyped(value)
  return JSON.stringify([untyped].flat(Infinity)).replaceAll('"', '')
}

import { Kind } from 'graphql'
import type { DirectiveNode, FieldNode, SelectionNode, SelectionSetNode } from 'graphql'
import { valueFromASTUntyped } from 'graphql'
import { isTree } from './tree.ts'

type Variables = Readonly<Record<string, unknown>>

/**
 * What a subgraph would answer to a selection on an event, from the event's own fields in a message. Fields that are not
 * there are left out: the gateway makes null or an error of them. A fragment is taken for met where the object does not
 * name another type.
 */
export function messageAnswer(value: unknown, selections: SelectionSetNode, variables: Variables): unknown {
  if (Array.isArray(value)) return value.map(each => messageAnswer(each, selections, variables))
  if (!isTree(value)) return null
  const answer: Record<string, unknown> = {}
  add(answer, value, selections.selections, variables)
  return answer
}

function add(
  answer: Record<string, unknown>,
  value: Readonly<Record<string, unknown>>,
  selections: readonly SelectionNode[],
  variables: Variables,
): void {
  for (const selection of selections) {
    if (!isIncluded(selection.directives ?? [], variables)) continue
    if (selection.kind === Kind.FIELD) put(answer, value, selection, variables)
    // Plans have no named fragments.
    else if (selection.kind === Kind.INLINE_FRAGMENT) {
      add(answer, value, selection.selectionSet.selections, variables)
    }
  }
}

function put(
  answer: Record<string, unknown>,
  value: Readonly<Record<string, unknown>>,
  { name, alias, selectionSet }: FieldNode,
  variables: Variables,
): void {
  const found = Object.hasOwn(value, name.value) ? value[name.value] : undefined
  if (found === undefined) return
  const key = (alias ?? name).value
  const answered =
    selectionSet === undefined || found === null ? found : messageAnswer(found, selectionSet, variables)
  const before = answer[key]
  // Fields that are asked for twice are merged.
  answer[key] = isTree(before) && isTree(answered) ? { ...before, ...answered } : answered
}

function isIncluded(directives: readonly DirectiveNode[], variables: Variables): boolean {
  return directives.every(({ name, arguments: given = [] }) => {
    const [condition] = given
    if (condition === undefined || (name.value !== 'skip' && name.value !== 'include')) return true
    return (valueFromASTUntyped(condition.value, variables) === true) === (name.value === 'include')
  })
}

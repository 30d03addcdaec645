import { Kind, parse } from 'graphql'
import type { ConstDirectiveNode, DocumentNode, SelectionSetNode } from 'graphql'

/** Names of subgraphs by the values of `join__Graph` that stand for them. */
export function graphNames({ definitions }: DocumentNode): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const definition of definitions) {
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION || definition.name.value !== 'join__Graph') continue
    for (const { name, directives = [] } of definition.values ?? []) {
      const graph = directives.find(each => each.name.value === 'join__graph')
      const told = graph === undefined ? undefined : argumentText(graph, 'name')
      if (told !== undefined) names.set(name.value, told)
    }
  }
  return names
}

/** An argument that is a string or an enum value; undefined when there is none. */
export function argumentText(
  { arguments: given = [] }: ConstDirectiveNode,
  wanted: string,
): string | undefined {
  const value = given.find(({ name }) => name.value === wanted)?.value
  return value?.kind === Kind.ENUM || value?.kind === Kind.STRING ? value.value : undefined
}

/** What a directive's `fields`, `key`, `requires` or `provides` selects. */
export function selectionOf(text: string): SelectionSetNode {
  const [definition] = parse(`{${text}}`, { noLocation: true }).definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`no selection: ${text}`)
  return definition.selectionSet
}

import { Kind, parse } from 'graphql'
import type { SelectionSetNode } from 'graphql'
import type { FetchNode } from '../planning/plan.ts'
import { renamedKeys } from './rewrite.ts'

const keysByFetch = new WeakMap<FetchNode, ReadonlySet<string>>()

/** The response names a fetch adds to its targets. Only asked for when something fails. */
export function keysOf(node: FetchNode): ReadonlySet<string> {
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

import { Kind } from 'graphql'
import type { DirectiveNode, SelectionNode } from 'graphql'
import { valueFromASTUntyped } from 'graphql'
import { isTree, own, put } from './tree.ts'
import type { Tree } from './tree.ts'

type Variables = Readonly<Record<string, unknown>>

/** Selections on one object, and whether every fragment around them surely applies to it. */
interface Selected {
  readonly selections: readonly SelectionNode[]
  readonly sure: boolean
}

/** A key of the answer: the field of the message behind it, and what is asked for in that. */
interface Wanted {
  readonly field: string
  readonly sure: boolean
  readonly below: Selected[]
}

/**
 * What a subgraph would answer to selections on an event, from the event's own fields in a message. Fields that are not
 * there are left out: the gateway makes null or an error of them. Only the schema knows whether a fragment on another name
 * than the object's is met, so its fields are answered as well, which the gateway leaves out again; but where two
 * fragments mean two fields by one key, the one that names the object's own type is believed.
 */
export function messageAnswer(
  value: unknown,
  selections: readonly SelectionNode[],
  variables: Variables,
): unknown {
  return answered(value, [{ selections, sure: true }], variables)
}

function answered(value: unknown, selected: readonly Selected[], variables: Variables): unknown {
  if (Array.isArray(value)) return value.map(each => answered(each, selected, variables))
  if (!isTree(value)) return null
  const wanted = new Map<string, Wanted>()
  for (const { selections, sure } of selected) collect(wanted, value, selections, sure, variables)
  const answer: Tree = {}
  for (const [key, { field, below }] of wanted) {
    const found = own(value, field)
    if (found === undefined) continue
    const isLeaf = below.length === 0 || found === null
    put(answer, key, isLeaf ? found : answered(found, below, variables))
  }
  return answer
}

function collect(
  wanted: Map<string, Wanted>,
  value: Readonly<Tree>,
  selections: readonly SelectionNode[],
  sure: boolean,
  variables: Variables,
): void {
  for (const selection of selections) {
    if (!isIncluded(selection.directives ?? [], variables)) continue
    if (selection.kind === Kind.FIELD) {
      const field = selection.name.value
      const key = (selection.alias ?? selection.name).value
      const below = selection.selectionSet && { selections: selection.selectionSet.selections, sure }
      const before = wanted.get(key)
      if (before?.field === field) {
        wanted.set(key, { ...before, sure: before.sure || sure })
        if (below !== undefined) before.below.push(below)
      } else if (before === undefined || (sure && !before.sure)) {
        wanted.set(key, { field, sure, below: below === undefined ? [] : [below] })
      }
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      // Plans have no named fragments.
      const on = selection.typeCondition?.name.value
      const isOwn = on === undefined || on === own(value, '__typename')
      collect(wanted, value, selection.selectionSet.selections, sure && isOwn, variables)
    }
  }
}

function isIncluded(directives: readonly DirectiveNode[], variables: Variables): boolean {
  return directives.every(({ name, arguments: given = [] }) => {
    const [condition] = given
    if (condition === undefined || (name.value !== 'skip' && name.value !== 'include')) return true
    return (valueFromASTUntyped(condition.value, variables) === true) === (name.value === 'include')
  })
}

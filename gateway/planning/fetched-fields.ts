import { Kind, parse, print } from 'graphql'
import type { FieldNode, FragmentDefinitionNode, SelectionSetNode, ValueNode } from 'graphql'
import { unreachable } from '../../kernel/errors.ts'
import { renamedKeys } from '../execution/rewrite.ts'
import type { FetchNode, Plan, PlanNode } from './plan.ts'

/** A field as a plan fetches it. */
export interface FetchedField {
  readonly name: string
  readonly args: ReadonlyMap<string, ValueNode>
}

/** Everything a plan fetches at one place of the answer, whatever the type of the object there and under whatever condition. */
export class FetchedFields {
  readonly #fields = new Map<string, FetchedField[]>()
  readonly #below = new Map<string, FetchedFields>()

  /** What is fetched under a response name. */
  of(key: string): readonly FetchedField[] {
    return this.#fields.get(key) ?? []
  }

  /** What is fetched below a response name. */
  below(key: string): FetchedFields {
    const known = this.#below.get(key) ?? new FetchedFields()
    this.#below.set(key, known)
    return known
  }

  add(key: string, field: FetchedField): void {
    this.#fields.set(key, [...this.of(key), field])
  }
}

/** What `plan` fetches, and the response names that one of its fetches asks for two different things. */
export function fetchedBy({ root, source }: Plan): {
  readonly fields: FetchedFields
  readonly conflicts: readonly string[]
} {
  const reader = new Reader()
  const fields = new FetchedFields()
  if (source !== undefined) reader.fetch(source, fields)
  if (root !== undefined) reader.node(root, fields)
  return { fields, conflicts: reader.conflicts }
}

export function argumentsOf({ arguments: given = [] }: FieldNode): ReadonlyMap<string, ValueNode> {
  return new Map(given.map(({ name, value }) => [name.value, value]))
}

class Reader {
  readonly conflicts: string[] = []

  node(node: PlanNode, at: FetchedFields): void {
    switch (node.kind) {
      case 'Fetch':
        this.fetch(node, at)
        return
      case 'Flatten': {
        const keys = node.path.map(String).filter(step => step !== '@' && !step.startsWith('... on '))
        this.node(
          node.node,
          keys.reduce((place, key) => place.below(key), at),
        )
        return
      }
      case 'Sequence':
      case 'Parallel':
        for (const inner of node.nodes) this.node(inner, at)
        return
      case 'Condition':
        if (node.ifClause !== undefined) this.node(node.ifClause, at)
        if (node.elseClause !== undefined) this.node(node.elseClause, at)
        return
      default:
        unreachable(node)
    }
  }

  fetch(node: FetchNode, at: FetchedFields): void {
    const names = renamedKeys(node.outputRewrites)
    const fragments = new Map<string, FragmentDefinitionNode>()
    const { definitions } = parse(node.operation, { noLocation: true })
    for (const each of definitions)
      if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each)
    for (const each of definitions) {
      if (each.kind !== Kind.OPERATION_DEFINITION) continue
      const [first] = each.selectionSet.selections
      const entities =
        first?.kind === Kind.FIELD && first.name.value === '_entities' ? first.selectionSet : undefined
      this.#selections(entities ?? each.selectionSet, at, { names, fragments, type: '', keys: new Map() })
    }
  }

  /** `keys`: what the selections of this object and type ask for under each response name. */
  #selections(
    set: SelectionSetNode,
    at: FetchedFields,
    scope: {
      readonly names: ReadonlyMap<string, string>
      readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
      readonly type: string
      readonly keys: Map<string, string>
    },
  ): void {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const sent = (selection.alias ?? selection.name).value
        const args = argumentsOf(selection)
        const text = [selection.name.value, ...(selection.arguments ?? []).map(print).toSorted()].join()
        if ((scope.keys.get(sent) ?? text) !== text) this.conflicts.push(sent)
        scope.keys.set(sent, text)
        const key = scope.names.get(sent) ?? sent
        at.add(key, { name: selection.name.value, args })
        if (selection.selectionSet !== undefined) {
          this.#selections(selection.selectionSet, at.below(key), { ...scope, type: '', keys: new Map() })
        }
        continue
      }
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : scope.fragments.get(selection.name.value)
      const type = fragment?.typeCondition?.name.value ?? scope.type
      const keys = type === scope.type ? scope.keys : new Map<string, string>()
      if (fragment !== undefined) this.#selections(fragment.selectionSet, at, { ...scope, type, keys })
    }
  }
}

import { Kind, parse, print } from 'graphql'
import type { FieldNode, FragmentDefinitionNode, SelectionSetNode, ValueNode } from 'graphql'
import { unreachable } from '../../kernel/errors.ts'
import { renamedKeys } from '../execution/rewrite.ts'
import type { ConditionSamples, Samples } from './condition-samples.ts'
import type { DeferredPart, FetchNode, Plan, PlanNode, RequiredSelection } from './plan.ts'

/** A field as a plan fetches it. */
export interface FetchedField {
  readonly name: string
  readonly args: ReadonlyMap<string, ValueNode>
  /** The values of conditions for which it is fetched. */
  readonly when: Samples
  /**
   * The types it is fetched for, where a subgraph knows them as one @interfaceObject only and so cannot leave others out itself.
   * Undefined: the subgraph decides.
   */
  readonly of?: ReadonlySet<string> | undefined
  /** The same of a field below one that is fetched so: the types of the object that the fetch begins at. */
  readonly within?: ReadonlySet<string> | undefined
  /** Nothing is asked below it. */
  readonly leaf: boolean
}

/** Everything a plan fetches at one place of the answer, whatever the type of the object there. */
export class FetchedFields {
  /** When there are objects here. */
  present: Samples
  readonly #fields = new Map<string, FetchedField[]>()
  readonly #below = new Map<string, FetchedFields>()
  readonly #required = new Set<string>()

  constructor(present: Samples) {
    this.present = present
  }

  /** What is fetched under a response name. */
  of(key: string): readonly FetchedField[] {
    return this.#fields.get(key) ?? []
  }

  /** What is fetched below a response name. */
  below(key: string): FetchedFields {
    const known = this.#below.get(key) ?? new FetchedFields(0n)
    this.#below.set(key, known)
    return known
  }

  /** When something is fetched under a response name. */
  when(key: string): Samples {
    return this.of(key).reduce((samples, { when }) => samples | when, 0n)
  }

  /** Does a later fetch build a representation of what is fetched under this name? */
  isRequired(key: string): boolean {
    return this.#required.has(key)
  }

  add(key: string, field: FetchedField): void {
    this.#fields.set(key, [...this.of(key), field])
    this.below(key).present |= field.when
  }

  require(selections: readonly RequiredSelection[]): void {
    for (const selection of selections) {
      if (selection.kind === 'InlineFragment') {
        this.require(selection.selections)
        continue
      }
      const key = selection.alias ?? selection.name
      this.#required.add(key)
      if (selection.selections !== undefined) this.below(key).require(selection.selections)
    }
  }
}

/** A fetch, and everything that is fetched at the place where it adds to the answer. */
export interface FetchAt {
  readonly node: FetchNode
  readonly at: FetchedFields
}

/** What `plan` fetches, and the response names that one of its fetches asks for two different things. */
export function fetchedBy(
  { root, source, deferred = [] }: Plan,
  samples: ConditionSamples,
): {
  readonly fields: FetchedFields
  readonly conflicts: readonly string[]
  readonly fetches: readonly FetchAt[]
} {
  const reader = new Reader(samples)
  const fields = new FetchedFields(samples.all)
  if (source !== undefined) reader.fetch(source, fields, samples.all)
  if (root !== undefined) reader.node(root, fields, samples.all)
  reader.parts(deferred, fields, samples.all)
  return { fields, conflicts: reader.conflicts, fetches: reader.fetches }
}

export function argumentsOf({ arguments: given = [] }: FieldNode): ReadonlyMap<string, ValueNode> {
  return new Map(given.map(({ name, value }) => [name.value, value]))
}

class Reader {
  readonly conflicts: string[] = []
  readonly fetches: FetchAt[] = []
  readonly #samples: ConditionSamples

  constructor(samples: ConditionSamples) {
    this.#samples = samples
  }

  parts(parts: readonly DeferredPart[], at: FetchedFields, when: Samples): void {
    for (const { root, deferred } of parts) {
      if (root !== undefined) this.node(root, at, when)
      this.parts(deferred, at, when)
    }
  }

  node(node: PlanNode, at: FetchedFields, when: Samples): void {
    switch (node.kind) {
      case 'Fetch':
        this.fetch(node, at, when)
        return
      case 'Flatten': {
        const keys = node.path.map(String).filter(step => step !== '@' && !step.startsWith('... on '))
        this.node(
          node.node,
          keys.reduce((place, key) => place.below(key), at),
          when,
        )
        return
      }
      case 'Sequence':
      case 'Parallel':
        for (const inner of node.nodes) this.node(inner, at, when)
        return
      case 'Condition': {
        const met = this.#samples.of(node.condition, true)
        if (node.ifClause !== undefined) this.node(node.ifClause, at, when & met)
        if (node.elseClause !== undefined) this.node(node.elseClause, at, when & this.#samples.not(met))
        return
      }
      default:
        unreachable(node)
    }
  }

  fetch(node: FetchNode, at: FetchedFields, when: Samples): void {
    this.fetches.push({ node, at })
    at.require(node.requires ?? [])
    const names = renamedKeys(node.outputRewrites)
    const fragments = new Map<string, FragmentDefinitionNode>()
    const { definitions } = parse(node.operation, { noLocation: true })
    for (const each of definitions)
      if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each)
    for (const each of definitions) {
      if (each.kind !== Kind.OPERATION_DEFINITION) continue
      const [first] = each.selectionSet.selections
      const entities = first?.kind === Kind.FIELD && first.name.value === '_entities' ? first : undefined
      const scope = { names, fragments, type: '', asked: new Map<string, string>() }
      const asked = when & at.present & this.#samples.with(entities?.directives)
      this.#selections(entities?.selectionSet ?? each.selectionSet, at, asked, scope, retypedOf(node))
    }
  }

  /** `asked`: what the selections of this object ask for under each response name, by type; no type is whatever it is. */
  #selections(
    set: SelectionSetNode,
    at: FetchedFields,
    around: Samples,
    scope: {
      readonly names: ReadonlyMap<string, string>
      readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
      readonly type: string
      readonly asked: Map<string, string>
    },
    of?: ReadonlySet<string>,
    within?: ReadonlySet<string>,
  ): void {
    for (const selection of set.selections) {
      const when = around & this.#samples.with(selection.directives)
      if (selection.kind === Kind.FIELD) {
        const sent = (selection.alias ?? selection.name).value
        const args = argumentsOf(selection)
        const text = [selection.name.value, ...(selection.arguments ?? []).map(print).toSorted()].join()
        for (const type of new Set([scope.type, ''])) {
          if ((scope.asked.get(`${type}.${sent}`) ?? text) !== text) this.conflicts.push(sent)
        }
        scope.asked.set(`${scope.type}.${sent}`, text)
        const key = scope.names.get(sent) ?? sent
        const leaf = selection.selectionSet === undefined
        at.add(key, { name: selection.name.value, args, when, of, within, leaf })
        if (selection.selectionSet !== undefined) {
          const inner = { ...scope, type: '', asked: new Map<string, string>() }
          this.#selections(selection.selectionSet, at.below(key), when, inner, undefined, within ?? of)
        }
        continue
      }
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : scope.fragments.get(selection.name.value)
      const type = fragment?.typeCondition?.name.value ?? scope.type
      if (fragment !== undefined) {
        this.#selections(fragment.selectionSet, at, when, { ...scope, type }, of, within)
      }
    }
  }
}

/** The types of the objects that a fetch sends under another type's name; undefined when it sends them as they are. */
function retypedOf({ requires = [], inputRewrites = [] }: FetchNode): ReadonlySet<string> | undefined {
  const isRetyped = inputRewrites.some(
    ({ kind, path }) => kind === 'ValueSetter' && path.at(-1) === '__typename',
  )
  if (!isRetyped || requires.length === 0) return undefined
  return new Set(requires.flatMap(each => (each.kind === 'InlineFragment' ? (each.typeCondition ?? []) : [])))
}

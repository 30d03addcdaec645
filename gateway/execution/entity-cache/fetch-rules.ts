import { hash } from 'node:crypto'
import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  print,
} from 'graphql'
import type {
  DocumentNode,
  FieldNode,
  GraphQLNamedType,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql'
import type { FetchNode } from '../../planning/plan.ts'
import type { CacheHint } from '../../supergraph/cache-hints.ts'
import type { Supergraph } from '../../supergraph/supergraph-facts.ts'

/** How long something may be kept, and whose it is. */
export interface KeepRule {
  /** Milliseconds; 0: not at all. */
  readonly maxAgeMs: number
  readonly isPrivate: boolean
}

/** What is known of a fetch before it is asked. */
export interface FetchRules {
  /** The same for fetches that ask one subgraph of one supergraph for the same fields, whatever operation they are of. */
  readonly id: string
  /** Names of types whose objects may be in what it brings. */
  readonly types: readonly string[]
  /** Of a fetch of entities: those of objects that may be below an entity. */
  readonly nested: readonly string[]
  /** By `@cacheControl`: of the whole answer, or of an entity of `type`. */
  rule(type: string | undefined): KeepRule
}

const known = new WeakMap<FetchNode, FetchRules>()

/** A fetch belongs to one plan, and so to one supergraph. */
export function rulesOf(node: FetchNode, supergraph: Supergraph): FetchRules {
  const found = known.get(node)
  if (found !== undefined) return found
  const made = readRules(node, supergraph)
  known.set(node, made)
  return made
}

/**
 * The types that mutations of a fetch may have written: what their fields answer, what stands in that, and what was selected. Undefined: it
 * cannot be said, since there is no entity among them.
 */
export function writtenTypes(node: FetchNode, supergraph: Supergraph): readonly string[] | undefined {
  const { apiSchema, caching } = supergraph
  const types = new Set<string>()
  const add = (type: GraphQLNamedType | undefined): void => {
    for (const each of withMembers(type, supergraph)) types.add(each)
  }
  const operation = operationIn(parse(node.operation))
  const root = apiSchema.getMutationType()
  for (const { name } of fieldsOf(operation.selectionSet)) {
    const field = root?.getFields()[name.value]
    const answered = field && getNamedType(field.type)
    add(answered)
    if (!isObjectType(answered)) continue
    for (const { type } of Object.values(answered.getFields())) {
      const inner = getNamedType(type)
      if (isCompositeType(inner)) add(inner)
    }
  }
  if (root) for (const type of selectedTypes(operation.selectionSet, root.name, supergraph)) types.add(type)
  return [...types].some(type => caching.entities.has(type)) ? [...types] : undefined
}

function readRules(node: FetchNode, supergraph: Supergraph): FetchRules {
  const document = parse(node.operation)
  const operation = operationIn(document)
  const { selectionSet } = operation
  // Named after the client's operation, which says nothing of what is asked.
  const { name: _, ...nameless } = operation
  const texts = document.definitions.map(each => print(each === operation ? nameless : each))
  const id = hash('sha256', JSON.stringify([supergraph.hash, node.serviceName, ...texts]), 'base64url')
  const root = supergraph.apiSchema.getQueryType()?.name ?? 'Query'
  const ofEntities = node.requires !== undefined
  const inner = ofEntities ? (fieldsOf(selectionSet)[0]?.selectionSet ?? selectionSet) : selectionSet
  const rules = new Map<string | undefined, KeepRule>()
  return {
    id,
    types: [...selectedTypes(inner, ofEntities ? undefined : root, supergraph)],
    nested: ofEntities ? [...nestedTypes(inner, undefined, supergraph)] : [],
    rule(type) {
      let rule = rules.get(type)
      if (rule === undefined) {
        const measure = new Measure(supergraph)
        if (type !== undefined) measure.entity(type)
        measure.selections(inner, type ?? root, type === undefined)
        rules.set(type, (rule = measure.rule))
      }
      return rule
    },
  }
}

/** Takes the smallest age of everything that is looked at. */
class Measure {
  readonly #supergraph: Supergraph
  #maxAge = Infinity
  #isPrivate = false

  constructor(supergraph: Supergraph) {
    this.#supergraph = supergraph
  }

  get rule(): KeepRule {
    return { maxAgeMs: this.#maxAge === Infinity ? 0 : this.#maxAge * 1_000, isPrivate: this.#isPrivate }
  }

  /** An entity stands where a root field would: what its type does not say is 0. */
  entity(type: string): void {
    const hint = this.#supergraph.caching.hints.get(type)
    this.#restrict(hint?.maxAge ?? 0, hint?.scope)
  }

  selections(set: SelectionSetNode, type: string, isRoot: boolean): void {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) this.#field(selection, type, isRoot)
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value ?? type
        const { overlap } = this.#supergraph
        if (type !== condition && !overlap.overlaps(type, condition)) continue
        this.selections(selection.selectionSet, overlap.isObject(type) ? type : condition, isRoot)
      } else this.#restrict(0, undefined)
    }
  }

  #field({ name, selectionSet }: FieldNode, parent: string, isRoot: boolean): void {
    if (name.value === '__typename') return
    const { apiSchema, caching } = this.#supergraph
    const type = apiSchema.getType(parent)
    // Whose field it is is known when there is an object: the strictest of all that it may be.
    const owners = isAbstractType(type) ? apiSchema.getPossibleTypes(type).map(each => each.name) : [parent]
    for (const owner of owners) {
      const answered = answeredBy(apiSchema.getType(owner), name.value)
      const ofType = selectionSet && answered && caching.hints.get(answered.name)
      this.#one(ofType, caching.hints.get(`${owner}.${name.value}`), selectionSet !== undefined, isRoot)
    }
    if (selectionSet === undefined) return
    const answered = answeredBy(type, name.value)
    if (answered === undefined) this.#restrict(0, undefined)
    else this.selections(selectionSet, answered.name, false)
  }

  /** As the plugin of Apollo Server has it: a field's own hint wins over that of its type, and what says nothing is 0. */
  #one(
    ofType: CacheHint | undefined,
    ofField: CacheHint | undefined,
    isComposite: boolean,
    isRoot: boolean,
  ): void {
    const inherits =
      ofType?.inheritMaxAge === true || (ofField?.inheritMaxAge === true && ofType?.maxAge === undefined)
    const maxAge = ofField?.inheritMaxAge === true ? ofType?.maxAge : (ofField?.maxAge ?? ofType?.maxAge)
    const scope = ofField?.scope ?? ofType?.scope
    this.#restrict(maxAge ?? ((isComposite && !inherits) || isRoot ? 0 : undefined), scope)
  }

  #restrict(maxAge: number | undefined, scope: CacheHint['scope']): void {
    if (maxAge !== undefined) this.#maxAge = Math.min(this.#maxAge, maxAge)
    if (scope === 'PRIVATE') this.#isPrivate = true
  }
}

/** Names of all types of which objects are selected, those that they may be included. */
function selectedTypes(
  set: SelectionSetNode,
  parent: string | undefined,
  supergraph: Supergraph,
  found = new Set<string>(),
): ReadonlySet<string> {
  const { apiSchema } = supergraph
  const note = (type: GraphQLNamedType | undefined): void => {
    for (const each of withMembers(type, supergraph)) found.add(each)
  }
  for (const selection of set.selections) {
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const condition = selection.typeCondition?.name.value
      if (condition !== undefined) note(apiSchema.getType(condition))
      selectedTypes(selection.selectionSet, condition ?? parent, supergraph, found)
    }
    if (selection.kind === Kind.FRAGMENT_SPREAD) found.add(unknownType)
    if (selection.kind !== Kind.FIELD || selection.selectionSet === undefined) continue
    const answered =
      parent === undefined ? undefined : answeredBy(apiSchema.getType(parent), selection.name.value)
    if (answered === undefined) found.add(unknownType)
    note(answered)
    selectedTypes(selection.selectionSet, answered?.name, supergraph, found)
  }
  return found
}

/** The same of what is below the fields of `set` only. */
function nestedTypes(
  set: SelectionSetNode,
  parent: string | undefined,
  supergraph: Supergraph,
  found = new Set<string>(),
): ReadonlySet<string> {
  for (const selection of set.selections) {
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      nestedTypes(selection.selectionSet, selection.typeCondition?.name.value ?? parent, supergraph, found)
    } else {
      for (const type of selectedTypes({ ...set, selections: [selection] }, parent, supergraph))
        found.add(type)
    }
  }
  return found
}

/** The type of a field's values. Undefined: clients do not see the field. */
function answeredBy(type: GraphQLNamedType | undefined, field: string): GraphQLNamedType | undefined {
  const found = isObjectType(type) || isInterfaceType(type) ? type.getFields()[field] : undefined
  return found && getNamedType(found.type)
}

/** Stands for a type that clients do not see. */
export const unknownType = '*'

function withMembers(type: GraphQLNamedType | undefined, { apiSchema }: Supergraph): Iterable<string> {
  if (type === undefined) return []
  if (!isAbstractType(type)) return [type.name]
  return [type.name, ...apiSchema.getPossibleTypes(type).map(({ name }) => name)]
}

function fieldsOf({ selections }: SelectionSetNode): readonly FieldNode[] {
  return selections.flatMap(each => {
    if (each.kind === Kind.FIELD) return [each]
    return each.kind === Kind.INLINE_FRAGMENT ? fieldsOf(each.selectionSet) : []
  })
}

function operationIn({ definitions }: DocumentNode): OperationDefinitionNode {
  const found = definitions.find(each => each.kind === Kind.OPERATION_DEFINITION)
  if (found === undefined) throw new Error('a fetch without an operation')
  return found
}

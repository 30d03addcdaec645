import {
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import type { GraphQLLeafType, GraphQLOutputType, GraphQLSchema } from 'graphql'
import type { Refusals } from '../operation/access.ts'
import type { AccessRequirement } from '../supergraph/access-rules.ts'
import { accessError } from './access-error.ts'
import type { Failure, Failures } from './failures.ts'
import type { DeferredFragment, FieldsType, Selections, ShapeField } from './shape.ts'
import type { Path } from './target.ts'
import { isTree, own, put } from './tree.ts'
import type { Tree } from './tree.ts'

/** The end of a path, so that no path is built unless there is an error. */
interface Place {
  readonly step: string | number
  readonly outer: Place | undefined
}

/** An object of which a fragment is deferred. */
export interface DeferredObject {
  readonly type: FieldsType
  readonly fragment: DeferredFragment
  readonly tree: Tree
  /** In the names of the plan. */
  readonly path: Path
}

/** Stands for a null that its place does not allow: the place around it becomes null instead. */
const impossible = Symbol('impossible')

/**
 * Makes the client's answer out of the merged tree: what was asked, in the order it was asked, in types the API schema
 * allows; a null where none may stand makes the nearest place null that may be (specification, 6.4.4). Answers null when
 * that place is the whole answer. Every null that is not the data's own has an error in `failures`.
 */
export class Completion {
  readonly #schema: GraphQLSchema
  readonly #failures: Failures
  readonly #refusals: Refusals | undefined
  readonly #deferred: (found: DeferredObject) => void

  /**
   * @param refusals What whoever asks may not see: null, with an error.
   * @param deferred Told each object of which something is deferred, whether or not it will stand in the answer.
   */
  constructor(
    schema: GraphQLSchema,
    failures: Failures,
    refusals?: Refusals,
    deferred: (found: DeferredObject) => void = () => undefined,
  ) {
    this.#schema = schema
    this.#failures = failures
    this.#refusals = refusals
    this.#deferred = deferred
  }

  /** What was deferred of an object; null when a null inside it may not be. */
  part({ type, fragment, tree, path }: DeferredObject, introspected?: Readonly<Tree>): Tree | null {
    const place = path.reduce<Place | undefined>((outer, step) => ({ step, outer }), undefined)
    const data = this.#object(type, fragment.selections, tree, place, introspected)
    return data === impossible ? null : data
  }

  root(type: FieldsType, selections: Selections, tree: Tree, introspected: Readonly<Tree>): Tree | null {
    const data = this.#object(type, selections, tree, undefined, introspected)
    return data === impossible ? null : data
  }

  #object(
    type: FieldsType,
    selections: Selections,
    tree: Tree,
    outer: Place | undefined,
    introspected?: Readonly<Tree>,
  ): Tree | typeof impossible {
    const result: Tree = {}
    let possible = true
    for (const field of selections.of(type)) {
      const place = { step: field.key, outer }
      const value = this.#failsWithAnother(field, tree, place, selections.of(type))
        ? impossible
        : this.#field(type, field, tree, place, introspected)
      if (value === impossible) possible = false
      else put(result, field.name, value)
    }
    for (const fragment of selections.deferredOf(type)) {
      this.#deferred({ type, fragment, tree, path: pathOf(outer) })
    }
    return possible ? result : impossible
  }

  /**
   * Is the field missing because another one of this object, which the client asked for and which must not be null, has
   * failed inside the same answer of a subgraph? The object becomes null by that error; this field has none of its own.
   */
  #failsWithAnother(field: ShapeField, tree: Tree, place: Place, siblings: readonly ShapeField[]): boolean {
    if (field.definition === undefined || Object.hasOwn(tree, field.key)) return false
    const reasons = this.#failures.reasonsFor(tree, field.key)
    if (reasons.length === 0) return false
    const around = pathOf(place).slice(0, -1)
    const origins = new Set(reasons.map(reason => this.#failures.originIn(reason, around)))
    return siblings.some(
      ({ key, definition }) =>
        origins.has(key) &&
        key !== field.key &&
        definition !== undefined &&
        isNonNullType(definition.type) &&
        !Object.hasOwn(tree, key),
    )
  }

  #field(
    type: FieldsType,
    field: ShapeField,
    tree: Tree,
    place: Place,
    introspected: Readonly<Tree> | undefined,
  ): unknown {
    const { key, definition, nodes } = field
    if (definition === undefined) {
      if (nodes[0].name.value !== '__typename')
        return introspected === undefined ? null : own(introspected, key)
      // An interface here is one that could not be told apart: the fetch that would have told failed.
      return isInterfaceType(type) ? this.#forbidden(tree, key, place, `${type.name}.__typename`) : type.name
    }
    const refused = this.#refusals?.ofField(type.name, definition.name, getNamedType(definition.type).name)
    if (refused !== undefined) {
      this.#refuse(refused, place)
      return isNonNullType(definition.type) ? impossible : null
    }
    const value = own(tree, key)
    if (value !== undefined && value !== null) {
      const coordinate = `${type.name}.${definition.name}`
      return this.#value(definition.type, field.selections, value, place, coordinate)
    }
    if (isNonNullType(definition.type)) {
      return this.#forbidden(tree, key, place, `${type.name}.${definition.name}`)
    }
    if (value === undefined) this.#explain(tree, key, place)
    return null
  }

  /** A null, or nothing, where the schema allows none. */
  #forbidden(tree: Tree, key: string, place: Place, coordinate: string): typeof impossible {
    if (!this.#explain(tree, key, place)) this.#nonNull(place, coordinate)
    return impossible
  }

  #nonNull(place: Place, coordinate: string): void {
    const message = `Cannot return null for non-nullable field ${coordinate}.`
    this.#failures.addFound({ message, extensions: { code: 'SUBGRAPH_BAD_ANSWER' } }, pathOf(place))
  }

  /** Tells why `key` of `tree` is missing, when that is known and not told yet. Answers whether it is known. */
  #explain(tree: Tree, key: string, place: Place): boolean {
    const path = pathOf(place)
    if (this.#failures.explains(path)) return true
    const reason = this.#failures.reasonFor(tree, key)
    if (reason !== undefined) this.#failures.add(reason, path)
    return reason !== undefined
  }

  #refuse(requirement: AccessRequirement, place: Place): void {
    this.#failures.add(accessError(requirement, this.#refusals?.authenticated === true), pathOf(place))
  }

  #report(place: Place, message: string): void {
    const failure: Failure = { message, extensions: { code: 'SUBGRAPH_BAD_ANSWER' } }
    this.#failures.add(failure, pathOf(place))
  }

  #value(
    type: GraphQLOutputType,
    selections: Selections,
    value: unknown,
    place: Place,
    coordinate: string,
  ): unknown {
    if (isNonNullType(type)) {
      const inner = this.#value(type.ofType, selections, value, place, coordinate)
      if (inner !== null) return inner
      if (!this.#failures.explains(pathOf(place))) this.#nonNull(place, coordinate)
      return impossible
    }
    if (value === null || value === undefined) return null
    if (isListType(type)) return this.#list(type.ofType, selections, value, place, coordinate)
    if (isLeafType(type)) return this.#leaf(type, value, place, coordinate)
    if (!isTree(value)) {
      this.#report(place, `A subgraph answered a value that ${coordinate} cannot have.`)
      return null
    }
    const fieldsType = isAbstractType(type) ? this.#runtimeType(type.name, value) : type
    if (fieldsType === undefined) {
      if (!this.#failures.explains(pathOf(place))) {
        this.#report(place, `A subgraph answered an object of a type that ${coordinate} cannot have.`)
      }
      return null
    }
    const refused = this.#refusals?.ofType(fieldsType.name)
    if (refused !== undefined) {
      this.#refuse(refused, place)
      return null
    }
    // Fragments on object types were left out: that is a loss to tell of, if a failure is the reason.
    if (isInterfaceType(fieldsType) && selections.leavesOut(fieldsType)) {
      if (this.#emptiedBelow(fieldsType, selections, value, place)) return null
      this.#explain(value, '__typename', place)
    }
    const object = this.#object(fieldsType, selections, value, place)
    return object === impossible ? null : object
  }

  /**
   * Is the object's type not known because a field of it that must not be null failed, so that the subgraph that knows its
   * type answered null for all of it? Then it is null here as well.
   */
  #emptiedBelow(type: FieldsType, selections: Selections, tree: Tree, place: Place): boolean {
    const reason = this.#failures.reasonFor(tree, '__typename')
    const origin = reason && this.#failures.originIn(reason, pathOf(place))
    if (origin === undefined || !isInterfaceType(type)) return false
    return this.#schema
      .getPossibleTypes(type)
      .flatMap(possible => selections.of(possible))
      .some(({ key, definition }) => key === origin && isNonNullType(definition?.type))
  }

  #list(
    itemType: GraphQLOutputType,
    selections: Selections,
    value: unknown,
    place: Place,
    coordinate: string,
  ): unknown {
    if (!Array.isArray(value)) {
      this.#report(place, `A subgraph answered a value that is no list for ${coordinate}.`)
      return null
    }
    const items: unknown[] = []
    let possible = true
    for (const [index, item] of value.entries()) {
      const completed = this.#value(itemType, selections, item, { step: index, outer: place }, coordinate)
      if (completed === impossible) possible = false
      items.push(completed)
    }
    return possible ? items : null
  }

  #leaf(type: GraphQLLeafType, value: unknown, place: Place, coordinate: string): unknown {
    try {
      const serialized: unknown = type.serialize(value)
      if (serialized !== undefined && serialized !== null) return serialized
    } catch {
      // graphql-js's message holds the value, which may be one that clients must not see.
    }
    this.#report(place, `A subgraph answered a value that ${coordinate} cannot have.`)
    return null
  }

  /** The type whose fields `tree` has; the interface itself when no subgraph had to say more. */
  #runtimeType(abstract: string, tree: Tree): FieldsType | undefined {
    const name = own(tree, '__typename')
    const type = this.#schema.getType(abstract)
    const found = typeof name === 'string' ? this.#schema.getType(name) : type
    if (type === undefined || !isAbstractType(type)) return undefined
    if (isObjectType(found)) return this.#schema.isSubType(type, found) ? found : undefined
    if (!isInterfaceType(found)) return undefined
    return found.name === abstract || this.#schema.isSubType(type, found) ? found : undefined
  }
}

function pathOf(place: Place | undefined): Path {
  const path: (string | number)[] = []
  for (let at: Place | undefined = place; at !== undefined; at = at.outer) path.push(at.step)
  return path.reverse()
}

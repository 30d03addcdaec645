import { isOverridden } from '../../../gateway/planning/overrides.ts'

/**
 * A graph with its data and the subgraphs it is split into, as plain JSON: it can be saved, cut down and replayed without
 * the generator that made it. The data are functions of names, so that cutting one part leaves the others' values alone.
 */
export interface GraphModel {
  /** What the data are made from. */
  readonly seed: number
  readonly objects: readonly ObjectModel[]
  readonly interfaces: readonly InterfaceModel[]
  readonly unions: readonly UnionModel[]
}

/** An object type: an entity when it has keys, a value (or a root type) when it has none. */
export interface ObjectModel {
  readonly name: string
  readonly keys: readonly KeyModel[]
  readonly fields: readonly FieldModel[]
}

export interface KeyModel {
  /** A selection of fields: `id`, `code`, `id unit`, `tag { id }`. */
  readonly fields: string
  readonly homes: readonly { readonly subgraph: string; readonly resolvable: boolean }[]
}

export interface FieldModel {
  readonly name: string
  /** As SDL has it: `[Cat!]!`. */
  readonly type: string
  /** Object types that values of an interface or union have; every subgraph that answers the field knows them. */
  readonly of: readonly string[]
  readonly args: readonly ArgumentModel[]
  /** Percent of the places that may be null and are. */
  readonly nulls: number
  /** Percent of the objects whose field fails, or is null where it may not be. */
  readonly fails: number
  readonly inaccessible?: boolean
  /** @fromContext: an argument that clients do not see is taken from around. */
  readonly context?: FieldContext
  readonly homes: readonly FieldHome[]
}

/** The field `field` of the nearest object of `type` around; the subgraph that answers has both. */
export interface FieldContext {
  readonly type: string
  readonly field: string
  readonly argumentType: string
}

export interface ArgumentModel {
  readonly name: string
  readonly type: string
  readonly default?: string
}

/** A subgraph that declares a field, and as what. */
export interface FieldHome {
  readonly subgraph: string
  /**
   * `answers`: resolves it. `external`: declares it for a key, @requires or @provides. `overridden`: another has taken it
   * over, and what this one would answer is wrong.
   */
  readonly as: 'answers' | 'external' | 'overridden'
  /** @requires: the value follows from these fields of other subgraphs. */
  readonly requires?: string
  /** @provides: fields that this subgraph answers on the entity below this field, and nowhere else. */
  readonly provides?: string
  /** @override(from:). */
  readonly overrides?: string
  /** @override(label:): one of those that are active, or another. */
  readonly label?: string
}

export interface InterfaceModel {
  readonly name: string
  readonly members: readonly string[]
  /** Fields every member has, with the types and arguments they have there. */
  readonly fields: readonly string[]
  /** Subgraphs that declare it; each with those of `fields` that all of its members have there. */
  readonly homes: readonly string[]
  /** It has the key `id` in this subgraph, its only home, which declares every member. */
  readonly entityIn?: string
  /** Fields that other subgraphs add to all members as an @interfaceObject. */
  readonly added: readonly FieldModel[]
}

export interface UnionModel {
  readonly name: string
  readonly members: readonly string[]
  readonly homes: readonly string[]
}

/** The fields of an object type, those that it has from an @interfaceObject included. */
export function fieldsOf(model: GraphModel, object: ObjectModel): readonly FieldModel[] {
  const added = model.interfaces
    .filter(each => each.members.includes(object.name))
    .flatMap(each => each.added)
  return [...object.fields, ...added]
}

export function objectOf(model: GraphModel, name: string): ObjectModel {
  const found = model.objects.find(each => each.name === name)
  if (found === undefined) throw new Error(`no type ${name}`)
  return found
}

/** Every subgraph that anything lives in, in the order of their names. */
export function subgraphsOf(model: GraphModel): readonly string[] {
  const names = new Set<string>()
  for (const object of model.objects) {
    for (const key of object.keys) for (const { subgraph } of key.homes) names.add(subgraph)
    for (const field of object.fields) for (const { subgraph } of field.homes) names.add(subgraph)
  }
  for (const each of model.interfaces) {
    for (const subgraph of each.homes) names.add(subgraph)
    for (const field of each.added) for (const { subgraph } of field.homes) names.add(subgraph)
  }
  return [...names].sort()
}

/** The name of contexts, and of the arguments that are filled from them. */
export const contextName = 'around'

/** Is the field's `type` the context of anything that `subgraph` answers? */
export function isContextIn(model: GraphModel, type: string, subgraph: string): boolean {
  return model.objects.some(({ fields }) =>
    fields.some(field => field.context?.type === type && homeIn(field, subgraph) !== undefined),
  )
}

/** What every request says of labels. */
export const overrides = { active: ['beta'], percentile: 50 } as const

/** Is `home` the place of a field that labels have moved away, or not moved to yet? */
export function isPassedOver(field: FieldModel, { subgraph, as, label }: FieldHome): boolean {
  const moves = (name: string | undefined): boolean => name === undefined || isOverridden(name, overrides)
  if (as === 'overridden') return moves(field.homes.find(each => each.overrides === subgraph)?.label)
  return label !== undefined && !moves(label)
}

/** `Cat` of `[Cat!]!`. */
export function namedType(type: string): string {
  return type.replace(/[[\]!]/g, '')
}

/** The field as it stands in `subgraph`. */
export function homeIn(field: FieldModel, subgraph: string): FieldHome | undefined {
  return field.homes.find(home => home.subgraph === subgraph)
}

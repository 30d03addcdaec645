import { keyFields } from './data.ts'
import type {
  FieldHome,
  FieldModel,
  GraphModel,
  InterfaceModel,
  ObjectModel,
  UnionModel,
} from './graph-model.ts'
import { homeIn, namedType } from './graph-model.ts'
import type { Random } from './random.ts'

/** A model in the making. */
export type Drafted<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? Drafted<E>[] : T[K] }

export type DraftField = Drafted<FieldModel>
export type DraftObject = Drafted<ObjectModel>

/**
 * A graph in the making, kept such that it composes: whoever lets a subgraph answer a type has everything declared there
 * that the type cannot be without.
 */
export class Draft {
  readonly objects = new Map<string, DraftObject>()
  readonly interfaces: Drafted<InterfaceModel>[] = []
  readonly unions: Drafted<UnionModel>[] = []
  /** Types that may not stand in a subgraph, because it knows their interface as an @interfaceObject. */
  readonly #barred = new Map<string, ReadonlySet<string>>()
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  object(name: string): DraftObject {
    const known = this.objects.get(name)
    if (known !== undefined) return known
    const made: DraftObject = { name, keys: [], fields: [] }
    this.objects.set(name, made)
    return made
  }

  bar(subgraph: string, types: readonly string[]): void {
    this.#barred.set(subgraph, new Set([...(this.#barred.get(subgraph) ?? []), ...types]))
  }

  /** May `subgraph` come to know `type`? */
  admits(subgraph: string, type: string, seen: ReadonlySet<string> = new Set()): boolean {
    if (this.#barred.get(subgraph)?.has(type) === true) return false
    const object = this.objects.get(type)
    if (object === undefined || object.keys.length > 0 || seen.has(type)) return true
    const within = new Set([...seen, type])
    return object.fields.every(field =>
      this.#possible(field).every(each => this.admits(subgraph, each, within)),
    )
  }

  /** Lets `subgraph` know `type`: an entity by one of its keys at least, a value with everything it has. */
  ensure(subgraph: string, type: string): void {
    const object = this.objects.get(type)
    if (object === undefined || this.homesOf(object).has(subgraph)) return
    if (object.keys.length > 0) this.addKey(object, this.#random.pick(object.keys).fields, subgraph)
    else for (const field of object.fields) this.answerIn(field, subgraph)
  }

  /** Lets `subgraph` answer `field`, and know every type it answers. */
  answerIn(field: DraftField, subgraph: string, more: Partial<FieldHome> = {}): void {
    if (homeIn(field, subgraph) !== undefined) return
    field.homes.push({ subgraph, as: 'answers', ...more })
    this.knowTypesOf(field, subgraph)
  }

  knowTypesOf(field: DraftField, subgraph: string): void {
    const type = namedType(field.type)
    if (this.objects.has(type)) this.ensure(subgraph, type)
    const isInterfaceObject = this.interfaces.some(
      ({ name, added }) => name === type && added.some(each => homeIn(each, subgraph) !== undefined),
    )
    for (const abstract of [...this.interfaces, ...this.unions]) {
      if (abstract.name !== type || isInterfaceObject) continue
      if (!abstract.homes.includes(subgraph)) abstract.homes.push(subgraph)
      for (const member of field.of) this.ensure(subgraph, member)
    }
  }

  addKey(object: DraftObject, fields: string, subgraph: string): void {
    const key = object.keys.find(each => each.fields === fields) ?? { fields, homes: [] }
    if (!object.keys.includes(key)) object.keys.push(key)
    if (key.homes.some(home => home.subgraph === subgraph)) return
    key.homes.push({ subgraph, resolvable: true })
    for (const name of Object.keys(keyFields)) {
      if (new RegExp(`\\b${name}\\b`).test(fields.replace(/{.*}/, '')))
        this.#answerKey(object, name, subgraph)
    }
  }

  homesOf(object: DraftObject): ReadonlySet<string> {
    const keys = object.keys.flatMap(({ homes }) => homes)
    return new Set([...keys, ...object.fields.flatMap(({ homes }) => homes)].map(({ subgraph }) => subgraph))
  }

  finished(seed: number): GraphModel {
    this.#shareInterfaceFields()
    for (const object of this.objects.values()) this.#closeSomeDoors(object)
    const objects = [...this.objects.values()].filter(object => this.homesOf(object).size > 0)
    const names = new Set(objects.map(({ name }) => name))
    const used = (abstract: { readonly members: string[]; readonly homes: string[] }): boolean =>
      abstract.homes.length > 0 && abstract.members.some(member => names.has(member))
    // The draft's mutable parts are not used any more.
    const model = {
      seed,
      objects,
      interfaces: this.interfaces.filter(used),
      unions: this.unions.filter(used),
    }
    return structuredClone(model) as GraphModel
  }

  #possible(field: DraftField): readonly string[] {
    return [namedType(field.type), ...field.of]
  }

  #answerKey(object: DraftObject, name: string, subgraph: string): void {
    // `name` is one of keyFields, whose types do not depend on the object.
    const { type } = keyFields[name as keyof typeof keyFields]
    let field = object.fields.find(each => each.name === name)
    if (field === undefined) {
      const inaccessible = name !== 'id' && this.#random.chance(25)
      field = {
        name,
        type,
        of: name === 'tag' ? ['Tag'] : [],
        args: [],
        nulls: 0,
        fails: 0,
        homes: [],
        inaccessible,
      }
      object.fields.push(field)
    }
    this.answerIn(field, subgraph)
  }

  /** An interface has a field wherever it is declared: the members' ids, when they have nothing else in common there. */
  #shareInterfaceFields(): void {
    for (const { fields, members, homes } of this.interfaces) {
      for (const subgraph of homes) {
        const present = members
          .map(name => this.object(name))
          .filter(each => this.homesOf(each).has(subgraph))
        const common = fields.filter(name =>
          present.every(each =>
            each.fields.some(field => field.name === name && homeIn(field, subgraph)?.as === 'answers'),
          ),
        )
        if (common.length === 0) for (const each of present) this.addKey(each, 'id', subgraph)
      }
    }
  }

  /** A subgraph that knows nothing but keys of an entity may not be able to resolve it. */
  #closeSomeDoors(object: DraftObject): void {
    for (const subgraph of this.homesOf(object)) {
      const knowsMore = object.fields.some(
        ({ name, homes }) => !(name in keyFields) && homes.some(each => each.subgraph === subgraph),
      )
      const keys = object.keys.flatMap(({ homes }) => homes.filter(home => home.subgraph === subgraph))
      const hub = keys.length === object.keys.length && object.keys.length > 1
      if (knowsMore || hub || this.interfaces.some(each => each.entityIn === subgraph)) continue
      for (const key of keys) if (this.#random.chance(40)) key.resolvable = false
    }
  }
}

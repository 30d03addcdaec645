import { Draft } from './draft.ts'
import type { DraftField, DraftObject } from './draft.ts'
import { namedType } from './graph-model.ts'
import type { GraphModel } from './graph-model.ts'
import { addContext } from './random-contexts.ts'
import { addNestedProvides } from './random-nested-provides.ts'
import { randomArguments } from './random-arguments.ts'
import { addDirectives } from './random-directives.ts'
import { Random } from './random.ts'

/** A graph split into two to four subgraphs, the same for the same seed. Nearly all of them compose. */
export function randomModel(seed: number): GraphModel {
  return new Maker(new Random(seed)).make(seed)
}

const wrappers = ['T', 'T', 'T!', '[T]', '[T!]', '[T]!', '[T!]!', '[[T]]', '[[T!]!]']
const scalars = ['String', 'Int', 'Float', 'Boolean', 'ID', 'Color', 'Json']
const lateSalt = 0x5eed
const optionalKeys = ['code', 'id unit', 'tag { id }', 'code unit']

class Maker {
  readonly #random: Random
  readonly #draft: Draft
  readonly #subgraphs: readonly string[]
  readonly #entities: readonly string[]
  readonly #values: readonly string[]
  #fields = 0

  constructor(random: Random) {
    this.#random = random
    this.#draft = new Draft(random)
    this.#subgraphs = ['a', 'b', 'c', 'd'].slice(0, 2 + random.below(3))
    this.#entities = ['User', 'Post', 'Cat', 'Dog'].slice(0, 1 + random.below(4))
    this.#values = ['Size', 'Place'].slice(0, random.below(3))
  }

  make(seed: number): GraphModel {
    for (const name of ['Query', 'Tag', ...this.#values, ...this.#entities]) this.#draft.object(name)
    this.#draft.object('Tag').fields.push(this.#plain('id', 'ID!'))
    for (const name of this.#entities) this.#addKeys(this.#draft.object(name))
    if (this.#values.length > 0 && this.#random.chance(40)) this.#addInterface('Shape', this.#values)
    for (const name of this.#values) this.#addValueFields(this.#draft.object(name))
    this.#addAbstractTypes()
    for (const name of this.#entities) this.#addFields(this.#draft.object(name), 1 + this.#random.below(4))
    this.#addRoots()
    addDirectives(this.#draft, this.#random)
    // What graphs of older seeds are made of stays as it was.
    const late = new Random(seed ^ lateSalt)
    if (late.chance(15)) addContext(this.#draft, late, this.#subgraphs)
    addNestedProvides(this.#draft, late)
    return this.#draft.finished(seed)
  }

  /** One subgraph has all keys of an entity, so that there is a way from each of its subgraphs to each other. */
  #addKeys(object: DraftObject): void {
    const keys = ['id', ...this.#random.some(optionalKeys, 0, 2)]
    const hub = this.#random.pick(this.#subgraphs)
    for (const fields of keys) this.#draft.addKey(object, fields, hub)
    for (const subgraph of this.#subgraphs) {
      if (!this.#random.chance(60)) continue
      for (const fields of this.#random.some(keys, 1, 2)) this.#draft.addKey(object, fields, subgraph)
    }
  }

  #addAbstractTypes(): void {
    const members = this.#random.some(this.#entities, 1, 3)
    if (this.#random.chance(35)) this.#addEntityInterface(members)
    else if (this.#random.chance(60)) this.#addInterface('Named', members)
    if (this.#random.chance(50)) {
      const either = this.#random.some([...this.#entities, ...this.#values], 1, 3)
      this.#draft.unions.push({ name: 'Either', members: [...either], homes: [] })
    }
  }

  #addInterface(name: string, members: readonly string[]): void {
    const fields: string[] = []
    for (let count = 1 + this.#random.below(2); count > 0; count--) {
      const common = this.#field(this.#random.pick(scalars))
      fields.push(common.name)
      for (const member of members) {
        const object = this.#draft.object(member)
        const own = { ...structuredClone(common), fails: this.#failing() }
        object.fields.push(own)
        if (object.keys.length > 0)
          this.#draft.answerIn(own, this.#random.pick([...this.#draft.homesOf(object)]))
      }
    }
    const ofEntities = members.every(member => this.#draft.object(member).keys.length > 0)
    this.#draft.interfaces.push({
      name,
      members: [...members],
      fields: ofEntities ? ['id', ...fields] : fields,
      homes: [],
      added: [],
    })
  }

  /** An interface with a key, and a subgraph `z` that adds fields to it as an @interfaceObject. */
  #addEntityInterface(members: readonly string[]): void {
    const owner = this.#random.pick(this.#subgraphs)
    this.#addInterface('Named', members)
    const named = this.#draft.interfaces.at(-1)
    if (named === undefined) return
    for (const member of members) this.#draft.addKey(this.#draft.object(member), 'id', owner)
    named.homes.push(owner)
    named.entityIn = owner
    this.#draft.bar('z', members)
    for (let count = 1 + this.#random.below(2); count > 0; count--) {
      const added = this.#typed('z')
      named.added.push(added)
      added.homes.push({ subgraph: 'z', as: 'answers' })
      this.#draft.knowTypesOf(added, 'z')
    }
    for (let count = 1 + this.#random.below(2); count > 0; count--) {
      const root = this.#field(this.#random.pick(wrappers).replace('T', 'Named'), members)
      this.#draft.object('Query').fields.push(root)
      this.#draft.answerIn(root, 'z')
    }
  }

  #addValueFields(object: DraftObject): void {
    // A @requires can read every value.
    object.fields.push(this.#plain(`f${this.#fields++}`, this.#random.pick(scalars)))
    for (let count = 1 + this.#random.below(3); count > 0; count--) object.fields.push(this.#typed(undefined))
  }

  #addFields(object: DraftObject, count: number): void {
    const homes = [...this.#draft.homesOf(object)]
    for (let left = count; left > 0; left--) {
      const home = this.#random.pick(homes)
      const field = this.#typed(home)
      object.fields.push(field)
      this.#draft.answerIn(field, home)
      const second = this.#random.pick(homes)
      if (this.#random.chance(15) && this.#admits(second, field)) this.#draft.answerIn(field, second)
    }
  }

  #addRoots(): void {
    const roots: [string, number][] = [['Query', 3 + this.#random.below(4)]]
    if (this.#random.chance(50)) roots.push(['Mutation', 2 + this.#random.below(3)])
    if (this.#random.chance(40)) roots.push(['Subscription', 1 + this.#random.below(2)])
    for (const [name, count] of roots) {
      const root = this.#draft.object(name)
      for (let left = count; left > 0; left--) {
        const field = this.#typed(this.#random.pick(this.#subgraphs), name === 'Subscription' ? 10 : 25)
        const home = this.#random.pick(this.#subgraphs.filter(each => this.#admits(each, field)))
        root.fields.push(field)
        this.#draft.answerIn(field, home)
        const second = this.#random.pick(this.#subgraphs)
        if (name === 'Query' && this.#random.chance(20)) this.#draft.answerIn(field, second)
      }
    }
  }

  #admits(subgraph: string, field: DraftField): boolean {
    return [namedType(field.type), ...field.of].every(type => this.#draft.admits(subgraph, type))
  }

  /** A field of any type that `subgraph` may know; undefined: every subgraph, since values stand anywhere. */
  #typed(subgraph: string | undefined, scalarPercent = 55): DraftField {
    const wrapper = this.#random.pick(wrappers)
    const wrapped = (type: string): string => wrapper.replace('T', type)
    if (this.#random.chance(scalarPercent)) return this.#field(wrapped(this.#random.pick(scalars)))
    // Values first, then entities: a value that holds a value of its own type would have no end.
    const candidates = subgraph === undefined ? this.#entities : [...this.#entities, ...this.#values]
    const fits = (type: string): boolean =>
      subgraph === undefined ? this.#draft.admits('z', type) : this.#draft.admits(subgraph, type)
    const abstract = [...this.#draft.interfaces, ...this.#draft.unions].filter(each =>
      each.members.every(fits),
    )
    if (abstract.length > 0 && subgraph !== undefined && this.#random.chance(40)) {
      const { name, members, ...rest } = this.#random.pick(abstract)
      const bound = 'entityIn' in rest && rest.entityIn !== undefined
      return this.#field(wrapped(name), bound ? members : this.#random.some(members, 1, members.length))
    }
    const objects = candidates.filter(fits)
    if (objects.length === 0) return this.#field(wrapped(this.#random.pick(scalars)))
    const object = this.#random.pick(objects)
    return this.#field(wrapped(object), [object])
  }

  #field(type: string, of: readonly string[] = []): DraftField {
    const args = randomArguments(this.#random)
    const made = this.#plain(`f${this.#fields++}`, type)
    return {
      ...made,
      of: [...of],
      args,
      nulls: this.#random.pick([0, 10, 30]),
      fails: this.#failing(),
    }
  }

  #plain(name: string, type: string): DraftField {
    return { name, type, of: [], args: [], nulls: 0, fails: 0, homes: [] }
  }

  #failing(): number {
    return this.#random.chance(15) ? 25 : 0
  }
}

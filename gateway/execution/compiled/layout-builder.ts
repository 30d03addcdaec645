import { isLeafType, isListType, isNonNullType } from 'graphql'
import type { GraphQLOutputType } from 'graphql'
import type { ShapeField } from '../shape.ts'
import type { FetchField, FlatFetch } from './flat-plan.ts'
import { withGeneratedScans } from './generated-scan.ts'
import type { Group, Item, Layout, NamedProgram, Origin, Program, Use } from './layout.ts'
import { isAt, leafScan } from './leaf-scan.ts'
import type { LeafScan } from './leaf-scan.ts'
import type { Position, SourcedField } from './position.ts'
import { Surprise, Uncompilable } from './uncompilable.ts'

/** A program with what tells it from others: equal keys, equal programs. */
interface Built {
  readonly program: Program
  readonly key: string
  /** What of it is asked for: the brackets with the fields; empty for a leaf. */
  readonly selection: string
}

/** A field with how it is asked for. */
export interface BuiltField {
  readonly name: string
  readonly key: string
  readonly selection: string
  readonly program: Program
}

/**
 * Makes layouts and groups out of positions. Positions that come to the same share their layout, and uses that ask for the
 * same in one request share their group, so that an entity that stands in many places is asked for and written once.
 */
export class LayoutBuilder {
  readonly groups: { readonly batch: number; readonly group: Group; readonly key: string }[] = []
  /** The group of each fetch of entities that brings something. */
  readonly groupOf = new Map<number, Group>()
  layouts = 0
  uses = 0
  readonly #fetches: readonly FlatFetch[]
  readonly #batchOf: readonly number[]
  readonly #layouts = new Map<string, Layout>()

  /** @param batchOf The batch of each fetch. */
  constructor(fetches: readonly FlatFetch[], batchOf: readonly number[]) {
    this.#fetches = fetches
    this.#batchOf = batchOf
  }

  /** How a field is asked for and scanned. */
  field({ asked, shape, child }: SourcedField): BuiltField {
    const built = this.#value(shape?.definition?.type, child)
    return {
      name: asked.key,
      key: `${selectionOf(asked)}=${built.key}`,
      selection: selectionOf(asked) + built.selection,
      program: built.program,
    }
  }

  #value(type: GraphQLOutputType | undefined, child: Position | undefined): Built {
    if (type === undefined)
      return { program: { kind: 'leaf', nullable: true, scan: leafScan(undefined) }, key: '?', selection: '' }
    const nullable = !isNonNullType(type)
    const inner = isNonNullType(type) ? type.ofType : type
    const mark = nullable ? '' : '!'
    if (isListType(inner)) {
      const item = this.#value(inner.ofType, child)
      return { ...item, program: { kind: 'list', nullable, item: item.program }, key: `[${item.key}]${mark}` }
    }
    if (isLeafType(inner)) {
      return {
        program: { kind: 'leaf', nullable, scan: leafScan(inner) },
        key: inner.name + mark,
        selection: '',
      }
    }
    if (child === undefined) throw new Uncompilable('objects without fields')
    return isTransparent(child) ? this.#object(child, nullable) : this.#place(child, nullable)
  }

  #object(position: Position, nullable: boolean): Built {
    if (position.shape.of(position.type).length === 0)
      throw new Uncompilable('objects of which nothing is wanted')
    const fields = position.shape
      .of(position.type)
      .map(shape =>
        shape.definition === undefined
          ? typenameField(shape, position.type.name)
          : this.field(ownField(position, shape)),
      )
    return {
      program: { kind: 'object', nullable, fields: named(fields) },
      key: `{${fields.map(({ key }) => key).join()}}${nullable ? '' : '!'}`,
      selection: `{${fields.map(({ selection }) => selection).join(' ')}}`,
    }
  }

  #place(position: Position, nullable: boolean): Built {
    const required = new Set([...position.completed].flatMap(fetch => this.#requires(fetch)))
    const shapes = position.shape.of(position.type)
    const wanted = [
      ...shapes.filter(({ definition }) => definition !== undefined).map(({ key }) => key),
      ...[...required].filter(key => !shapes.some(shape => shape.key === key)),
    ]
    const brought = new Map<number, string[]>()
    const own: string[] = []
    for (const key of wanted) {
      const field = fieldAt(position, key)
      if (field.fetch === position.creator) own.push(key)
      else {
        const batch = this.#batchOf[field.fetch] ?? -1
        brought.set(batch, [...(brought.get(batch) ?? []), key])
      }
    }
    if (own.length === 0) throw new Uncompilable('an object that nothing is known of')
    const slots = new Map<string, Origin>(own.map((key, index) => [key, { kind: 'own', index }]))
    const groups = [...brought].map(([batch, keys]) => this.#group(position, batch, keys))
    for (const [use, { keys }] of groups.entries()) {
      for (const [slot, key] of keys.entries()) slots.set(key, { kind: 'brought', use, slot })
    }
    const originOf = (key: string): Origin => {
      const origin = slots.get(key)
      if (origin === undefined) throw new Uncompilable(`"${key}" is not fetched`)
      return origin
    }
    const fields = own.map(key => this.field(fieldAt(position, key)))
    const requirements = groups.map(({ requires }) => requires.map(originOf))
    const items = shapes.map((shape, index): Item => ({
      literal: `${index === 0 ? '{' : ','}${JSON.stringify(shape.name)}:`,
      origin: shape.definition === undefined ? typename(shape, position.type.name) : originOf(shape.key),
      nullable: shape.definition === undefined || !isNonNullType(shape.definition.type),
    }))
    const facts = [fields.map(({ key }) => key), groups.map(({ group }) => group.id), requirements, items]
    const key = JSON.stringify(facts)
    const layout =
      this.#layouts.get(key) ??
      this.#layout(
        scanned(fields),
        groups.map(({ group }) => group),
        requirements,
        items,
      )
    this.#layouts.set(key, layout)
    return {
      program: { kind: 'place', nullable, layout },
      key: `#${layout.id}${nullable ? '' : '!'}`,
      selection: `{${fields.map(({ selection }) => selection).join(' ')}}`,
    }
  }

  #layout(
    own: readonly NamedProgram[],
    groups: readonly Group[],
    requirements: readonly (readonly Origin[])[],
    items: readonly Item[],
  ): Layout {
    const uses = groups.map((group, index): Use => ({
      id: this.uses++,
      index,
      group,
      requirements: requirements[index] ?? [],
    }))
    return { id: this.layouts++, own, uses, items }
  }

  /** The group that brings `keys` to the objects at a position. */
  #group(
    position: Position,
    batch: number,
    keys: readonly string[],
  ): {
    readonly group: Group
    readonly keys: readonly string[]
    readonly requires: readonly string[]
  } {
    const fetches = [...position.completed].filter(fetch => this.#batchOf[fetch] === batch)
    const requires = [...new Set(fetches.flatMap(fetch => this.#requires(fetch)))].sort()
    const sorted = keys.toSorted()
    const fields = sorted.map(key => this.field(fieldAt(position, key)))
    const type = position.type.name
    const key = JSON.stringify([type, requires, fields.map(field => field.key)])
    const known = this.groups.find(each => each.batch === batch && each.key === key)
    if (known !== undefined) {
      for (const fetch of fetches) this.groupOf.set(fetch, known.group)
      return { group: known.group, keys: sorted, requires }
    }
    const group: Group = {
      id: this.groups.length,
      literals: requires.map((name, index) =>
        index === 0 ? `{"__typename":"${type}","${name}":` : `,"${name}":`,
      ),
      fields: scanned(fields),
      selection: `{...on ${type}{${fields.map(({ selection }) => selection).join(' ')}}}`,
      type,
    }
    this.groups.push({ batch, group, key })
    for (const fetch of fetches) this.groupOf.set(fetch, group)
    return { group, keys: sorted, requires }
  }

  #requires(fetch: number): readonly string[] {
    return this.#fetches[fetch]?.entity?.requires ?? []
  }
}

/** Programs with what stands before them in an object. */
function named(fields: readonly BuiltField[]): readonly NamedProgram[] {
  return fields.map(({ name, program }, index) => ({
    literal: Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
    program,
  }))
}

/** The same, as they are scanned where they stand. */
export function scanned(fields: readonly BuiltField[]): readonly NamedProgram[] {
  return named(fields).map(field => ({ ...field, program: withGeneratedScans(field.program) }))
}

/** Can the object be written as it came? */
function isTransparent({ type, shape, completed }: Position): boolean {
  return completed.size === 0 && shape.of(type).every(({ key, name }) => key === name)
}

function ownField(position: Position, { key }: ShapeField): SourcedField {
  const field = fieldAt(position, key)
  if (field.fetch !== position.creator) throw new Uncompilable(`"${key}" comes from elsewhere`)
  return field
}

function fieldAt(position: Position, key: string): SourcedField {
  const field = position.fields.get(key)
  if (field === undefined) throw new Uncompilable(`"${key}" is not fetched`)
  return field
}

/** The name of an object's type, asked for so that the object can be taken as it is. */
function typenameField(shape: ShapeField, type: string): BuiltField {
  const { text } = typename(shape, type)
  const scan = constantScan(text)
  return {
    name: shape.key,
    key: `${shape.key}:__typename=${text}`,
    selection: shape.key === '__typename' ? shape.key : `${shape.key}:__typename`,
    program: { kind: 'leaf', nullable: false, scan },
  }
}

export function typename(
  { nodes }: ShapeField,
  type: string,
): { readonly kind: 'constant'; readonly text: string } {
  if (nodes[0].name.value !== '__typename') throw new Uncompilable('it asks for the schema')
  return { kind: 'constant', text: JSON.stringify(type) }
}

function constantScan(expected: string): LeafScan {
  return ({ bytes }, at) => {
    if (!isAt(bytes, expected, at)) throw new Surprise('an object of another type')
    return at + expected.length
  }
}

function selectionOf({ key, name, args }: FetchField): string {
  return (key === name ? name : `${key}:${name}`) + args
}

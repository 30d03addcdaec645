import { getNamedType, isLeafType, isObjectType } from 'graphql'
import type { GraphQLObjectType, GraphQLOutputType } from 'graphql'
import type { Selections, ShapeField } from '../shape.ts'
import type { FetchField, FlatFetch } from './flat-plan.ts'
import { Uncompilable } from './uncompilable.ts'

/** A field of an object of the answer, and which fetch brings it. */
export interface SourcedField {
  readonly fetch: number
  readonly asked: FetchField
  /** Undefined: the client did not ask for it. */
  readonly shape: ShapeField | undefined
  /** The objects it holds; undefined for a leaf. */
  readonly child: Position | undefined
}

/** All objects at one path of the answer. */
export interface Position {
  readonly type: GraphQLObjectType
  /** The fetch that brings these objects; the others complete them. -1: the root. */
  readonly creator: number
  readonly shape: Selections
  readonly fields: Map<string, SourcedField>
  /** The fetches that complete these objects. */
  readonly completed: Set<number>
}

export interface Positions {
  readonly root: Position
  /** Where each fetch adds its fields. */
  readonly ofFetch: readonly Position[]
  /** The fetches each one needs the fields of. */
  readonly needs: readonly ReadonlySet<number>[]
}

/**
 * Every object of the answer with where its fields come from: of several fetches that bring a leaf, the first. What a fetch
 * needs follows from that, not from the plan's order. Throws Uncompilable.
 */
export function positions(
  fetches: readonly FlatFetch[],
  type: GraphQLObjectType,
  shape: Selections,
): Positions {
  const root: Position = { type, creator: -1, shape, fields: new Map(), completed: new Set() }
  const ofFetch: Position[] = []
  const needs: ReadonlySet<number>[] = []
  for (const [index, fetch] of fetches.entries()) {
    const position = positionAt(root, fetch.path)
    const needed = new Set<number>()
    if (fetch.entity === undefined) {
      if (position !== root) throw new Uncompilable('a fetch of root fields stands below the root')
    } else {
      const { type, requires } = fetch.entity
      if (type !== position.type.name)
        throw new Uncompilable('a fetch is for another type than its objects have')
      needed.add(position.creator)
      position.completed.add(index)
      for (const name of requires) needed.add(sourceOf(position, name))
    }
    add(position, fetch.fields, index)
    ofFetch.push(position)
    needs.push(needed)
  }
  return { root, ofFetch, needs }
}

function sourceOf(position: Position, key: string): number {
  const field = position.fields.get(key)
  if (field === undefined || field.child !== undefined)
    throw new Uncompilable(`"${key}" is required and not fetched`)
  return field.fetch
}

function positionAt(root: Position, path: readonly string[]): Position {
  let at = root
  for (const step of path) {
    if (step.startsWith(condition)) {
      if (step.slice(condition.length).split('|').includes(at.type.name)) continue
      throw new Uncompilable('a fetch is for other types than its objects have')
    }
    const child = at.fields.get(step)?.child
    if (child === undefined) throw new Uncompilable(`nothing is at "${path.join('.')}"`)
    at = child
  }
  return at
}

const condition = '... on '

function add(position: Position, fields: readonly FetchField[], fetch: number): void {
  const shapes = new Map(position.shape.of(position.type).map(shape => [shape.key, shape]))
  for (const asked of fields) {
    if (asked.on !== undefined && asked.on !== position.type.name)
      throw new Uncompilable('a fetch depends on a type')
    // The type of every object is known.
    if (asked.name === '__typename') continue
    const known = position.fields.get(asked.key)
    if (known !== undefined) {
      if (known.child !== undefined || known.asked.name !== asked.name || known.asked.args !== asked.args) {
        throw new Uncompilable(`"${asked.key}" comes from several fetches`)
      }
      continue
    }
    const shape = shapes.get(asked.key)
    if (shape !== undefined && shape.definition?.name !== asked.name) {
      throw new Uncompilable(`"${asked.key}" is another field for the client`)
    }
    position.fields.set(asked.key, { fetch, asked, shape, child: childOf(asked, shape, fetch) })
  }
}

function childOf(asked: FetchField, shape: ShapeField | undefined, fetch: number): Position | undefined {
  if (asked.fields === undefined) return undefined
  const type = shape?.definition && objectType(shape.definition.type)
  // Objects that only fetches need would have to be written into what they send.
  if (shape === undefined || type === undefined)
    throw new Uncompilable(`"${asked.key}" is not asked for by the client`)
  const child: Position = {
    type,
    creator: fetch,
    shape: shape.selections,
    fields: new Map(),
    completed: new Set(),
  }
  add(child, asked.fields, fetch)
  return child
}

function objectType(type: GraphQLOutputType): GraphQLObjectType | undefined {
  const named = getNamedType(type)
  if (isObjectType(named)) return named
  if (isLeafType(named)) return undefined
  throw new Uncompilable(`${named.name} is abstract`)
}

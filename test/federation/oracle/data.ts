import type { FieldModel, GraphModel } from './graph-model.ts'
import { namedType, objectOf } from './graph-model.ts'

/** An object of the data: its type and number; everything else follows from them. */
export interface Item {
  /** Not `__typename`, which @apollo/subgraph writes to, and which an @interfaceObject does not know. */
  readonly type: string
  readonly n: number
}

/** Entities of one type: their numbers are below this. */
const entitiesMax = 5

/** Said of a field of which shrinking has cut all types that it could have. */
export const nothingToChoose = 'nothing to choose from'

export const colors = ['RED', 'GREEN', 'BLUE'] as const

/** Thrown by fields that fail, in the graph that is one schema and in subgraphs alike. */
export class FieldFails extends Error {}

/** What `field` of `item` is. Throws FieldFails where the data say so. */
export function valueOf(
  model: GraphModel,
  item: Item,
  field: FieldModel,
  args: Readonly<Record<string, unknown>>,
): unknown {
  if (isKeyField(field.name)) return keyFields[field.name].of(item)
  const place = [model.seed, item.type, item.n, field.name]
  // Not of the arguments: a field that fails, fails however it is asked.
  if (hash(place, 'fails') % 100 < field.fails) throw new FieldFails(`${item.type}.${field.name} fails`)
  return typed(model, field, field.type, [...place, JSON.stringify(args)])
}

/** Whole numbers from anything, the same every time (FNV-1a with a final mix). */
export function hash(...parts: readonly unknown[]): number {
  let state = 0x811c9dc5
  for (const character of JSON.stringify(parts)) {
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d)
  return (state ^ (state >>> 12)) >>> 0
}

function typed(model: GraphModel, field: FieldModel, type: string, place: readonly unknown[]): unknown {
  const nonNull = type.endsWith('!')
  const bare = nonNull ? type.slice(0, -1) : type
  const nulls = nonNull ? Math.min(field.fails, 3) : field.nulls
  if (hash(place, 'null') % 100 < nulls) return null
  if (!bare.startsWith('[')) return named(model, field, namedType(bare), place)
  const length = hash(place, 'length') % 4
  return Array.from({ length }, (_, index) => typed(model, field, bare.slice(1, -1), [...place, index]))
}

function named(model: GraphModel, field: FieldModel, type: string, place: readonly unknown[]): unknown {
  const number = hash(place, 'value')
  switch (type) {
    case 'Int':
      return (number % 2000) - 1000
    case 'Float':
      return (number % 1000) / 8
    case 'Boolean':
      return number % 2 === 0
    case 'ID':
    case 'String':
      return texts[number % texts.length] + String(number % 97)
    case 'Color':
      return colors[number % colors.length]
    case 'Json':
      return json(number)
    default: {
      const object = field.of[number % field.of.length]
      if (object === undefined) throw new Error(`${field.name}: ${nothingToChoose}`)
      return { type: object, n: hash(place, 'n') % (isEntity(model, object) ? entitiesMax : 40) }
    }
  }
}

const texts = ['plain ', 'ünï ', '"quoted" ', '日本 ', '\\ \n ', '']

/** Values of a scalar that could be taken for objects of the graph. */
function json(number: number): unknown {
  const values = [
    1.5,
    'text',
    [1, [null]],
    {},
    { id: 'x', __typename: 'Query' },
    { __proto: 1, a: { b: [{}] } },
    false,
  ]
  return values[number % values.length]
}

function isEntity(model: GraphModel, name: string): boolean {
  return objectOf(model, name).keys.length > 0
}

/** The fields that keys are made of: what they are of an entity of number `n`, and which entity they are of. */
export const keyFields = {
  id: { type: 'ID!', of: (item: Item) => `${item.type}${item.n}`, read: (value: unknown) => digits(value) },
  code: { type: 'Int!', of: (item: Item) => 100 + item.n, read: (value: unknown) => digits(value) - 100 },
  unit: { type: 'String!', of: (item: Item) => `unit ${item.n}`, read: (value: unknown) => digits(value) },
  tag: {
    type: 'Tag!',
    of: (item: Item) => ({ type: 'Tag', n: item.n }),
    read: (value: unknown) => (isRecord(value) ? digits(value['id']) : Number.NaN),
  },
} as const

export type KeyFieldName = keyof typeof keyFields

export function isKeyField(name: string): name is KeyFieldName {
  return Object.hasOwn(keyFields, name)
}

/** The entity that a representation names; undefined when its parts contradict each other or are none. */
export function itemOf(type: string, representation: Readonly<Record<string, unknown>>): Item | undefined {
  const numbers = new Set<number>()
  for (const [name, value] of Object.entries(representation)) {
    if (isKeyField(name)) numbers.add(keyFields[name].read(value))
  }
  const [n] = numbers
  return numbers.size === 1 && n !== undefined && Number.isSafeInteger(n) ? { type, n } : undefined
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function digits(value: unknown): number {
  return typeof value === 'string' || typeof value === 'number'
    ? Number(String(value).replace(/\D/g, ''))
    : Number.NaN
}

import { Kind, parse, valueFromASTUntyped } from 'graphql'
import type { FieldNode, GraphQLFieldResolver, GraphQLTypeResolver, SelectionSetNode } from 'graphql'
import type { Resolvers } from '../../support/federated.ts'
import { hash, isRecord, itemOf, valueOf } from './data.ts'
import type { Item } from './data.ts'
import { contextName, fieldsOf, homeIn, isPassedOver, objectOf, subgraphsOf } from './graph-model.ts'
import type { FieldContext, FieldHome, FieldModel, GraphModel, ObjectModel } from './graph-model.ts'
import { isIn } from './sdl.ts'

/** What resolvers see of an object. */
interface Parent extends Item {
  /** The representation it was asked by, in a subgraph. */
  readonly given?: Readonly<Record<string, unknown>>
  /** What the fields above it provide of it. */
  readonly provided?: readonly SelectionSetNode[]
  /** The nearest object of each type around it, in the one schema. */
  readonly around?: Readonly<Record<string, Item>>
}

type Resolve = GraphQLFieldResolver<unknown, unknown, Record<string, unknown>>

/** Counts the mutations of one request, since what a mutation answers depends on those before it. */
export interface Journal {
  mutations: number
}

/** Resolvers of the graph as one schema. */
export function monolithResolvers(model: GraphModel, journal: Journal): Resolvers {
  const hasContexts = model.objects.some(({ fields }) => fields.some(({ context }) => context !== undefined))
  const types = model.objects.map(object => {
    const fields = fieldsOf(model, object).map((field): [string, Resolve] => {
      const requires = field.homes.find(
        home => home.as === 'answers' && home.requires !== undefined,
      )?.requires
      return [
        field.name,
        (parent, args) => {
          const item = itemAt(object, parent)
          const required = requires === undefined ? [] : [evaluate(model, item, selectionOf(requires))]
          const given = field.context === undefined ? args : { ...args, ...taken(model, item, field.context) }
          const value = answer(model, object, item, field, given, journal, required)
          return hasContexts ? below(value, { around: { ...item.around, [item.type]: item } }) : value
        },
      ]
    })
    return [object.name, withEvents(object, Object.fromEntries(fields))]
  })
  return { ...Object.fromEntries(types), ...abstractResolvers(model) } as Resolvers
}

/** Resolvers of each subgraph, by name. What no plan may ask for fails with a message that begins with `poison`. */
export function subgraphResolvers(model: GraphModel, journal: Journal): ReadonlyMap<string, Resolvers> {
  return new Map(
    subgraphsOf(model).map(name => {
      const objects = model.objects.filter(each => isIn(each, name))
      const types = objects.map(object => [object.name, typeResolvers(model, object, name, journal)])
      const interfaceObjects = model.interfaces
        .filter(({ added }) => added.some(field => homeIn(field, name) !== undefined))
        .map(each => [each.name, interfaceObjectResolvers(model, each.name, each.added, name, journal)])
      const abstract = Object.entries(abstractResolvers(model)).filter(([abstract]) =>
        declares(model, abstract, name),
      )
      return [name, Object.fromEntries([...types, ...interfaceObjects, ...abstract]) as Resolvers]
    }),
  )
}

function declares(model: GraphModel, abstract: string, subgraph: string): boolean {
  return [...model.interfaces, ...model.unions].some(
    ({ name, homes }) => name === abstract && homes.includes(subgraph),
  )
}

function abstractResolvers(model: GraphModel): Record<string, unknown> {
  const resolveType: GraphQLTypeResolver<Item, unknown> = item => item.type
  const interfaces = model.interfaces.map(({ name }) => [
    name,
    {
      __resolveType: resolveType,
      __resolveReference: (given: Record<string, unknown>) => {
        const type = String(given['id']).replace(/\d/g, '')
        return { ...itemOf(type, given), given }
      },
    },
  ])
  const unions = model.unions.map(({ name }) => [name, { __resolveType: resolveType }])
  return Object.fromEntries([...interfaces, ...unions])
}

function typeResolvers(model: GraphModel, object: ObjectModel, subgraph: string, journal: Journal) {
  const fields = object.fields.flatMap((field): [string, Resolve][] => {
    const home = homeIn(field, subgraph)
    return home === undefined ? [] : [[field.name, subgraphField(model, object, field, home, journal)]]
  })
  const reference = {
    __resolveReference: (given: Record<string, unknown>) => {
      const item = itemOf(object.name, given)
      if (item === undefined) throw new Error(`poison: ${JSON.stringify(given)} is no key in ${subgraph}`)
      return { ...item, given }
    },
  }
  return withEvents(object, {
    ...Object.fromEntries(fields),
    ...(object.keys.length === 0 ? {} : reference),
  })
}

/** Events that every subscription tells before it ends. */
const eventsMax = 3

/** Fields of a subscription answer once for each of its events. */
function withEvents(object: ObjectModel, fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (object.name !== 'Subscription') return fields
  const subscribe = async function* (): AsyncGenerator<Item, void> {
    for (let n = 0; n < eventsMax; n++) yield { type: object.name, n }
  }
  return Object.fromEntries(Object.entries(fields).map(([name, resolve]) => [name, { subscribe, resolve }]))
}

function interfaceObjectResolvers(
  model: GraphModel,
  name: string,
  added: readonly FieldModel[],
  subgraph: string,
  journal: Journal,
) {
  const object: ObjectModel = { name, keys: [], fields: added }
  const fields = added.flatMap((field): [string, Resolve][] => {
    const home = homeIn(field, subgraph)
    return home === undefined ? [] : [[field.name, subgraphField(model, object, field, home, journal)]]
  })
  return {
    ...Object.fromEntries(fields),
    id: (parent: Item) => `${parent.type}${parent.n}`,
    __resolveReference: (given: Record<string, unknown>) => ({
      ...itemOf(String(given['id']).replace(/\d/g, ''), given),
      given,
    }),
  }
}

function subgraphField(
  model: GraphModel,
  object: ObjectModel,
  field: FieldModel,
  home: FieldHome,
  journal: Journal,
): Resolve {
  return (parent, args) => {
    const item = itemAt(object, parent)
    const coordinate = `${object.name}.${field.name} in ${home.subgraph}`
    if (isPassedOver(field, home)) throw new Error(`poison: ${coordinate} is overridden`)
    const given = fieldsNamed(field.name, item.provided ?? [])
    if (home.as === 'external' && given.length === 0) {
      throw new Error(`poison: ${coordinate} is external`)
    }
    const required: unknown[] = []
    if (home.requires !== undefined) {
      if (item.given === undefined) throw new Error(`poison: ${coordinate} lacks what it requires`)
      required.push(project(item.given, selectionOf(home.requires)))
    }
    // A variable that is not sent and one that is null are the same to the field.
    const context = field.context === undefined ? {} : { [contextName]: args[contextName] ?? null }
    const value = answer(model, object, item, field, { ...args, ...context }, journal, required)
    const provided = given.flatMap(({ selectionSet }) => selectionSet ?? [])
    if (home.provides !== undefined) provided.push(selectionOf(home.provides))
    return provided.length === 0 ? value : below(value, { provided })
  }
}

/** The root has no object; everything else is an item. */
function itemAt(object: ObjectModel, parent: unknown): Parent {
  // Resolvers of this file are the only source of parents.
  return isRecord(parent) && 'n' in parent ? (parent as unknown as Parent) : { type: object.name, n: 0 }
}

function answer(
  model: GraphModel,
  object: ObjectModel,
  item: Item,
  field: FieldModel,
  args: Record<string, unknown>,
  journal: Journal,
  required: readonly unknown[],
): unknown {
  const more: Record<string, unknown> = { ...args }
  if (required.length > 0) more['required'] = required
  if (object.name === 'Mutation') more['turn'] = journal.mutations++
  return valueOf(model, { type: item.type, n: item.n }, field, more)
}

/** The argument that one schema takes from the objects around. */
function taken(
  model: GraphModel,
  { around = {} }: Parent,
  { type, field }: FieldContext,
): Record<string, unknown> {
  const owner = around[type]
  const lent = objectOf(model, type).fields.find(({ name }) => name === field)
  if (owner === undefined || lent === undefined) throw new Error(`no ${type}.${field} around`)
  return { [contextName]: valueOf(model, owner, lent, {}) }
}

/** The objects of a value, of which something more is known. */
function below(value: unknown, more: Partial<Parent>): unknown {
  if (Array.isArray(value)) return value.map(each => below(each, more))
  return isItem(value) ? { ...value, ...more } : value
}

/** Objects of the graph, not of a scalar that looks like one. */
function isItem(value: unknown): value is Item {
  return isRecord(value) && typeof value['type'] === 'string' && typeof value['n'] === 'number'
}

function fieldsNamed(name: string, sets: readonly SelectionSetNode[]): readonly FieldNode[] {
  return sets.flatMap(({ selections }) =>
    selections.filter((each): each is FieldNode => each.kind === Kind.FIELD && each.name.value === name),
  )
}

const selections = new Map<string, SelectionSetNode>()

function selectionOf(text: string): SelectionSetNode {
  const known = selections.get(text)
  if (known !== undefined) return known
  const [definition] = parse(`{ ${text} }`, { noLocation: true }).definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`no selection: ${text}`)
  selections.set(text, definition.selectionSet)
  return definition.selectionSet
}

/** What a selection of a @requires is of `item`. */
function evaluate(model: GraphModel, item: Item, set: SelectionSetNode): unknown {
  return read(set, item.type, node => {
    const field = fieldsOf(model, objectOf(model, item.type)).find(({ name }) => name === node.name.value)
    if (field === undefined) throw new Error(`no field ${item.type}.${node.name.value}`)
    const requires = field.homes.find(home => home.as === 'answers' && home.requires !== undefined)?.requires
    const more = requires === undefined ? {} : { required: [evaluate(model, item, selectionOf(requires))] }
    const value = valueOf(model, item, field, { ...constantArguments(field, node), ...more })
    const inner = node.selectionSet
    // Values of composite fields are items.
    return inner === undefined ? value : each(value, one => evaluate(model, one as Item, inner))
  })
}

/** The same of a representation, which has no type names where only one type is possible. */
function project(given: Readonly<Record<string, unknown>>, set: SelectionSetNode): unknown {
  return read(set, given['__typename'], node => {
    const value = given[node.name.value]
    const inner = node.selectionSet
    if (value === undefined) throw new Error(`poison: ${node.name.value} is required and not given`)
    return inner === undefined ? value : each(value, one => project(one as Record<string, unknown>, inner))
  })
}

function read(
  set: SelectionSetNode,
  type: unknown,
  one: (node: FieldNode) => unknown,
): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const node of set.selections) {
    if (node.kind === Kind.FIELD && node.name.value !== '__typename') result[node.name.value] = one(node)
    else if (
      node.kind === Kind.INLINE_FRAGMENT &&
      (type === undefined || node.typeCondition?.name.value === type)
    ) {
      Object.assign(result, read(node.selectionSet, type, one))
    }
  }
  return result
}

function each(value: unknown, one: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(item => each(item, one))
  return value === null ? null : one(value)
}

function constantArguments(field: FieldModel, node: FieldNode): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const { name, default: given } of field.args) {
    const argument = node.arguments?.find(each => each.name.value === name)
    if (argument !== undefined) result[name] = valueFromASTUntyped(argument.value)
    else if (given !== undefined) result[name] = JSON.parse(given)
  }
  return result
}

/** One number for everything a graph is made of, to tell graphs apart in reports. */
export function fingerprint(model: GraphModel): string {
  return hash(model).toString(36)
}

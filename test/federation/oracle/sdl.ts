import {
  contextName,
  fieldsOf,
  homeIn,
  isContextIn,
  namedType,
  objectOf,
  subgraphsOf,
} from './graph-model.ts'
import type {
  ArgumentModel,
  FieldHome,
  FieldModel,
  GraphModel,
  InterfaceModel,
  ObjectModel,
} from './graph-model.ts'

/** The graph as one schema: what clients of the composed graph may see. */
export function monolithSdl(model: GraphModel): string {
  const types = model.objects.map(object => {
    const fields = fieldsOf(model, object).filter(each => each.inaccessible !== true && each.homes.length > 0)
    const names = model.interfaces
      .filter(each => each.homes.some(home => membersIn(model, each.members, home).includes(object.name)))
      .map(({ name }) => name)
    return block(`type ${object.name}${implementing(names)}`, fields.map(declared))
  })
  const interfaces = model.interfaces.map(each => {
    const names = new Set(each.homes.flatMap(home => interfaceFieldsIn(model, each, home)))
    const fields = memberFields(model, each).filter(
      ({ name, inaccessible }) => names.has(name) && inaccessible !== true,
    )
    return block(`interface ${each.name}`, [...fields, ...each.added].map(declared))
  })
  const unions = model.unions.map(({ name, members, homes }) => {
    const present = new Set(homes.flatMap(home => membersIn(model, members, home)))
    return union(
      name,
      members.filter(member => present.has(member)),
    )
  })
  // A type that only fields use which clients must not see is there all the same.
  return withShared([...types, ...interfaces, ...unions], [...subgraphSdls(model).values()].join('\n'))
}

/** The SDL of each subgraph, by name. */
export function subgraphSdls(model: GraphModel): ReadonlyMap<string, string> {
  return new Map(subgraphsOf(model).map(name => [name, subgraphSdl(model, name)]))
}

function subgraphSdl(model: GraphModel, subgraph: string): string {
  const types = model.objects.map(object => {
    if (!isIn(object, subgraph)) return ''
    const keys = object.keys.flatMap(({ fields, homes }) => {
      const home = homes.find(each => each.subgraph === subgraph)
      if (home === undefined) return []
      return `@key(fields: "${fields}"${home.resolvable ? '' : ', resolvable: false'})`
    })
    const names = model.interfaces
      .filter(({ homes, members }) => homes.includes(subgraph) && members.includes(object.name))
      .map(({ name }) => name)
    const context = isContextIn(model, object.name, subgraph) ? [`@context(name: "${contextName}")`] : []
    const head = ['type', object.name + implementing(names), ...keys, ...context].join(' ')
    return block(
      head,
      object.fields.flatMap(field => declaredIn(field, subgraph)),
    )
  })
  const interfaces = model.interfaces.map(each => {
    if (each.homes.includes(subgraph)) {
      const names = interfaceFieldsIn(model, each, subgraph)
      const fields = memberFields(model, each).filter(({ name }) => names.includes(name))
      const head = `interface ${each.name}${each.entityIn === subgraph ? ' @key(fields: "id")' : ''}`
      return block(
        head,
        fields.map(field => declared(field) + (field.inaccessible === true ? ' @inaccessible' : '')),
      )
    }
    const added = each.added.flatMap(field => declaredIn(field, subgraph))
    if (added.length === 0) return ''
    return block(`type ${each.name} @interfaceObject @key(fields: "id")`, ['id: ID!', ...added])
  })
  const unions = model.unions.map(({ name, members, homes }) =>
    homes.includes(subgraph) ? union(name, membersIn(model, members, subgraph)) : '',
  )
  return withShared([...types, ...interfaces, ...unions])
}

/** Does `subgraph` declare any part of it? */
export function isIn(object: ObjectModel, subgraph: string): boolean {
  return (
    object.fields.some(field => homeIn(field, subgraph) !== undefined) ||
    object.keys.some(({ homes }) => homes.some(home => home.subgraph === subgraph))
  )
}

export function membersIn(
  model: GraphModel,
  members: readonly string[],
  subgraph: string,
): readonly string[] {
  return members.filter(member => isIn(objectOf(model, member), subgraph))
}

/** Those fields of an interface that every member has in `subgraph`. */
export function interfaceFieldsIn(
  model: GraphModel,
  each: InterfaceModel,
  subgraph: string,
): readonly string[] {
  const members = membersIn(model, each.members, subgraph).map(name => objectOf(model, name))
  return each.fields.filter(name =>
    members.every(({ fields }) =>
      fields.some(field => field.name === name && homeIn(field, subgraph)?.as === 'answers'),
    ),
  )
}

function memberFields(model: GraphModel, each: InterfaceModel): readonly FieldModel[] {
  const [first] = each.members
  const fields = first === undefined ? [] : objectOf(model, first).fields
  return fields.filter(({ name }) => each.fields.includes(name))
}

function declaredIn(field: FieldModel, subgraph: string): readonly string[] {
  const home = homeIn(field, subgraph)
  if (home === undefined) return []
  const shared = field.homes.filter(({ as }) => as === 'answers').length > 1 || field.homes.some(isProvided)
  const directives = [
    ...(home.as === 'external' ? ['@external'] : []),
    ...(home.as === 'answers' && shared ? ['@shareable'] : []),
    ...(home.requires === undefined ? [] : [`@requires(fields: ${JSON.stringify(home.requires)})`]),
    ...(home.provides === undefined ? [] : [`@provides(fields: ${JSON.stringify(home.provides)})`]),
    ...(home.overrides === undefined ? [] : [override(home)]),
    ...(field.inaccessible === true && home.as !== 'external' ? ['@inaccessible'] : []),
  ]
  return [[declared(withContext(field)), ...directives].join(' ')]
}

function withContext(field: FieldModel): FieldModel {
  const { args, context } = field
  if (context === undefined) return field
  const from = `@fromContext(field: "$${contextName} { ${context.field} }")`
  return { ...field, args: [...args, { name: contextName, type: `${context.argumentType} ${from}` }] }
}

function override({ overrides, label }: FieldHome): string {
  return `@override(from: "${overrides}"${label === undefined ? '' : `, label: "${label}"`})`
}

const isProvided = ({ as }: { readonly as: string }): boolean => as === 'external'

function declared({ name, args, type }: FieldModel): string {
  return `${name}${args.length === 0 ? '' : `(${args.map(argument).join(', ')})`}: ${type}`
}

function argument({ name, type, default: given }: ArgumentModel): string {
  return `${name}: ${type}${given === undefined ? '' : ` = ${given}`}`
}

function implementing(names: readonly string[]): string {
  return names.length === 0 ? '' : ` implements ${names.join(' & ')}`
}

function union(name: string, members: readonly string[]): string {
  return members.length === 0 ? '' : `union ${name} = ${members.join(' | ')}`
}

function block(head: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${head} {\n  ${lines.join('\n  ')}\n}`
}

const shared: Readonly<Record<string, string>> = {
  Filter: 'input Filter {\n  least: Int = 1\n  words: [String!]\n  color: Color = RED\n  inner: Filter\n}',
  Color: 'enum Color { RED GREEN BLUE }',
  Json: 'scalar Json',
}

/** The definitions and the types every graph may use, those that are used in them or elsewhere. */
function withShared(definitions: readonly string[], elsewhere = ''): string {
  let text = definitions.filter(each => each !== '').join('\n')
  for (const [name, definition] of Object.entries(shared)) {
    if (new RegExp(`\\b${namedType(name)}\\b`).test(text + elsewhere)) text += `\n${definition}`
  }
  return `${text}\n`
}

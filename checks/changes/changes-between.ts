import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
  OperationTypeNode,
} from 'graphql'
import type { GraphQLEnumType, GraphQLNamedType, GraphQLSchema, GraphQLUnionType } from 'graphql'
import type { Change } from './change.ts'
import { directiveChanges } from './directive-changes.ts'
import { deprecationChanges, describedChange, fieldChanges, inputFieldChanges } from './member-changes.ts'

/**
 * Every difference a client could notice between two schemas, in the order of their coordinates. What follows from
 * another change is left out: a removed type is one change, not one for each of its fields.
 */
export function changesBetween(base: GraphQLSchema, next: GraphQLSchema): readonly Change[] {
  const changes = [...rootChanges(base, next), ...typeChanges(base, next), ...directiveChanges(base, next)]
  return changes.sort((a, b) => compareText(a.coordinate, b.coordinate) || compareText(a.kind, b.kind))
}

function rootChanges(base: GraphQLSchema, next: GraphQLSchema): readonly Change[] {
  return Object.values(OperationTypeNode).flatMap((operation): readonly Change[] => {
    const [from, to] = [base.getRootType(operation)?.name, next.getRootType(operation)?.name]
    if (from === to) return []
    const kind =
      from === undefined ? 'ROOT_TYPE_ADDED' : to === undefined ? 'ROOT_TYPE_REMOVED' : 'ROOT_TYPE_CHANGED'
    return [{ kind, coordinate: operation, from, to }]
  })
}

function typeChanges(base: GraphQLSchema, next: GraphQLSchema): readonly Change[] {
  const [before, after] = [typesOf(base), typesOf(next)]
  const changes: Change[] = []
  for (const [name, type] of before) {
    const other = after.get(name)
    if (other === undefined)
      changes.push({ kind: 'TYPE_REMOVED', coordinate: name, typeKind: kindOfType(type) })
    else changes.push(...changesOfType(type, other, after))
  }
  for (const [name, type] of after) {
    if (before.has(name)) continue
    changes.push({ kind: 'TYPE_ADDED', coordinate: name, typeKind: kindOfType(type) })
    // A new type can be answered where its interfaces were promised.
    for (const { name: implemented } of interfacesOf(type)) {
      if (before.has(implemented)) changes.push(implementation('IMPLEMENTATION_ADDED', name, implemented))
    }
  }
  return changes
}

function changesOfType(
  type: GraphQLNamedType,
  other: GraphQLNamedType,
  after: ReadonlyMap<string, GraphQLNamedType>,
): readonly Change[] {
  const coordinate = type.name
  const [from, to] = [kindOfType(type), kindOfType(other)]
  if (from !== to) return [{ kind: 'TYPE_KIND_CHANGED', coordinate, from, to }]
  const changes: Change[] = [...describedChange(coordinate, type, other)]
  if ((isObjectType(type) || isInterfaceType(type)) && (isObjectType(other) || isInterfaceType(other))) {
    changes.push(...fieldChanges(type, other), ...implementationChanges(type, other, after))
  } else if (isInputObjectType(type) && isInputObjectType(other)) {
    if (type.isOneOf !== other.isOneOf)
      changes.push({ kind: other.isOneOf ? 'ONE_OF_ADDED' : 'ONE_OF_REMOVED', coordinate })
    changes.push(...inputFieldChanges(type, other))
  } else if (isEnumType(type) && isEnumType(other)) {
    changes.push(...enumChanges(type, other))
  } else if (isUnionType(type) && isUnionType(other)) {
    changes.push(...unionChanges(type, other, after))
  } else if (isScalarType(type) && isScalarType(other)) {
    const [was, is] = [type.specifiedByURL ?? undefined, other.specifiedByURL ?? undefined]
    if (was !== is) changes.push({ kind: 'SPECIFICATION_CHANGED', coordinate, from: was, to: is })
  }
  return changes
}

function implementationChanges(
  type: GraphQLNamedType,
  other: GraphQLNamedType,
  after: ReadonlyMap<string, GraphQLNamedType>,
): readonly Change[] {
  const [before, now] = [interfacesOf(type), interfacesOf(other)].map(list => list.map(({ name }) => name))
  const removed = before?.filter(name => now?.includes(name) === false && after.has(name)) ?? []
  const added = now?.filter(name => before?.includes(name) === false) ?? []
  return [
    ...removed.map(name => implementation('IMPLEMENTATION_REMOVED', type.name, name)),
    ...added.map(name => implementation('IMPLEMENTATION_ADDED', type.name, name)),
  ]
}

function implementation(
  kind: 'IMPLEMENTATION_ADDED' | 'IMPLEMENTATION_REMOVED',
  member: string,
  type: string,
): Change {
  return { kind, coordinate: `${member} implements ${type}`, type, member }
}

function enumChanges(type: GraphQLEnumType, other: GraphQLEnumType): readonly Change[] {
  const changes: Change[] = []
  for (const value of type.getValues()) {
    const coordinate = `${type.name}.${value.name}`
    const now = other.getValue(value.name)
    if (now)
      changes.push(...describedChange(coordinate, value, now), ...deprecationChanges(coordinate, value, now))
    else changes.push({ kind: 'ENUM_VALUE_REMOVED', coordinate, type: type.name })
  }
  for (const { name } of other.getValues()) {
    const coordinate = `${type.name}.${name}`
    if (!type.getValue(name)) changes.push({ kind: 'ENUM_VALUE_ADDED', coordinate, type: type.name })
  }
  return changes
}

function unionChanges(
  type: GraphQLUnionType,
  other: GraphQLUnionType,
  after: ReadonlyMap<string, GraphQLNamedType>,
): readonly Change[] {
  const [before, now] = [type.getTypes(), other.getTypes()].map(list => list.map(({ name }) => name))
  const change = (kind: 'UNION_MEMBER_ADDED' | 'UNION_MEMBER_REMOVED', member: string): Change => ({
    kind,
    coordinate: `${type.name}.${member}`,
    type: type.name,
    member,
  })
  const removed = before?.filter(name => now?.includes(name) === false && after.has(name)) ?? []
  const added = now?.filter(name => before?.includes(name) === false) ?? []
  return [
    ...removed.map(name => change('UNION_MEMBER_REMOVED', name)),
    ...added.map(name => change('UNION_MEMBER_ADDED', name)),
  ]
}

/** `object`, `interface`, `union`, `enum`, `input object` or `scalar`. */
export function kindOfType(type: GraphQLNamedType): string {
  if (isObjectType(type)) return 'object type'
  if (isInterfaceType(type)) return 'interface'
  if (isUnionType(type)) return 'union'
  if (isEnumType(type)) return 'enum'
  return isInputObjectType(type) ? 'input object' : 'scalar'
}

function interfacesOf(type: GraphQLNamedType): readonly GraphQLNamedType[] {
  return isObjectType(type) || isInterfaceType(type) ? type.getInterfaces() : []
}

/** Built-in scalars come and go with their use, which is no change by itself. */
function typesOf(schema: GraphQLSchema): ReadonlyMap<string, GraphQLNamedType> {
  const own = Object.values(schema.getTypeMap()).filter(
    type => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
  )
  return new Map(own.map(type => [type.name, type]))
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

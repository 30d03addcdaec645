import { getNamedType, isAbstractType, isCompositeType, Kind } from 'graphql'
import type {
  DocumentNode,
  FieldNode,
  GraphQLCompositeType,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'

/**
 * The document without inline fragments that no object can be in, given all fragments around them: a `... on User` in a
 * `... on Thing` of which no User is one. Apollo's planner fails on those. Fragments that are spread must be inlined before.
 */
export function withoutImpossible(document: DocumentNode, schema: GraphQLSchema): DocumentNode {
  return {
    ...document,
    definitions: document.definitions.map(definition => {
      if (definition.kind !== Kind.OPERATION_DEFINITION) return definition
      const root = schema.getRootType(definition.operation)
      if (!root) return definition
      return {
        ...definition,
        selectionSet: possible(definition.selectionSet, root, objectsOf(root, schema), schema),
      }
    }),
  }
}

/** `objects`: names of the types that an object here can have. */
function possible(
  set: SelectionSetNode,
  type: GraphQLCompositeType,
  objects: ReadonlySet<string>,
  schema: GraphQLSchema,
): SelectionSetNode {
  const selections = set.selections.flatMap((selection): readonly SelectionNode[] => {
    if (selection.kind === Kind.FRAGMENT_SPREAD || selection.selectionSet === undefined) return [selection]
    const { selectionSet } = selection
    if (selection.kind === Kind.FIELD) {
      const inner = typeOfField(selection, type)
      if (inner === undefined) return [selection]
      return [{ ...selection, selectionSet: possible(selectionSet, inner, objectsOf(inner, schema), schema) }]
    }
    const condition = selection.typeCondition && schema.getType(selection.typeCondition.name.value)
    const narrowed = isCompositeType(condition) ? condition : type
    const left = objects.intersection(objectsOf(narrowed, schema))
    if (left.size === 0) return []
    return [{ ...selection, selectionSet: possible(selectionSet, narrowed, left, schema) }]
  })
  return { ...set, selections: selections.length === 0 ? [typename] : selections }
}

/** Undefined for the fields of introspection. */
function typeOfField(field: FieldNode, type: GraphQLCompositeType): GraphQLCompositeType | undefined {
  const definition = 'getFields' in type ? type.getFields()[field.name.value] : undefined
  const named = definition && getNamedType(definition.type)
  return isCompositeType(named) ? named : undefined
}

function objectsOf(type: GraphQLCompositeType, schema: GraphQLSchema): ReadonlySet<string> {
  return new Set(isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [type.name])
}

const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

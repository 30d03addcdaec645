import { getNamedType, isAbstractType, isCompositeType, isInterfaceType, isObjectType, Kind } from 'graphql'
import type {
  DocumentNode,
  FieldNode,
  GraphQLCompositeType,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'

/** Selections an operation may come to; longer ones cannot be planned this way. */
const selectionsMax = 10_000

/**
 * The document with every fragment on an object type that can stand there: fragments on interfaces and unions become one for
 * each object type, and those in which no object can be, given all fragments around them, are left out. Apollo's planner fails
 * on some of both, most of all where a subgraph knows an interface as an @interfaceObject. A fragment on an interface stays
 * where it says nothing. Fragments that are spread must be inlined before. Throws QUERY_PLAN_FAILED when it gets too long.
 */
export function withConcreteFragments(document: DocumentNode, schema: GraphQLSchema): DocumentNode {
  const concrete = new Concrete(schema)
  return {
    ...document,
    definitions: document.definitions.map(definition => {
      if (definition.kind !== Kind.OPERATION_DEFINITION) return definition
      const root = schema.getRootType(definition.operation)
      return root ? { ...definition, selectionSet: concrete.set(definition.selectionSet, root) } : definition
    }),
  }
}

class Concrete {
  readonly #schema: GraphQLSchema
  #left = selectionsMax

  constructor(schema: GraphQLSchema) {
    this.#schema = schema
  }

  set(set: SelectionSetNode, type: GraphQLCompositeType): SelectionSetNode {
    const selections = this.#selections(set, type, type)
    return { ...set, selections: selections.length === 0 ? [typename] : selections }
  }

  /** What `set`, written for `written`, selects on values of `type`, which is that type or one of its object types. */
  #selections(
    set: SelectionSetNode,
    written: GraphQLCompositeType,
    type: GraphQLCompositeType,
  ): readonly SelectionNode[] {
    return set.selections.flatMap((selection): readonly SelectionNode[] => {
      this.#left--
      if (this.#left < 0) throw tooLong()
      if (selection.kind === Kind.FIELD) return [this.#field(selection, type)]
      if (selection.kind === Kind.FRAGMENT_SPREAD) return [selection]
      const condition = selection.typeCondition && this.#schema.getType(selection.typeCondition.name.value)
      const on = isCompositeType(condition) ? condition : written
      const directives = selection.directives ?? []
      return this.#typesUnder(on, type).flatMap((narrowed): readonly SelectionNode[] => {
        const selections = this.#selections(selection.selectionSet, on, narrowed)
        if (selections.length === 0) return []
        if (narrowed === type && directives.length === 0) return selections
        const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections }
        const typeCondition = {
          kind: Kind.NAMED_TYPE,
          name: { kind: Kind.NAME, value: narrowed.name },
        } as const
        return [
          narrowed === type
            ? { kind: Kind.INLINE_FRAGMENT, directives, selectionSet }
            : { kind: Kind.INLINE_FRAGMENT, typeCondition, directives, selectionSet },
        ]
      })
    })
  }

  #field(field: FieldNode, type: GraphQLCompositeType): FieldNode {
    if (field.selectionSet === undefined) return field
    const definition = 'getFields' in type ? type.getFields()[field.name.value] : undefined
    const inner = definition && getNamedType(definition.type)
    // Undefined: a field of introspection.
    return isCompositeType(inner) ? { ...field, selectionSet: this.set(field.selectionSet, inner) } : field
  }

  /** `type` itself where a fragment on `on` says nothing of its values; else the object types that both have. */
  #typesUnder(on: GraphQLCompositeType, type: GraphQLCompositeType): readonly GraphQLCompositeType[] {
    if (on === type) return [type]
    const both = this.#objectsOf(type).intersection(this.#objectsOf(on))
    if (isObjectType(type)) return both.size === 0 ? [] : [type]
    const saysNothing = isInterfaceType(type) && isInterfaceType(on) && type.getInterfaces().includes(on)
    if (saysNothing) return [type]
    return [...both].flatMap(name => this.#schema.getType(name) ?? []).filter(isCompositeType)
  }

  #objectsOf(type: GraphQLCompositeType): ReadonlySet<string> {
    const objects = isAbstractType(type) ? this.#schema.getPossibleTypes(type) : [type]
    return new Set(objects.map(({ name }) => name))
  }
}

const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

function tooLong(): EnneadError {
  return new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned', {
    cause: new Error(`with a fragment for each type it has more than ${selectionsMax} selections`),
  })
}

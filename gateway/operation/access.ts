import { getNamedType, isCompositeType, Kind, TypeInfo, visit, visitWithTypeInfo } from 'graphql'
import type {
  ASTNode,
  DocumentNode,
  FieldNode,
  GraphQLNamedType,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql'
import type { AccessRequirement, AccessRules } from '../supergraph/access-rules.ts'
import { meets } from './viewer.ts'
import type { Viewer } from './viewer.ts'

/** What one viewer is refused of one operation. */
export interface Refusals {
  /** Why a field is refused, for itself or for the type it has. */
  ofField(parent: string, field: string, type: string): AccessRequirement | undefined
  /** Why every value of a type is refused. */
  ofType(type: string): AccessRequirement | undefined
  /** A credential was verified, and does not suffice. */
  readonly authenticated: boolean
  /** The same for everybody who is refused the same for the same reason: part of a plan's key. */
  readonly key: string
}

/** Who may see what of a schema, asked operation by operation. */
export class Access {
  readonly #schema: GraphQLSchema
  readonly #rules: AccessRules
  readonly #touched = new WeakMap<DocumentNode, readonly AccessRequirement[]>()

  constructor(schema: GraphQLSchema, rules: AccessRules) {
    this.#schema = schema
    this.#rules = rules
  }

  /** What of the document this viewer may not see; undefined when it may see everything, as most do. */
  refusals(document: DocumentNode, viewer: Viewer): Refusals | undefined {
    if (this.#rules.size === 0) return undefined
    const requirements = this.#requirementsOf(document)
    if (requirements.every(requirement => meets(viewer, requirement))) return undefined
    const refused = requirements.filter(requirement => !meets(viewer, requirement))
    const byCoordinate = new Map(refused.map(requirement => [requirement.coordinate, requirement]))
    const ofType = (type: string): AccessRequirement | undefined => byCoordinate.get(type)
    return {
      ofType,
      ofField: (parent, field, type) =>
        ofType(parent) ?? byCoordinate.get(`${parent}.${field}`) ?? ofType(type),
      authenticated: viewer.authenticated,
      key: [viewer.authenticated ? 'forbidden' : 'anonymous', ...[...byCoordinate.keys()].sort()].join(' '),
    }
  }

  /**
   * The document without what is refused, so that no subgraph is asked for it. A selection of which nothing is left asks
   * for `__typename`: whether the object around it is there may still be known.
   */
  without(document: DocumentNode, refusals: Refusals): DocumentNode {
    const typeInfo = new TypeInfo(this.#schema)
    const fragments = new Map<string, string>()
    for (const definition of document.definitions) {
      if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue
      fragments.set(definition.name.value, definition.typeCondition.name.value)
    }
    const refusedType = (type: string | undefined): boolean =>
      type !== undefined && refusals.ofType(type) !== undefined
    const visitor = visitWithTypeInfo(typeInfo, {
      Field(field) {
        const [parent, type] = [typeInfo.getParentType(), typeInfo.getType()]
        if (!parent || !type || isMeta(field)) return undefined
        return refusals.ofField(parent.name, field.name.value, getNamedType(type).name) && null
      },
      InlineFragment: fragment => (refusedType(fragment.typeCondition?.name.value) ? null : undefined),
      FragmentSpread: spread => (refusedType(fragments.get(spread.name.value)) ? null : undefined),
      SelectionSet: {
        leave: set => (set.selections.length === 0 ? { ...set, selections: [typename] } : undefined),
      },
    })
    return onlyUsed(visit(document, visitor))
  }

  /** Every requirement that may matter for the document, whoever asks. */
  #requirementsOf(document: DocumentNode): readonly AccessRequirement[] {
    const known = this.#touched.get(document)
    if (known !== undefined) return known
    const found = new Set<AccessRequirement>()
    const note = (coordinate: string): void => {
      const requirement = this.#rules.get(coordinate)
      if (requirement !== undefined) found.add(requirement)
    }
    const noteType = (type: GraphQLNamedType | undefined | null): void => {
      if (!type) return
      note(type.name)
      // What comes back may be any of them, with fields and rules of its own.
      if ('getTypes' in type || 'resolveType' in type) {
        for (const possible of this.#schema.getPossibleTypes(type)) note(possible.name)
      }
    }
    const typeInfo = new TypeInfo(this.#schema)
    const enter = (node: ASTNode): undefined => {
      const parent = typeInfo.getParentType()
      if (isCompositeType(parent)) noteType(parent)
      if (node.kind !== Kind.FIELD || !parent) return
      noteType(getNamedType(typeInfo.getType()))
      const parents = 'resolveType' in parent ? this.#schema.getPossibleTypes(parent) : []
      for (const { name } of [parent, ...parents]) note(`${name}.${node.name.value}`)
    }
    visit(document, visitWithTypeInfo(typeInfo, { enter }))
    const list = [...found]
    this.#touched.set(document, list)
    return list
  }
}

const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

/** `__typename` and the fields of introspection belong to no type. */
function isMeta(field: FieldNode): boolean {
  return field.name.value.startsWith('__')
}

/** Without the fragments and variables that only what was taken out had used: planners refuse or send those. */
function onlyUsed(document: DocumentNode): DocumentNode {
  const definitions = new Map<string, ASTNode>()
  for (const each of document.definitions) {
    if (each.kind === Kind.FRAGMENT_DEFINITION) definitions.set(each.name.value, each)
  }
  const used = new Set<string>()
  const variables = (operation: OperationDefinitionNode): ReadonlySet<string> => {
    const found = new Set<string>()
    const seen = new Set<string>()
    const look = (node: ASTNode): void => {
      visit(node, {
        VariableDefinition: () => false,
        Variable: ({ name }) => void found.add(name.value),
        FragmentSpread({ name }) {
          used.add(name.value)
          const fragment = definitions.get(name.value)
          if (fragment === undefined || seen.has(name.value)) return
          seen.add(name.value)
          look(fragment)
        },
      })
    }
    look(operation)
    return found
  }
  const operations = document.definitions.map(definition => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return definition
    const needed = variables(definition)
    const variableDefinitions = (definition.variableDefinitions ?? []).filter(({ variable }) =>
      needed.has(variable.name.value),
    )
    return { ...definition, variableDefinitions }
  })
  return {
    ...document,
    definitions: operations.filter(
      definition => definition.kind !== Kind.FRAGMENT_DEFINITION || used.has(definition.name.value),
    ),
  }
}

import { getNamedType, isListType, isNonNullType, isObjectType, Kind } from 'graphql'
import type {
  ConstDirectiveNode,
  DocumentNode,
  GraphQLField,
  GraphQLSchema,
  GraphQLType,
  ObjectTypeDefinitionNode,
} from 'graphql'
import { argumentText, graphNames } from './graph-names.ts'

/** A field of the subscription type whose events say where they stand, and that can begin behind any of them. */
export interface ResumableField {
  /** Of its argument `after`. */
  readonly argumentType: 'String' | 'ID'
  /** Subgraphs that can tell the `cursor` of an event, by name. */
  readonly subgraphs: ReadonlySet<string>
}

/** By field name. */
export type ResumableFields = ReadonlyMap<string, ResumableField>

/**
 * The fields of the subscription type that follow the convention of Relay's connections
 * (https://relay.dev/graphql/connections.htm): an optional argument `after`, and a `cursor` in every event, both String or
 * ID. Nothing else is needed for a stream to be resumable.
 */
export function resumableFields(apiSchema: GraphQLSchema, document: DocumentNode): ResumableFields {
  const found = new Map<string, ResumableField>()
  for (const field of Object.values(apiSchema.getSubscriptionType()?.getFields() ?? {})) {
    const argumentType = afterType(field)
    const event = isNonNullType(field.type) ? field.type.ofType : field.type
    if (argumentType === undefined || isListType(event) || !isObjectType(event)) continue
    const cursor = event.getFields()['cursor']
    if (cursor === undefined || cursor.args.length > 0 || textType(cursor.type) === undefined) continue
    found.set(field.name, { argumentType, subgraphs: subgraphsWith(event.name, 'cursor', document) })
  }
  return found
}

function afterType({ args }: GraphQLField<unknown, unknown>): 'String' | 'ID' | undefined {
  const after = args.find(({ name }) => name === 'after')
  return after === undefined || isNonNullType(after.type) ? undefined : textType(after.type)
}

function textType(type: GraphQLType): 'String' | 'ID' | undefined {
  const nullable = isNonNullType(type) ? type.ofType : type
  if (isListType(nullable)) return undefined
  const { name } = getNamedType(type)
  return name === 'String' || name === 'ID' ? name : undefined
}

/** A field without `@join__field` is in every subgraph that has the type (https://specs.apollo.dev/join/v0.3). */
function subgraphsWith(type: string, field: string, document: DocumentNode): ReadonlySet<string> {
  const definition = document.definitions.find(
    (each): each is ObjectTypeDefinitionNode =>
      each.kind === Kind.OBJECT_TYPE_DEFINITION && each.name.value === type,
  )
  const own = definition?.fields?.find(each => each.name.value === field)?.directives ?? []
  const placed = own.filter(({ name }) => name.value === 'join__field')
  const everywhere = (definition?.directives ?? []).filter(({ name }) => name.value === 'join__type')
  const places = placed.length > 0 ? placed.filter(each => !isExternal(each)) : everywhere
  const names = graphNames(document)
  return new Set(places.flatMap(each => names.get(argumentText(each, 'graph') ?? '') ?? []))
}

function isExternal({ arguments: given = [] }: ConstDirectiveNode): boolean {
  return given.some(
    ({ name, value }) => name.value === 'external' && value.kind === Kind.BOOLEAN && value.value,
  )
}

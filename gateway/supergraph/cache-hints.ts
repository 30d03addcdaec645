import { Kind } from 'graphql'
import type { ConstDirectiveNode, DocumentNode } from 'graphql'

/** What `@cacheControl` says of a field or a type. */
export interface CacheHint {
  /** Seconds. Undefined: nothing is said. */
  readonly maxAge: number | undefined
  readonly scope: 'PUBLIC' | 'PRIVATE' | undefined
  /** As old as the object around it may be. */
  readonly inheritMaxAge: boolean
}

/**
 * What a supergraph says of how long answers may be kept, by `@cacheControl` as Apollo Server documents it
 * (https://www.apollographql.com/docs/apollo-server/performance/caching). Subgraphs bring it into the supergraph with
 * `@composeDirective`.
 */
export interface CacheHints {
  /** By `Type` and `Type.field`. */
  readonly hints: ReadonlyMap<string, CacheHint>
  /** Types with a `@key` somewhere. */
  readonly entities: ReadonlySet<string>
}

export function cacheHints(document: DocumentNode): CacheHints {
  const hints = new Map<string, CacheHint>()
  const entities = new Set<string>()
  const read = (coordinate: string, directives: readonly ConstDirectiveNode[] = []): void => {
    const directive = directives.find(({ name }) => name.value === 'cacheControl')
    if (directive !== undefined) hints.set(coordinate, hintOf(directive))
  }
  for (const definition of document.definitions) {
    const { kind } = definition
    if (kind === Kind.UNION_TYPE_DEFINITION) read(definition.name.value, definition.directives)
    if (kind !== Kind.OBJECT_TYPE_DEFINITION && kind !== Kind.INTERFACE_TYPE_DEFINITION) continue
    const type = definition.name.value
    read(type, definition.directives)
    if (definition.directives?.some(isKey) === true) entities.add(type)
    for (const { name, directives } of definition.fields ?? []) read(`${type}.${name.value}`, directives)
  }
  return { hints, entities }
}

function isKey({ name, arguments: given = [] }: ConstDirectiveNode): boolean {
  return name.value === 'join__type' && given.some(each => each.name.value === 'key')
}

function hintOf({ arguments: given = [] }: ConstDirectiveNode): CacheHint {
  const valueOf = (name: string): (typeof given)[number]['value'] | undefined =>
    given.find(each => each.name.value === name)?.value
  const [maxAge, scope, inherit] = [valueOf('maxAge'), valueOf('scope'), valueOf('inheritMaxAge')]
  return {
    maxAge: maxAge?.kind === Kind.INT ? Math.max(0, Number(maxAge.value)) : undefined,
    scope:
      scope?.kind === Kind.ENUM && (scope.value === 'PUBLIC' || scope.value === 'PRIVATE')
        ? scope.value
        : undefined,
    inheritMaxAge: inherit?.kind === Kind.BOOLEAN && inherit.value,
  }
}

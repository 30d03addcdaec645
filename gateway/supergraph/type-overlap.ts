import { Kind } from 'graphql'
import type { DocumentNode } from 'graphql'

/** Answers whether a value of type `name` may satisfy a condition on type `condition`, @inaccessible types included. */
export interface TypeOverlap {
  overlaps(name: string, condition: string): boolean
  isObject(name: string): boolean
}

/** The object types of a supergraph, and those behind each of its interfaces and unions. */
export interface TypeMembers {
  readonly objects: ReadonlySet<string>
  readonly members: ReadonlyMap<string, ReadonlySet<string>>
}

export function typeMembers(supergraph: DocumentNode): TypeMembers {
  const objects = new Set<string>()
  const members = new Map<string, Set<string>>()
  const add = (abstract: string, object: string): void => {
    const known = members.get(abstract)
    if (known === undefined) members.set(abstract, new Set([object]))
    else known.add(object)
  }
  for (const definition of supergraph.definitions) {
    if (definition.kind === Kind.OBJECT_TYPE_DEFINITION) {
      objects.add(definition.name.value)
      for (const implemented of definition.interfaces ?? [])
        add(implemented.name.value, definition.name.value)
    } else if (definition.kind === Kind.UNION_TYPE_DEFINITION) {
      for (const member of definition.types ?? []) add(definition.name.value, member.name.value)
    }
  }
  return { objects, members }
}

export function typeOverlap({ objects, members }: TypeMembers): TypeOverlap {
  return {
    isObject: name => objects.has(name),
    overlaps(name, condition) {
      if (name === condition) return true
      if (objects.has(name)) return members.get(condition)?.has(name) === true
      // An abstract name comes from a subgraph that knows the interface only as an @interfaceObject.
      const mine = members.get(name)
      if (mine === undefined) return false
      if (objects.has(condition)) return mine.has(condition)
      return members.get(condition)?.isDisjointFrom(mine) === false
    },
  }
}

import { Kind, visit } from 'graphql'
import type { ConstDirectiveNode, DocumentNode } from 'graphql'

/**
 * The supergraph with every type's resolvable keys before its unresolvable ones. Apollo's planner takes a type's first
 * key for one it can resolve by; with `@key(resolvable: false)` first it plans fetches that no subgraph answers.
 */
export function resolvableKeysFirst(supergraph: DocumentNode): DocumentNode {
  const reorder = {
    enter<T extends { readonly directives?: readonly ConstDirectiveNode[] | undefined }>(node: T): T {
      const directives = node.directives ?? []
      const joins = directives.filter(directive => directive.name.value === 'join__type')
      if (!joins.some(isUnresolvable)) return node
      const rest = directives.filter(directive => directive.name.value !== 'join__type')
      const sorted = [...joins.filter(join => !isUnresolvable(join)), ...joins.filter(isUnresolvable)]
      return { ...node, directives: [...sorted, ...rest] }
    },
  }
  return visit(supergraph, { ObjectTypeDefinition: reorder, InterfaceTypeDefinition: reorder })
}

function isUnresolvable(join: ConstDirectiveNode): boolean {
  const value = join.arguments?.find(argument => argument.name.value === 'resolvable')?.value
  return value?.kind === Kind.BOOLEAN && !value.value
}

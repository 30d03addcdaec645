import { Kind, TypeInfo, visit } from 'graphql'
import type { ASTNode, DocumentNode, GraphQLError, GraphQLSchema } from 'graphql'
import type { Finding } from './finding.ts'

/**
 * The changes that have an operation refused although every answer of theirs would be fine: a field that answers fewer types
 * now, around a fragment on one of the others, or a field beside another of the same name whose type it no longer shares.
 * Looked for where the fault is; elsewhere only when a single field of the operation changed its type. Empty: none of them did it.
 */
export function causesOfRefusal(
  fault: GraphQLError,
  document: DocumentNode,
  base: GraphQLSchema,
  next: GraphQLSchema,
): readonly Finding[] {
  const nodes = new Set<ASTNode>(fault.nodes)
  const near = new Set<string>()
  const all = new Set<string>()
  const around: string[] = []
  const info = new TypeInfo(base)
  visit(document, {
    enter(node) {
      info.enter(node)
      if (node.kind === Kind.FIELD) {
        const coordinate = `${info.getParentType()?.name ?? ''}.${node.name.value}`
        around.push(coordinate)
        if (changed(coordinate, base, next)) all.add(coordinate)
      }
      const innermost = around.at(-1)
      if (nodes.has(node) && innermost !== undefined && all.has(innermost)) near.add(innermost)
    },
    leave(node) {
      info.leave(node)
      if (node.kind === Kind.FIELD) around.pop()
    },
  })
  const reason = fault.message.replace(/\.$/, '')
  const causes = near.size > 0 || all.size > 1 ? near : all
  return [...causes].map(coordinate => ({
    kind: 'FIELD_TYPE_CHANGED',
    coordinate,
    level: 'breaking',
    how: `selects ${coordinate} and is refused: ${reason}`,
  }))
}

function changed(coordinate: string, base: GraphQLSchema, next: GraphQLSchema): boolean {
  const [was, is] = [base, next].map(schema => typeText(coordinate, schema))
  return was !== undefined && is !== undefined && was !== is
}

function typeText(coordinate: string, schema: GraphQLSchema): string | undefined {
  const [type = '', field = ''] = coordinate.split('.')
  const owner = schema.getType(type)
  if (owner === undefined || !('getFields' in owner)) return undefined
  const found = owner.getFields()[field]
  return found === undefined ? undefined : String(found.type)
}

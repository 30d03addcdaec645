import { getNamedType, Kind, TypeInfo, visit } from 'graphql'
import type { DocumentNode, GraphQLSchema } from 'graphql'
import { kindOfType } from '../changes/changes-between.ts'
import type { Found } from './finding.ts'
import { examineSpread } from './possible-types.ts'

/** What happens to the fragments of an operation: to their conditions, and to what these mean where they stand. */
export function examineFragments(
  document: DocumentNode,
  base: GraphQLSchema,
  next: GraphQLSchema,
  found: Found,
): void {
  const conditions = new Map<string, string>()
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue
    const condition = definition.typeCondition.name.value
    conditions.set(definition.name.value, condition)
    examineCondition(condition, base, next, found)
  }
  const info = new TypeInfo(base)
  visit(document, {
    enter(node) {
      // Before a fragment is entered, the type is still the one around it.
      const parent = getNamedType(info.getType())?.name
      if (node.kind === Kind.INLINE_FRAGMENT || node.kind === Kind.FRAGMENT_SPREAD) {
        const inline = node.kind === Kind.INLINE_FRAGMENT
        const condition = inline ? node.typeCondition?.name.value : conditions.get(node.name.value)
        if (condition !== undefined && inline) examineCondition(condition, base, next, found)
        if (condition !== undefined && parent !== undefined)
          examineSpread(base, next, { parent, condition }, found)
      }
      info.enter(node)
    },
    leave(node) {
      info.leave(node)
    },
  })
}

function examineCondition(name: string, base: GraphQLSchema, next: GraphQLSchema, found: Found): void {
  const [type, now] = [base.getType(name), next.getType(name)]
  const how = `selects on ${name}`
  if (now === undefined) found({ kind: 'TYPE_REMOVED', coordinate: name, level: 'breaking', how })
  else if (type !== undefined && kindOfType(now) !== kindOfType(type))
    found({ kind: 'TYPE_KIND_CHANGED', coordinate: name, level: 'breaking', how })
}

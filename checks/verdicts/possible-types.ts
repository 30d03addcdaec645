import { isAbstractType, isCompositeType, isObjectType, isUnionType } from 'graphql'
import type { GraphQLNamedType, GraphQLSchema } from 'graphql'
import type { Finding, Found } from './finding.ts'

/** Names of the object types that objects of `name` can have. */
export function possibleTypes(schema: GraphQLSchema, name: string): ReadonlySet<string> {
  const type = schema.getType(name)
  if (isObjectType(type)) return new Set([name])
  return new Set(isAbstractType(type) ? schema.getPossibleTypes(type).map(each => each.name) : [])
}

/** The change by which `member` became, or is no longer, one of the types of `type`. */
export function implementationOf(
  type: GraphQLNamedType,
  member: string,
  what: 'ADDED' | 'REMOVED',
): Pick<Finding, 'kind' | 'coordinate'> {
  return isUnionType(type)
    ? { kind: `UNION_MEMBER_${what}`, coordinate: `${type.name}.${member}` }
    : { kind: `IMPLEMENTATION_${what}`, coordinate: `${member} implements ${type.name}` }
}

/** A fragment: selections on `condition` where objects of `parent` stand. */
interface Spread {
  readonly parent: string
  readonly condition: string
}

/** What happens to a fragment when types leave or join its unions and interfaces. */
export function examineSpread(base: GraphQLSchema, next: GraphQLSchema, spread: Spread, found: Found): void {
  const { parent, condition } = spread
  const [parentNow, conditionNow] = [next.getType(parent), next.getType(condition)]
  if (!isCompositeType(parentNow) || !isCompositeType(conditionNow) || parent === condition) return
  const [parentBefore, conditionBefore] = [possibleTypes(base, parent), possibleTypes(base, condition)]
  const [parentAfter, conditionAfter] = [possibleTypes(next, parent), possibleTypes(next, condition)]
  const matched = [...parentBefore].filter(name => conditionBefore.has(name))
  const stillMatches = [...parentAfter].some(name => conditionAfter.has(name))
  const how = `selects on ${condition} inside ${parent}`
  for (const name of matched) {
    if (next.getType(name) === undefined) {
      // Where others still match, objects of a type that is gone are just never answered.
      if (!stillMatches) found({ kind: 'TYPE_REMOVED', coordinate: name, level: 'breaking', how })
      continue
    }
    const leftCondition = !conditionAfter.has(name)
    const leftParent = !parentAfter.has(name)
    // Objects that are still answered lose what the fragment selects.
    if (leftCondition && (!stillMatches || !leftParent))
      found({ ...implementationOf(conditionNow, name, 'REMOVED'), level: 'breaking', how })
    if (leftParent && !stillMatches)
      found({ ...implementationOf(parentNow, name, 'REMOVED'), level: 'breaking', how })
  }
  for (const name of parentAfter) {
    // Objects that were answered before match now, and show more fields.
    if (!parentBefore.has(name) || conditionBefore.has(name) || !conditionAfter.has(name)) continue
    found({ ...implementationOf(conditionNow, name, 'ADDED'), level: 'dangerous', how })
  }
}

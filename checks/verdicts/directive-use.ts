import { isSpecifiedDirective, Kind, visit } from 'graphql'
import type { ASTNode, DirectiveNode, DocumentNode, GraphQLSchema } from 'graphql'
import { examineArguments } from './argument-use.ts'
import type { Found } from './finding.ts'
import type { GivenValues } from './given-values.ts'

/** What happens to the directives that an operation carries. */
export function examineDirectives(
  document: DocumentNode,
  base: GraphQLSchema,
  next: GraphQLSchema,
  given: GivenValues,
  found: Found,
): void {
  visit(document, {
    enter(node) {
      if (!('directives' in node) || node.directives === undefined) return
      for (const [index, directive] of node.directives.entries()) {
        const earlier = node.directives
          .slice(0, index)
          .some(other => other.name.value === directive.name.value)
        examineDirective(directive, { location: locationOf(node), repeated: earlier })
      }
    },
  })

  function examineDirective(node: DirectiveNode, use: { location: string; repeated: boolean }): void {
    const [directive, now] = [base.getDirective(node.name.value), next.getDirective(node.name.value)]
    if (!directive || isSpecifiedDirective(directive)) return
    const coordinate = `@${directive.name}`
    const how = `carries ${coordinate}`
    if (!now) return found({ kind: 'DIRECTIVE_REMOVED', coordinate, level: 'breaking', how })
    if (!new Set<string>(now.locations).has(use.location)) {
      const place = `${coordinate} on ${use.location}`
      found({
        kind: 'DIRECTIVE_LOCATION_REMOVED',
        coordinate: place,
        level: 'breaking',
        how: `carries ${place}`,
      })
    }
    if (use.repeated && !now.isRepeatable) {
      const twice = `${how} twice at one place`
      found({ kind: 'DIRECTIVE_REPEATABLE_REMOVED', coordinate, level: 'breaking', how: twice })
    }
    examineArguments(
      coordinate,
      { before: directive.args, after: now.args },
      node.arguments ?? [],
      { given, found },
      how,
    )
    return undefined
  }
}

/** The name the specification has for the place of a directive. */
function locationOf(node: ASTNode): string {
  if (node.kind === Kind.OPERATION_DEFINITION) return node.operation.toUpperCase()
  // `FragmentSpread` → `FRAGMENT_SPREAD`; every other place in an operation is named like its node.
  return node.kind.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
}

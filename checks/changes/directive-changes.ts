import { DirectiveLocation, isSpecifiedDirective } from 'graphql'
import type { GraphQLDirective, GraphQLSchema } from 'graphql'
import type { Change } from './change.ts'
import { argumentChanges, describedChange } from './member-changes.ts'

/** Places in operations, as opposed to places in schemas, which clients never write. */
const executable: ReadonlySet<string> = new Set([
  DirectiveLocation.QUERY,
  DirectiveLocation.MUTATION,
  DirectiveLocation.SUBSCRIPTION,
  DirectiveLocation.FIELD,
  DirectiveLocation.FRAGMENT_DEFINITION,
  DirectiveLocation.FRAGMENT_SPREAD,
  DirectiveLocation.INLINE_FRAGMENT,
  DirectiveLocation.VARIABLE_DEFINITION,
])

/** A gateway declares it, not a schema; whether a baseline has it depends on what has served it. */
const ofGateways: ReadonlySet<string> = new Set(['defer'])

/** What changed in the directives that the schemas declare; the specification's own and those of gateways are left out. */
export function directiveChanges(base: GraphQLSchema, next: GraphQLSchema): readonly Change[] {
  const [before, after] = [directivesOf(base), directivesOf(next)]
  const changes: Change[] = []
  for (const [name, directive] of before) {
    const now = after.get(name)
    if (now === undefined) changes.push(whole('DIRECTIVE_REMOVED', directive))
    else changes.push(...changesOfDirective(directive, now))
  }
  for (const [name, directive] of after) {
    if (!before.has(name)) changes.push(whole('DIRECTIVE_ADDED', directive))
  }
  return changes
}

function changesOfDirective(directive: GraphQLDirective, now: GraphQLDirective): readonly Change[] {
  const coordinate = `@${directive.name}`
  const changes: Change[] = [
    ...describedChange(coordinate, directive, now),
    ...argumentChanges(name => `${coordinate}(${name}:)`, directive.args, now.args),
  ]
  for (const location of directive.locations) {
    if (!now.locations.includes(location))
      changes.push(atLocation('DIRECTIVE_LOCATION_REMOVED', coordinate, location))
  }
  for (const location of now.locations) {
    if (!directive.locations.includes(location))
      changes.push(atLocation('DIRECTIVE_LOCATION_ADDED', coordinate, location))
  }
  if (directive.isRepeatable !== now.isRepeatable) {
    const kind = now.isRepeatable ? 'DIRECTIVE_REPEATABLE_ADDED' : 'DIRECTIVE_REPEATABLE_REMOVED'
    changes.push({ kind, coordinate })
  }
  return changes
}

function whole(kind: 'DIRECTIVE_ADDED' | 'DIRECTIVE_REMOVED', directive: GraphQLDirective): Change {
  const used = directive.locations.some(location => executable.has(location))
  return { kind, coordinate: `@${directive.name}`, executable: used }
}

function atLocation(
  kind: 'DIRECTIVE_LOCATION_ADDED' | 'DIRECTIVE_LOCATION_REMOVED',
  coordinate: string,
  location: string,
): Change {
  // Several places of one directive may change at once, and each is a change of its own.
  return { kind, coordinate: `${coordinate} on ${location}`, location, executable: executable.has(location) }
}

function directivesOf(schema: GraphQLSchema): ReadonlyMap<string, GraphQLDirective> {
  return new Map(
    schema
      .getDirectives()
      .filter(directive => !isSpecifiedDirective(directive) && !ofGateways.has(directive.name))
      .map(directive => [directive.name, directive]),
  )
}

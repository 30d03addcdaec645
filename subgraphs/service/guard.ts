import {
  type ConstDirectiveNode,
  type GraphQLFieldResolver,
  type GraphQLNamedType,
  type GraphQLSchema,
  defaultFieldResolver,
  getNamedType,
  isObjectType,
  valueFromASTUntyped,
} from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import type { Hop } from '../../kernel/hop.ts'

/** What the SDL asks of a caller: any of the lists, each with all of its scopes. No lists: being signed in is enough. */
interface Demand {
  readonly scopes: readonly (readonly string[])[]
}

/**
 * Makes every field keep what its SDL says with `@authenticated` and `@requiresScopes`, on the field, on its type and
 * on the type it is a field of. Changes `schema`. Nobody signed in: UNAUTHENTICATED; a scope missing: FORBIDDEN;
 * services of this deployment pass.
 */
export function guardSchema(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields())) {
      const demands = [
        ...demandsOf(field.astNode?.directives),
        ...demandsOfType(type),
        ...demandsOfType(getNamedType(field.type)),
      ]
      if (demands.length === 0) continue
      const name = `${type.name}.${field.name}`
      field.resolve = guarded(field.resolve ?? defaultFieldResolver, name, demands)
      if (field.subscribe !== undefined) field.subscribe = guarded(field.subscribe, name, demands)
    }
  }
}

function guarded(
  resolve: GraphQLFieldResolver<unknown, { readonly hop: Hop }>,
  field: string,
  demands: readonly Demand[],
): GraphQLFieldResolver<unknown, { readonly hop: Hop }> {
  return (source, args, context, info) => {
    for (const demand of demands) check(context.hop.principal, field, demand)
    return resolve(source, args, context, info)
  }
}

function check(principal: Hop['principal'], field: string, demand: Demand): void {
  if (principal === undefined) throw new EnneadError('UNAUTHENTICATED', `sign in to use ${field}`)
  if (principal.kind === 'service' || demand.scopes.length === 0) return
  if (demand.scopes.some(all => all.every(scope => principal.scopes.includes(scope)))) return
  const wanted = demand.scopes.map(all => all.join(' and ')).join(', or ')
  throw new EnneadError('FORBIDDEN', `${field} needs the scope ${wanted}`)
}

function demandsOfType(type: GraphQLNamedType): Demand[] {
  return [type.astNode, ...type.extensionASTNodes].flatMap(node => demandsOf(node?.directives))
}

function demandsOf(directives: readonly ConstDirectiveNode[] | undefined): Demand[] {
  return (directives ?? []).flatMap(directive => {
    switch (directive.name.value) {
      case 'authenticated':
        return [{ scopes: [] }]
      case 'requiresScopes':
        return [{ scopes: scopesOf(directive) }]
      default:
        return []
    }
  })
}

function scopesOf(directive: ConstDirectiveNode): readonly (readonly string[])[] {
  const value = directive.arguments?.find(argument => argument.name.value === 'scopes')?.value
  const lists: unknown = value === undefined ? undefined : valueFromASTUntyped(value)
  if (Array.isArray(lists) && lists.length > 0 && lists.every(isTextList)) return lists
  throw new EnneadError(
    'BAD_OPTION',
    '@requiresScopes needs scopes: a list of lists of texts that is not empty',
  )
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(one => typeof one === 'string')
}

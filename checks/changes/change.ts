import type { GraphQLInputType, GraphQLOutputType } from 'graphql'

/** A change at an argument of a field or directive, or at a field of an input object. */
export type InputPlace = 'ARGUMENT' | 'INPUT_FIELD'

/** What every change has. */
interface At {
  /**
   * The schema coordinate, which with `kind` names the change: `Product`, `Product.name`, `Product.name(lang:)`, `Color.RED`,
   * `@cached(for:)`. A union's member is `Result.Product`, an implementation `Product implements Node`, a root `query`.
   */
  readonly coordinate: string
}

/** One difference between what clients could use before and what they can use now. */
export type Change =
  | (At & { readonly kind: 'TYPE_ADDED' | 'TYPE_REMOVED'; readonly typeKind: string })
  | (At & { readonly kind: 'TYPE_KIND_CHANGED'; readonly from: string; readonly to: string })
  | (At & { readonly kind: 'FIELD_ADDED' | 'FIELD_REMOVED'; readonly deprecated: boolean })
  | (At & {
      readonly kind: 'FIELD_TYPE_CHANGED'
      readonly from: GraphQLOutputType
      readonly to: GraphQLOutputType
    })
  | (At & { readonly kind: `${InputPlace}_ADDED` | `REQUIRED_${InputPlace}_ADDED`; readonly type: string })
  | (At & { readonly kind: `${InputPlace}_REMOVED` })
  | (At & {
      readonly kind: `${InputPlace}_TYPE_CHANGED`
      readonly from: GraphQLInputType
      readonly to: GraphQLInputType
      /** Whoever leaves it out gets this, as GraphQL text. Undefined: there is no default now. */
      readonly fallback: string | undefined
    })
  | (At & {
      readonly kind: `${InputPlace}_DEFAULT_CHANGED`
      /** As GraphQL text; undefined: none. */
      readonly from: string | undefined
      readonly to: string | undefined
      /** It must be given now that nothing takes its place. */
      readonly required: boolean
    })
  | (At & { readonly kind: 'ENUM_VALUE_ADDED' | 'ENUM_VALUE_REMOVED'; readonly type: string })
  | (At & {
      readonly kind: 'UNION_MEMBER_ADDED' | 'UNION_MEMBER_REMOVED'
      readonly type: string
      readonly member: string
    })
  | (At & {
      readonly kind: 'IMPLEMENTATION_ADDED' | 'IMPLEMENTATION_REMOVED'
      readonly type: string
      readonly member: string
    })
  | (At & { readonly kind: 'ONE_OF_ADDED' | 'ONE_OF_REMOVED' })
  | (At & {
      readonly kind: 'SPECIFICATION_CHANGED'
      readonly from: string | undefined
      readonly to: string | undefined
    })
  | (At & {
      readonly kind: 'ROOT_TYPE_ADDED' | 'ROOT_TYPE_REMOVED' | 'ROOT_TYPE_CHANGED'
      readonly from: string | undefined
      readonly to: string | undefined
    })
  | (At & { readonly kind: 'DIRECTIVE_ADDED' | 'DIRECTIVE_REMOVED'; readonly executable: boolean })
  | (At & {
      readonly kind: 'DIRECTIVE_LOCATION_ADDED' | 'DIRECTIVE_LOCATION_REMOVED'
      readonly location: string
      readonly executable: boolean
    })
  | (At & { readonly kind: 'DIRECTIVE_REPEATABLE_ADDED' | 'DIRECTIVE_REPEATABLE_REMOVED' })
  | (At & { readonly kind: 'DEPRECATION_ADDED' | 'DEPRECATION_CHANGED'; readonly reason: string })
  | (At & { readonly kind: 'DEPRECATION_REMOVED' | 'DESCRIPTION_CHANGED' })

export type ChangeKind = Change['kind']

/** What tells a change from every other one between the same two schemas. */
export function changeKey(kind: ChangeKind, coordinate: string): string {
  return `${kind} ${coordinate}`
}

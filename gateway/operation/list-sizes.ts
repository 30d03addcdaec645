import { Kind, valueFromASTUntyped } from 'graphql'
import type { ArgumentNode, GraphQLField, GraphQLNamedType } from 'graphql'
import type { ListSize } from '../supergraph/cost-directives.ts'
import { refused } from './refusal.ts'
import type { VariableValues } from './variables.ts'

/** A number that is known from the document, or only with the variables of a request. */
export type Amount = number | ((variables: VariableValues) => number)

export interface SizeLimits {
  /** Items of a list whose size nothing tells. */
  readonly assumedListSize: number
  /** Most items that may be asked for with one argument. */
  readonly listSizeMax: number
}

/** Lists inside an object whose size was told at the field around them. */
export interface SizedList {
  readonly count: Amount
  readonly fields: readonly string[]
}

/** A field as an operation asks for it. */
interface AskedField {
  readonly parent: GraphQLNamedType
  readonly definition: GraphQLField<unknown, unknown>
  readonly given: readonly ArgumentNode[]
}

/**
 * How many items `declared` makes of a field: the largest of the slicing arguments given, or of their defaults;
 * `assumedSize` without them. The amount throws RequestRefused with BAD_USER_INPUT for arguments that cannot be sizes.
 */
export function sizing(declared: ListSize, asked: AskedField, limits: SizeLimits): SizedList {
  const { slicingArguments, sizedFields: fields } = declared
  const otherwise = declared.assumedSize ?? limits.assumedListSize
  if (slicingArguments.length === 0) return { count: otherwise, fields }
  const count = (variables: VariableValues): number => {
    const sizes = slicingArguments.map(name => sizeAt(name, asked, variables, limits))
    const given = sizes.filter(size => size.given)
    const known = (given.length > 0 ? given : sizes).flatMap(size => size.value ?? [])
    if (declared.requireOneSlicingArgument && (given.length > 1 || known.length === 0)) {
      throw wrong(asked, `needs exactly one of the arguments ${slicingArguments.join(', ')}`)
    }
    return known.length === 0 ? otherwise : Math.max(...known)
  }
  const variable = asked.given.some(
    ({ name, value }) => slicingArguments.includes(name.value) && value.kind === Kind.VARIABLE,
  )
  if (variable) return { count, fields }
  // The same for every request: wrong arguments are refused with the first one, and not kept.
  return { count: count({}), fields }
}

interface Size {
  readonly value: number | undefined
  /** By the client, not by default. */
  readonly given: boolean
}

function sizeAt(
  name: string,
  asked: AskedField,
  variables: VariableValues,
  { listSizeMax }: SizeLimits,
): Size {
  const node = asked.given.find(argument => argument.name.value === name)
  const stated = node && valueFromASTUntyped(node.value, { ...variables })
  const fallback = asked.definition.args.find(argument => argument.name === name)?.defaultValue
  const value: unknown = stated === undefined ? fallback : stated
  if (typeof value !== 'number') return { value: undefined, given: false }
  const shown = `the argument ${name}`
  if (value < 0) throw wrong(asked, `: ${shown} must not be negative, got ${value}`)
  if (value > listSizeMax) throw wrong(asked, `: ${shown} must be at most ${listSizeMax}, got ${value}`)
  return { value, given: stated !== undefined }
}

function wrong({ parent, definition }: AskedField, problem: string): ReturnType<typeof refused> {
  const field = `${parent.name}.${definition.name}`
  const text = problem.startsWith(':') ? `${field}${problem}` : `${field} ${problem}`
  return refused('BAD_USER_INPUT', text, { field })
}

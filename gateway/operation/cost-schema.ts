import {
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql'
import type {
  GraphQLArgument,
  GraphQLField,
  GraphQLInputType,
  GraphQLNamedType,
  GraphQLSchema,
} from 'graphql'
import type { CostDirectives, ListSize } from '../supergraph/cost-directives.ts'

/** What elements of one schema cost, by their directives and, where those say nothing, by the specification's defaults. */
export class CostSchema {
  readonly schema: GraphQLSchema
  readonly #directives: CostDirectives
  readonly #conventional: ReadonlySet<string>

  constructor(schema: GraphQLSchema, directives: CostDirectives, slicingArguments: readonly string[]) {
    this.schema = schema
    this.#directives = directives
    this.#conventional = new Set(slicingArguments)
  }

  /** Of one value of a field: objects cost 1, scalars and enums nothing. Of an interface's field the most of any type's. */
  weightOfField(parent: GraphQLNamedType, field: GraphQLField<unknown, unknown>): number {
    const own = this.#mostOf(parent, type => this.#directives.weights.get(`${type}.${field.name}`))
    if (own !== undefined) return own
    const type = getNamedType(field.type)
    const typed = this.#mostOf(type, name => this.#directives.weights.get(name))
    return typed ?? (isLeafType(type) ? 0 : 1)
  }

  listSize(parent: GraphQLNamedType, field: GraphQLField<unknown, unknown>): ListSize | undefined {
    for (const type of this.#typesOf(parent)) {
      const declared = this.#directives.listSizes.get(`${type}.${field.name}`)
      if (declared !== undefined) return declared
    }
    const slicing = field.args.filter(
      argument => this.#conventional.has(argument.name) && isInt(argument.type),
    )
    if (slicing.length === 0) return undefined
    return {
      assumedSize: undefined,
      slicingArguments: slicing.map(({ name }) => name),
      sizedFields: listsInside(field),
      requireOneSlicingArgument: false,
    }
  }

  /** Of one value given for an argument: input objects cost 1 and what is in them, everything else nothing. */
  costOfArgument(parent: GraphQLNamedType, field: string, argument: GraphQLArgument, value: unknown): number {
    const weight = this.#mostOf(parent, type =>
      this.#directives.weights.get(`${type}.${field}(${argument.name}:)`),
    )
    return this.#costOfValue(argument.type, weight, value)
  }

  #costOfValue(type: GraphQLInputType, weight: number | undefined, value: unknown): number {
    if (value === null || value === undefined) return 0
    if (isNonNullType(type)) return this.#costOfValue(type.ofType, weight, value)
    if (isListType(type)) {
      const items: readonly unknown[] = Array.isArray(value) ? value : [value]
      return items.reduce((sum: number, item) => sum + this.#costOfValue(type.ofType, weight, item), 0)
    }
    const own = weight ?? this.#directives.weights.get(type.name)
    if (!isInputObjectType(type)) return own ?? 0
    const fields = type.getFields()
    let cost = own ?? 1
    for (const [name, inner] of Object.entries(value)) {
      const field = fields[name]
      if (field === undefined) continue
      cost += this.#costOfValue(field.type, this.#directives.weights.get(`${type.name}.${name}`), inner)
    }
    return cost
  }

  #mostOf(type: GraphQLNamedType, weightOf: (name: string) => number | undefined): number | undefined {
    let most = weightOf(type.name)
    if (most !== undefined) return most
    for (const name of this.#typesOf(type)) {
      const weight = weightOf(name)
      if (weight !== undefined && (most === undefined || weight > most)) most = weight
    }
    return most
  }

  /** The type itself, then what a value of it can be. */
  *#typesOf(type: GraphQLNamedType): Iterable<string> {
    yield type.name
    if (!isAbstractType(type)) return
    for (const possible of this.schema.getPossibleTypes(type)) yield possible.name
  }
}

export function isListField(field: GraphQLField<unknown, unknown>): boolean {
  return isListType(isNonNullType(field.type) ? field.type.ofType : field.type)
}

/** None when the field is a list itself. */
function listsInside(field: GraphQLField<unknown, unknown>): readonly string[] {
  if (isListField(field)) return []
  const type = getNamedType(field.type)
  if (!('getFields' in type) || isInputObjectType(type)) return []
  return Object.values(type.getFields())
    .filter(isListField)
    .map(({ name }) => name)
}

function isInt(type: GraphQLInputType): boolean {
  const inner = isNonNullType(type) ? type.ofType : type
  return 'name' in inner && inner.name === 'Int'
}

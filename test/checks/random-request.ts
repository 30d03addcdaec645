import {
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import type {
  GraphQLArgument,
  GraphQLCompositeType,
  GraphQLInputField,
  GraphQLInputType,
  GraphQLSchema,
} from 'graphql'

/** An operation with variables, and values for them, that `schema` takes; made of a tape of numbers. */
export interface RandomRequest {
  readonly text: string
  readonly variables: Readonly<Record<string, unknown>>
}

export function randomRequest(schema: GraphQLSchema, tape: readonly number[]): RandomRequest {
  const writer = new Writer(schema, tape)
  const query = schema.getQueryType()
  if (!query) throw new Error('a schema needs a query type')
  const selections = writer.selections(query, 4)
  const declared = writer.declarations.length === 0 ? '' : `(${writer.declarations.join(', ')})`
  return { text: `query Q${declared} ${selections}`, variables: writer.variables }
}

class Writer {
  readonly declarations: string[] = []
  readonly variables: Record<string, unknown> = {}
  readonly #schema: GraphQLSchema
  readonly #tape: readonly number[]
  #at = 0

  constructor(schema: GraphQLSchema, tape: readonly number[]) {
    this.#schema = schema
    this.#tape = tape
  }

  selections(type: GraphQLCompositeType, depth: number): string {
    const parts = Array.from({ length: 1 + this.#next(3) }, () => this.#selection(type, depth))
    return `{ ${parts.join(' ')} }`
  }

  #selection(type: GraphQLCompositeType, depth: number): string {
    const fields = 'getFields' in type ? Object.values(type.getFields()) : []
    if (depth > 0 && (fields.length === 0 || this.#next(4) === 3)) {
      const conditions = Object.values(this.#schema.getTypeMap()).filter(
        (other): other is GraphQLCompositeType =>
          (isObjectType(other) || isInterfaceType(other)) && !other.name.startsWith('__'),
      )
      const condition = conditions[this.#next(conditions.length)]
      if (condition !== undefined) return `... on ${condition.name} ${this.selections(condition, depth - 1)}`
    }
    const usable = fields.filter(field => depth > 0 || !isCompositeType(getNamedType(field.type)))
    const field = usable[this.#next(usable.length)]
    if (field === undefined || this.#next(8) === 7) return '__typename'
    const inner = getNamedType(field.type)
    const selections = isCompositeType(inner) ? ` ${this.selections(inner, depth - 1)}` : ''
    return `${field.name}${this.#arguments(field.args)}${selections}`
  }

  #arguments(declared: readonly GraphQLArgument[]): string {
    const given = declared.flatMap(argument => {
      const value = this.#slot(argument)
      return value === undefined ? [] : [`${argument.name}: ${value}`]
    })
    return given.length === 0 ? '' : `(${given.join(', ')})`
  }

  /** A literal, a variable, or undefined: left out. */
  #slot(input: GraphQLArgument | GraphQLInputField): string | undefined {
    const { type, defaultValue } = input
    const optional = !isNonNullType(type) || defaultValue !== undefined
    const way = this.#next(optional ? 4 : 3)
    if (way === 3) return undefined
    return way === 0 ? this.#literal(type, 2) : this.#variable(type, defaultValue !== undefined)
  }

  #variable(type: GraphQLInputType, fallback: boolean): string {
    const name = `v${this.declarations.length}`
    const bare = isNonNullType(type) ? type.ofType : type
    const strict = isNonNullType(type) && !fallback
    // A variable may promise more than its place asks for, or be excused by a default.
    const form = this.#next(3)
    const own = form === 2 ? ` = ${this.#constant(bare, 1)}` : ''
    const required = form === 1 || (strict && own === '')
    this.declarations.push(`$${name}: ${String(bare)}${required ? '!' : ''}${own}`)
    const value = this.#value(bare, 2)
    if (required || value !== null) {
      if (required || this.#next(3) > 0) this.variables[name] = required ? this.#some(bare) : value
    } else if (!isNonNullType(type)) this.variables[name] = null
    return `$${name}`
  }

  #literal(type: GraphQLInputType, depth: number): string {
    if (!isNonNullType(type) && this.#next(5) === 4) return 'null'
    return this.#constant(isNonNullType(type) ? type.ofType : type, depth, true)
  }

  #constant(type: GraphQLInputType, depth: number, mayUseVariables = false): string {
    if (isNonNullType(type)) return this.#constant(type.ofType, depth, mayUseVariables)
    if (isListType(type)) return `[${this.#constant(type.ofType, depth, mayUseVariables)}]`
    if (isEnumType(type)) return type.getValues()[this.#next(type.getValues().length)]?.name ?? 'null'
    if (!isInputObjectType(type)) return { Int: '7', Float: '7', Boolean: 'true' }[type.name] ?? '"x"'
    const fields = Object.values(type.getFields()).flatMap(field => {
      const required = isNonNullType(field.type) && field.defaultValue === undefined
      if (!required && (depth === 0 || this.#next(2) === 0)) return []
      const value = mayUseVariables && depth > 1 ? this.#slot(field) : this.#constant(field.type, depth - 1)
      return value === undefined ? [] : [`${field.name}: ${value}`]
    })
    return `{ ${fields.join(', ')} }`
  }

  #some(type: GraphQLInputType): unknown {
    return this.#value(type, 2) ?? (isListType(type) ? [] : this.#leaf(type))
  }

  #leaf(type: GraphQLInputType): unknown {
    if (isEnumType(type)) return type.getValues()[0]?.name
    if (isInputObjectType(type)) return this.#object(type, 0)
    return { Int: 7, Float: 7, Boolean: true }[String(type)] ?? 'x'
  }

  /** JSON that fits the type, null among it where it may be. */
  #value(type: GraphQLInputType, depth: number): unknown {
    if (isNonNullType(type)) return this.#value(type.ofType, depth) ?? this.#leaf(type.ofType)
    if (this.#next(4) === 3) return null
    if (isListType(type)) return [this.#value(type.ofType, depth)]
    if (isEnumType(type)) return type.getValues()[this.#next(type.getValues().length)]?.name ?? null
    return isInputObjectType(type) ? this.#object(type, depth) : this.#leaf(type)
  }

  #object(
    type: GraphQLInputType & { getFields(): Record<string, GraphQLInputField> },
    depth: number,
  ): unknown {
    const fields = Object.values(type.getFields()).filter(field => {
      const required = isNonNullType(field.type) && field.defaultValue === undefined
      return required || (depth > 0 && this.#next(2) === 1)
    })
    return Object.fromEntries(fields.map(field => [field.name, this.#value(field.type, depth - 1)]))
  }

  #next(below: number): number {
    const value = this.#tape[this.#at++] ?? 0
    return below === 0 ? 0 : value % below
  }
}

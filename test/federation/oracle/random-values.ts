import {
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  parseValue,
  valueFromASTUntyped,
} from 'graphql'
import type { GraphQLArgument, GraphQLInputType } from 'graphql'
import type { Random } from './random.ts'

interface Variable {
  readonly name: string
  readonly type: string
  readonly default: string | undefined
  /** As a literal; undefined: not given. */
  readonly given: string | undefined
}

/** Arguments and variables of one operation: literals, variables at every depth, defaults, nulls and nothing at all. */
export class RandomValues {
  readonly #random: Random
  readonly #variables: Variable[] = []
  #conditions = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** `name: value`; nothing when it is left out. */
  argument({ name, type, defaultValue }: GraphQLArgument): readonly string[] {
    const required = isNonNullType(type) && defaultValue === undefined
    if (!required && this.#random.chance(35)) return []
    return [`${name}: ${this.#value(type, 2)}`]
  }

  /** A boolean variable for @skip or @include; few, so that conditions meet each other. */
  condition(): string {
    if (this.#conditions > 0 && this.#random.chance(50)) return `$if${this.#random.below(this.#conditions)}`
    const name = `if${this.#conditions++}`
    const given = this.#random.pick(['true', 'false'])
    const byDefault = this.#random.chance(25)
    this.#variables.push(
      byDefault
        ? { name, type: this.#random.pick(['Boolean', 'Boolean!']), default: given, given: undefined }
        : { name, type: 'Boolean!', default: undefined, given },
    )
    return `$${name}`
  }

  definitions(): string {
    const all = this.#variables.map(
      ({ name, type, default: byDefault }) =>
        `$${name}: ${type}${byDefault === undefined ? '' : ` = ${byDefault}`}`,
    )
    return all.length === 0 ? '' : `(${all.join(', ')})`
  }

  variables(): Record<string, unknown> {
    const given = this.#variables.filter(variable => variable.given !== undefined)
    return Object.fromEntries(
      given.map(({ name, given = 'null' }) => [name, valueFromASTUntyped(parseValue(given))]),
    )
  }

  #value(type: GraphQLInputType, depth: number): string {
    return this.#random.chance(35) ? this.#variable(type) : this.#literal(type, depth)
  }

  #variable(type: GraphQLInputType): string {
    const name =
      this.#random.chance(5) && this.#variables.every(each => each.name !== 'representations')
        ? 'representations'
        : `v${this.#variables.length}`
    const nullable = getNullableType(type)
    const fixed = (): string => this.#literal(nullable, 1, false)
    if (isNonNullType(type)) {
      this.#variables.push(
        this.#random.chance(30)
          ? { name, type: String(nullable), default: fixed(), given: undefined }
          : { name, type: String(type), default: undefined, given: fixed() },
      )
      return `$${name}`
    }
    const given = this.#random.chance(25) ? undefined : this.#random.pick(['null', fixed(), fixed()])
    this.#variables.push({
      name,
      type: String(type),
      default: this.#random.chance(25) ? fixed() : undefined,
      given,
    })
    return `$${name}`
  }

  #literal(type: GraphQLInputType, depth: number, variables = true): string {
    const random = this.#random
    if (isNonNullType(type)) return this.#literal(type.ofType, depth, variables)
    const inner = (each: GraphQLInputType): string =>
      variables && random.chance(15) ? this.#variable(each) : this.#literal(each, depth - 1, variables)
    if (isListType(type)) {
      const items = Array.from({ length: random.below(3) }, () => inner(type.ofType))
      // A single value stands for a list of it.
      return random.chance(15) ? this.#literal(type.ofType, depth - 1, false) : `[${items.join(', ')}]`
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter(
        field => random.chance(50) && (depth > 0 || !isInputObjectType(getNullableType(field.type))),
      )
      return `{ ${fields.map(field => `${field.name}: ${inner(field.type)}`).join(', ')} }`
    }
    if (isEnumType(type)) return random.pick(type.getValues()).name
    switch (type.name) {
      case 'Int':
        return random.pick(['0', '1', '-7', '2147483647'])
      case 'Boolean':
        return random.pick(['true', 'false'])
      case 'Float':
        return random.pick(['0.5', '-1', '1e10'])
      case 'ID':
        return random.pick(['"x"', '7', '"ünï \\" \\\\ \\u0007"'])
      case 'Json':
        return random.pick(['{ a: [1, null, { b: "c" }] }', '[]', '"s"', '1.5', '{ __typename: "Query" }'])
      default:
        return random.pick(['""', '"text"', '"日本 \\"q\\" \\n"', '"""block "quoted" text"""'])
    }
  }
}

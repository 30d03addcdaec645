import { isAbstractType, isCompositeType, isObjectType, getNamedType } from 'graphql'
import type { GraphQLCompositeType, GraphQLField, GraphQLSchema } from 'graphql'

/** An operation made of a tape of random numbers; a shorter tape or smaller numbers make a simpler one. */
export function randomOperation(schema: GraphQLSchema, tape: readonly number[]): string {
  const query = schema.getQueryType()
  if (!query) throw new Error('a schema needs a query type')
  const writer = new Writer(schema, tape)
  const root = writer.selections(query, 5)
  return `query ($yes: Boolean! = true, $no: Boolean!, $two: Int) ${root} ${writer.fragments.join(' ')}`
}

/** Names that a plan uses for itself are worth trying. */
const aliases = ['id', 'title', 'name', 'age', 'size', '__typename', 'a', 'b', 'w', '_e0_id', 'name__alias_0']

class Writer {
  readonly fragments: string[] = []
  readonly #schema: GraphQLSchema
  readonly #tape: readonly number[]
  #at = 0

  constructor(schema: GraphQLSchema, tape: readonly number[]) {
    this.#schema = schema
    this.#tape = tape
  }

  selections(type: GraphQLCompositeType, depth: number): string {
    const count = 1 + this.#next(3)
    const parts: string[] = []
    for (let index = 0; index < count; index++) parts.push(this.#selection(type, depth))
    return `{ ${parts.join(' ')} }`
  }

  #selection(type: GraphQLCompositeType, depth: number): string {
    const fields = 'getFields' in type ? Object.values(type.getFields()) : []
    const fragment = fields.length === 0 ? this.#next(5) > 0 : this.#next(5) === 4
    if (fragment && depth > 0) return this.#fragment(type, depth - 1)
    const usable = fields.filter(field => depth > 0 || !isCompositeType(getNamedType(field.type)))
    const field = usable[this.#next(usable.length)]
    if (field === undefined || this.#next(12) === 11) return `${this.#alias()}__typename`
    return this.#field(field, depth)
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const type = getNamedType(field.type)
    const inner = isCompositeType(type) ? ` ${this.selections(type, depth - 1)}` : ''
    return `${this.#alias()}${field.name}${this.#arguments(field)}${this.#condition()}${inner}`
  }

  #fragment(type: GraphQLCompositeType, depth: number): string {
    const candidates = Object.values(this.#schema.getTypeMap()).filter(
      (other): other is GraphQLCompositeType => isCompositeType(other) && this.#overlap(type, other),
    )
    const condition = candidates[this.#next(candidates.length)] ?? type
    const body = this.selections(condition, depth)
    if (this.#next(3) < 2) return `... on ${condition.name}${this.#condition()} ${body}`
    const name = `F${this.fragments.length}`
    this.fragments.push(`fragment ${name} on ${condition.name} ${body}`)
    return `...${name}${this.#condition()}`
  }

  #overlap(a: GraphQLCompositeType, b: GraphQLCompositeType): boolean {
    if (b.name.startsWith('__')) return false
    const objects = (type: GraphQLCompositeType): readonly string[] =>
      isAbstractType(type)
        ? this.#schema.getPossibleTypes(type).map(({ name }) => name)
        : isObjectType(type)
          ? [type.name]
          : []
    return objects(a).some(name => objects(b).includes(name))
  }

  #arguments(field: GraphQLField<unknown, unknown>): string {
    const given = field.args.flatMap(({ name, type }) => {
      const required = String(type).endsWith('!')
      if (!required && this.#next(2) === 0) return []
      if (String(type).startsWith('ID')) return [`${name}: "${['User1', 'none', 'User3'][this.#next(3)]}"`]
      if (String(type) === 'Boolean') return [`${name}: ${['true', 'false', '$yes', 'null'][this.#next(4)]}`]
      return [`${name}: ${['1', '$two', 'null', '0'][this.#next(4)]}`]
    })
    return given.length === 0 ? '' : `(${given.join(', ')})`
  }

  #alias(): string {
    return this.#next(4) === 3 ? `${aliases[this.#next(aliases.length)]}: ` : ''
  }

  #condition(): string {
    const kind = this.#next(12)
    if (kind < 8) return ''
    return (
      [' @skip(if: $no)', ' @include(if: $no)', ' @include(if: $yes)', ' @skip(if: true)'][kind - 8] ?? ''
    )
  }

  /** 0 when the tape has ended, the simplest choice everywhere. */
  #next(below: number): number {
    const value = this.#tape[this.#at++] ?? 0
    return below === 0 ? 0 : value % below
  }
}

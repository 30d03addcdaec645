import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isSpecifiedScalarType,
  Kind,
  typeFromAST,
} from 'graphql'
import type {
  GraphQLArgument,
  GraphQLInputField,
  GraphQLInputObjectType,
  GraphQLInputType,
  GraphQLNamedType,
  GraphQLSchema,
  ObjectValueNode,
  ValueNode,
  VariableDefinitionNode,
  VariableNode,
} from 'graphql'
import type { InputPlace } from '../changes/change.ts'
import { defaultText, isRequired } from '../changes/member-changes.ts'
import type { Found } from './finding.ts'

/** An argument or input field in both schemas, and how findings name it. */
export interface InputSlot {
  readonly place: InputPlace
  readonly coordinate: string
  readonly before: GraphQLArgument | GraphQLInputField
  readonly after: GraphQLArgument | GraphQLInputField
}

/** Types of one position inside a slot: the slot's own, or those of items of its lists. */
interface Position {
  readonly slot: InputSlot
  readonly from: GraphQLInputType
  readonly to: GraphQLInputType
  /** Only at the slot itself does its default take the place of what is missing. */
  readonly fallback: boolean
}

/** What happens to the values that one operation writes down, and to the places where it writes none. */
export class GivenValues {
  readonly #next: GraphQLSchema
  readonly #variables: ReadonlyMap<string, VariableDefinitionNode>
  readonly #found: Found

  constructor(next: GraphQLSchema, variables: ReadonlyMap<string, VariableDefinitionNode>, found: Found) {
    this.#next = next
    this.#variables = variables
    this.#found = found
  }

  /** @param value What stands in the slot; undefined: it was left out. */
  at(slot: InputSlot, value: ValueNode | undefined): void {
    const { before, after } = slot
    if (value === undefined) this.#leftOut(slot)
    else this.#value({ slot, from: before.type, to: after.type, fallback: true }, value)
  }

  #leftOut(slot: InputSlot): void {
    const { place, coordinate, before, after } = slot
    const [from, to] = [defaultText(before), defaultText(after)]
    const required = isRequired(after) && !isRequired(before)
    if (required && from === undefined) {
      this.#found({
        kind: `${place}_TYPE_CHANGED`,
        coordinate,
        level: 'breaking',
        how: `leaves ${coordinate} out`,
      })
    } else if (from !== to) {
      const kind = `${place}_DEFAULT_CHANGED` as const
      this.#found({
        kind,
        coordinate,
        level: required ? 'breaking' : 'dangerous',
        how: `leaves ${coordinate} out`,
      })
    }
  }

  #value(position: Position, value: ValueNode): void {
    const { from, to } = position
    if (value.kind === Kind.VARIABLE) this.#variable(position, value)
    else if (value.kind === Kind.NULL) {
      if (isNonNullType(to)) this.#unfit(position, 'passes null for')
    } else if (isNonNullType(from) || isNonNullType(to)) {
      const inner = { from: isNonNullType(from) ? from.ofType : from, to: isNonNullType(to) ? to.ofType : to }
      this.#value({ ...position, ...inner }, value)
    } else if (isListType(to)) {
      // One value is taken as a list of one.
      const inner = { from: isListType(from) ? from.ofType : from, to: to.ofType, fallback: false }
      const items = value.kind === Kind.LIST ? value.values : [value]
      for (const item of items) this.#value({ ...position, ...inner }, item)
    } else if (isListType(from) && value.kind !== Kind.LIST) {
      this.#value({ ...position, from: from.ofType, fallback: false }, value)
    } else this.#named(position, value, getNamedType(from), to)
  }

  #named(position: Position, value: ValueNode, was: GraphQLNamedType, to: GraphQLNamedType): void {
    if (isInputObjectType(to)) {
      if (value.kind !== Kind.OBJECT || !isInputObjectType(was)) this.#unfit(position, 'passes a value for')
      else if (was.name === to.name) this.#object(value, was, to)
      else this.#otherObject(position, value, to)
    } else if (isEnumType(to)) {
      if (value.kind === Kind.ENUM && to.getValue(value.value)) return
      const gone = value.kind === Kind.ENUM && was.name === to.name
      if (gone) {
        const coordinate = `${to.name}.${value.value}`
        this.#found({
          kind: 'ENUM_VALUE_REMOVED',
          coordinate,
          level: 'breaking',
          how: `passes ${coordinate}`,
        })
      } else this.#unfit(position, 'passes a value for')
    } else if (isLeafType(to)) this.#scalar(position, value, was, to)
  }

  #scalar(position: Position, value: ValueNode, was: GraphQLNamedType, to: GraphQLNamedType): void {
    const { coordinate, place } = position.slot
    if (!isLeafType(to)) return
    if (was.name === to.name) {
      const [before, now] = [urlOf(was), urlOf(to)]
      if (before === now) return
      const how = `passes ${to.name} for ${coordinate}`
      this.#found({ kind: 'SPECIFICATION_CHANGED', coordinate: to.name, level: 'dangerous', how })
    } else if (!isSpecifiedScalarType(to)) {
      const how = `passes a value for ${coordinate}, which the scalar ${to.name} may not take`
      this.#found({ kind: `${place}_TYPE_CHANGED`, coordinate, level: 'dangerous', how })
    } else if (!takesLiteral(to.name, value)) this.#unfit(position, 'passes a value for')
  }

  #object(value: ObjectValueNode, was: GraphQLInputObjectType, to: GraphQLInputObjectType): void {
    const given = new Map(value.fields.map(field => [field.name.value, field.value]))
    const [before, after] = [was.getFields(), to.getFields()]
    for (const [name, field] of Object.entries(before)) {
      const coordinate = `${to.name}.${name}`
      const now = after[name]
      if (now !== undefined)
        this.at({ place: 'INPUT_FIELD', coordinate, before: field, after: now }, given.get(name))
      else if (given.has(name))
        this.#found({
          kind: 'INPUT_FIELD_REMOVED',
          coordinate,
          level: 'breaking',
          how: `passes ${coordinate}`,
        })
    }
    for (const [name, field] of Object.entries(after)) {
      if (before[name] !== undefined || !isRequired(field)) continue
      const coordinate = `${to.name}.${name}`
      const how = `passes ${to.name} without ${name}`
      this.#found({ kind: 'REQUIRED_INPUT_FIELD_ADDED', coordinate, level: 'breaking', how })
    }
    if (to.isOneOf && !was.isOneOf && !this.#isOneOf(value)) {
      const how = `passes ${to.name} with more or fewer than one field that is not null`
      this.#found({ kind: 'ONE_OF_ADDED', coordinate: to.name, level: 'breaking', how })
    }
  }

  #otherObject(position: Position, value: ObjectValueNode, to: GraphQLInputObjectType): void {
    const given = new Set(value.fields.map(field => field.name.value))
    const fields = to.getFields()
    const lacks = Object.values(fields).some(field => isRequired(field) && !given.has(field.name))
    const unknown = value.fields.some(field => fields[field.name.value] === undefined)
    // What its fields hold may fit or not; nobody declares another type for the same values.
    if (lacks || unknown || value.fields.length > 0) this.#unfit(position, 'passes an object for')
  }

  #isOneOf(value: ObjectValueNode): boolean {
    const only = value.fields[0]?.value
    if (only === undefined || value.fields.length > 1 || only.kind === Kind.NULL) return false
    return (
      only.kind !== Kind.VARIABLE || this.#variables.get(only.name.value)?.type.kind === Kind.NON_NULL_TYPE
    )
  }

  /** The rule of the specification on variables (5.8.5), and what becomes of a variable that is not given. */
  #variable(position: Position, { name: { value: name } }: VariableNode): void {
    const definition = this.#variables.get(name)
    const { slot, to, from, fallback } = position
    const { place, coordinate, before, after } = slot
    if (definition === undefined) return
    const type = typeFromAST(this.#next, definition.type)
    // A variable of a type that is gone is told where it is declared.
    if (type === undefined) return
    const nullable = !isNonNullType(type)
    const ownDefault = definition.defaultValue !== undefined && definition.defaultValue.kind !== Kind.NULL
    const [was, is] = fallback ? [defaultText(before), defaultText(after)] : [undefined, undefined]
    const excused = ownDefault || is !== undefined
    const reached = nullable && isNonNullType(to) && excused ? to.ofType : to
    if (!fits(String(type), reached)) {
      const onlyDefault = String(from) === String(to) && was !== is
      const kind = onlyDefault ? (`${place}_DEFAULT_CHANGED` as const) : (`${place}_TYPE_CHANGED` as const)
      const how = `passes $${name}: ${String(type)} for ${coordinate}`
      this.#found({ kind, coordinate, level: 'breaking', how })
      return
    }
    if (nullable && isNonNullType(to) && !isNonNullType(from)) {
      const how = `passes $${name}: ${String(type)} for ${coordinate}, which fails when it is null`
      this.#found({ kind: `${place}_TYPE_CHANGED`, coordinate, level: 'dangerous', how })
    }
    if (nullable && was !== is && definition.defaultValue === undefined) {
      const how = `leaves ${coordinate} out when $${name} is not given`
      this.#found({ kind: `${place}_DEFAULT_CHANGED`, coordinate, level: 'dangerous', how })
    }
  }

  #unfit({ slot }: Position, does: string): void {
    const { place, coordinate } = slot
    const how = `${does} ${coordinate}`
    this.#found({ kind: `${place}_TYPE_CHANGED`, coordinate, level: 'breaking', how })
  }
}

/** May a variable of type `variable` stand where `location` is expected? Both name the same types, so text is enough. */
function fits(variable: string, location: GraphQLInputType): boolean {
  if (isNonNullType(location)) return variable.endsWith('!') && fits(variable.slice(0, -1), location.ofType)
  const bare = variable.endsWith('!') ? variable.slice(0, -1) : variable
  if (isListType(location)) return bare.startsWith('[') && fits(bare.slice(1, -1), location.ofType)
  return bare === location.name
}

const literals: ReadonlyMap<string, readonly Kind[]> = new Map([
  ['Int', [Kind.INT]],
  ['Float', [Kind.INT, Kind.FLOAT]],
  ['String', [Kind.STRING]],
  ['ID', [Kind.STRING, Kind.INT]],
  ['Boolean', [Kind.BOOLEAN]],
])

function takesLiteral(scalar: string, value: ValueNode): boolean {
  return literals.get(scalar)?.includes(value.kind) === true
}

function urlOf(type: GraphQLNamedType): string | undefined {
  return 'specifiedByURL' in type ? (type.specifiedByURL ?? undefined) : undefined
}

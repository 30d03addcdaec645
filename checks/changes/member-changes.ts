import { astFromValue, isRequiredArgument, isRequiredInputField, print } from 'graphql'
import type {
  GraphQLArgument,
  GraphQLField,
  GraphQLInputField,
  GraphQLInputObjectType,
  GraphQLInterfaceType,
  GraphQLObjectType,
} from 'graphql'
import type { Change, InputPlace } from './change.ts'

type Fielded = GraphQLObjectType | GraphQLInterfaceType

/** What changed in the fields of a type that both schemas have. */
export function fieldChanges(type: Fielded, other: Fielded): readonly Change[] {
  const [before, after] = [type.getFields(), other.getFields()]
  const changes: Change[] = []
  for (const [name, field] of Object.entries(before)) {
    const coordinate = `${type.name}.${name}`
    const now = after[name]
    if (now === undefined)
      changes.push({
        kind: 'FIELD_REMOVED',
        coordinate,
        deprecated: typeof field.deprecationReason === 'string',
      })
    else changes.push(...changesOfField(coordinate, field, now))
  }
  for (const [name, field] of Object.entries(after)) {
    if (before[name] !== undefined) continue
    const deprecated = typeof field.deprecationReason === 'string'
    changes.push({ kind: 'FIELD_ADDED', coordinate: `${type.name}.${name}`, deprecated })
  }
  return changes
}

type OutputField = GraphQLField<unknown, unknown>

function changesOfField(coordinate: string, field: OutputField, now: OutputField): readonly Change[] {
  const changes: Change[] = [
    ...describedChange(coordinate, field, now),
    ...deprecationChanges(coordinate, field, now),
    ...argumentChanges(name => `${coordinate}(${name}:)`, field.args, now.args),
  ]
  if (String(field.type) !== String(now.type))
    changes.push({ kind: 'FIELD_TYPE_CHANGED', coordinate, from: field.type, to: now.type })
  return changes
}

/** What changed in the arguments of one field or directive. */
export function argumentChanges(
  at: (name: string) => string,
  before: readonly GraphQLArgument[],
  after: readonly GraphQLArgument[],
): readonly Change[] {
  return inputChanges('ARGUMENT', at, byName(before), byName(after))
}

/** What changed in the fields of an input object that both schemas have. */
export function inputFieldChanges(
  type: GraphQLInputObjectType,
  other: GraphQLInputObjectType,
): readonly Change[] {
  const at = (name: string): string => `${type.name}.${name}`
  const [before, after] = [Object.values(type.getFields()), Object.values(other.getFields())]
  return inputChanges('INPUT_FIELD', at, byName(before), byName(after))
}

type Input = GraphQLArgument | GraphQLInputField

function inputChanges(
  place: InputPlace,
  at: (name: string) => string,
  before: ReadonlyMap<string, Input>,
  after: ReadonlyMap<string, Input>,
): readonly Change[] {
  const changes: Change[] = []
  for (const [name, input] of before) {
    const now = after.get(name)
    if (now === undefined) changes.push({ kind: `${place}_REMOVED`, coordinate: at(name) })
    else changes.push(...changesOfInput(place, at(name), input, now))
  }
  for (const [name, input] of after) {
    if (before.has(name)) continue
    const kind = isRequired(input) ? (`REQUIRED_${place}_ADDED` as const) : (`${place}_ADDED` as const)
    changes.push({ kind, coordinate: at(name), type: String(input.type) })
  }
  return changes
}

function changesOfInput(place: InputPlace, coordinate: string, input: Input, now: Input): readonly Change[] {
  const changes: Change[] = [
    ...describedChange(coordinate, input, now),
    ...deprecationChanges(coordinate, input, now),
  ]
  const [from, to] = [defaultText(input), defaultText(now)]
  if (String(input.type) !== String(now.type)) {
    const types = { from: input.type, to: now.type }
    changes.push({ kind: `${place}_TYPE_CHANGED`, coordinate, ...types, fallback: to })
  }
  if (from !== to)
    changes.push({ kind: `${place}_DEFAULT_CHANGED`, coordinate, from, to, required: isRequired(now) })
  return changes
}

/** Must an argument or input field be given? */
export function isRequired(input: Input): boolean {
  return isRequiredArgument(input) || isRequiredInputField(input)
}

/** A default as GraphQL text; undefined when there is none. */
export function defaultText({ defaultValue, type }: Input): string | undefined {
  if (defaultValue === undefined) return undefined
  const node = astFromValue(defaultValue, type)
  return node ? print(node) : undefined
}

interface Described {
  readonly description?: string | null | undefined
  readonly deprecationReason?: string | null | undefined
}

export function describedChange(coordinate: string, before: Described, after: Described): readonly Change[] {
  const same = (before.description ?? '') === (after.description ?? '')
  return same ? [] : [{ kind: 'DESCRIPTION_CHANGED', coordinate }]
}

export function deprecationChanges(
  coordinate: string,
  before: Described,
  after: Described,
): readonly Change[] {
  const [was, is] = [before.deprecationReason ?? undefined, after.deprecationReason ?? undefined]
  if (was === is) return []
  if (is === undefined) return [{ kind: 'DEPRECATION_REMOVED', coordinate }]
  return [{ kind: was === undefined ? 'DEPRECATION_ADDED' : 'DEPRECATION_CHANGED', coordinate, reason: is }]
}

function byName<T extends Input>(inputs: readonly T[]): ReadonlyMap<string, T> {
  return new Map(inputs.map(input => [input.name, input]))
}

import { getNamedType, isEnumType, isInputObjectType, isInputType, isScalarType } from 'graphql'
import type { GraphQLInputField, GraphQLInputObjectType, GraphQLSchema } from 'graphql'
import type { ChangeKind } from '../changes/change.ts'
import { defaultText, isRequired } from '../changes/member-changes.ts'
import { inputRelation } from '../changes/type-relations.ts'
import type { Finding } from './finding.ts'

/** A finding that lacks only how its operation comes to it: `what` follows "a value of $input". */
interface ValueFinding {
  readonly kind: ChangeKind
  readonly coordinate: string
  readonly level: Finding['level']
  readonly what: string
}

/**
 * What can happen to values of variables, which no log knows: everything that fitted a type before is taken as possible,
 * since some client may send it.
 */
export class VariableValues {
  readonly #base: GraphQLSchema
  readonly #next: GraphQLSchema
  readonly #known = new Map<string, readonly ValueFinding[]>()

  constructor(base: GraphQLSchema, next: GraphQLSchema) {
    this.#base = base
    this.#next = next
  }

  /** What values of the type `name`, and of all types inside, can meet. */
  of(name: string): readonly ValueFinding[] {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const found = [...this.#reached(name)].flatMap(type => this.#ofType(type))
    this.#known.set(name, found)
    return found
  }

  /** The type itself and every type that its values can hold. */
  #reached(name: string): ReadonlySet<string> {
    const reached = new Set([name])
    for (const each of reached) {
      const type = this.#base.getType(each)
      if (!isInputObjectType(type)) continue
      for (const field of Object.values(type.getFields())) reached.add(getNamedType(field.type).name)
    }
    return reached
  }

  #ofType(name: string): readonly ValueFinding[] {
    const [type, now] = [this.#base.getType(name), this.#next.getType(name)]
    if (isInputObjectType(type) && isInputObjectType(now)) return ofInputObject(type, now)
    if (isEnumType(type) && isEnumType(now)) {
      return type.getValues().flatMap(({ name: value }): readonly ValueFinding[] => {
        if (now.getValue(value)) return []
        const what = `may be ${value}`
        return [{ kind: 'ENUM_VALUE_REMOVED', coordinate: `${name}.${value}`, level: 'breaking', what }]
      })
    }
    if (isScalarType(type) && isScalarType(now)) {
      if ((type.specifiedByURL ?? undefined) === (now.specifiedByURL ?? undefined)) return []
      const what = `is of type ${name}, which has another specification now`
      return [{ kind: 'SPECIFICATION_CHANGED', coordinate: name, level: 'dangerous', what }]
    }
    if (type !== undefined && isInputType(now)) {
      const what = `is of type ${name}, which is another kind of type now`
      return [{ kind: 'TYPE_KIND_CHANGED', coordinate: name, level: 'breaking', what }]
    }
    // A type that is gone, or is no input any more, is told by the places that had it.
    return []
  }
}

function ofInputObject(type: GraphQLInputObjectType, now: GraphQLInputObjectType): readonly ValueFinding[] {
  const findings: ValueFinding[] = []
  const [before, after] = [type.getFields(), now.getFields()]
  for (const [name, field] of Object.entries(before)) {
    const coordinate = `${type.name}.${name}`
    const other = after[name]
    if (other !== undefined) findings.push(...ofField(coordinate, field, other))
    else {
      const what = `may have ${coordinate}`
      findings.push({ kind: 'INPUT_FIELD_REMOVED', coordinate, level: 'breaking', what })
    }
  }
  for (const [name, field] of Object.entries(after)) {
    if (before[name] !== undefined || !isRequired(field)) continue
    const coordinate = `${type.name}.${name}`
    const what = `has no ${coordinate} yet`
    findings.push({ kind: 'REQUIRED_INPUT_FIELD_ADDED', coordinate, level: 'breaking', what })
  }
  if (now.isOneOf && !type.isOneOf) {
    const what = `may have more or fewer than one field of ${type.name}`
    findings.push({ kind: 'ONE_OF_ADDED', coordinate: type.name, level: 'breaking', what })
  }
  return findings
}

function ofField(
  coordinate: string,
  field: GraphQLInputField,
  now: GraphQLInputField,
): readonly ValueFinding[] {
  const findings: ValueFinding[] = []
  const [from, to] = [defaultText(field), defaultText(now)]
  const relation = inputRelation(field.type, now.type)
  const kind = 'INPUT_FIELD_TYPE_CHANGED'
  if (relation === 'required') {
    const what =
      to === undefined ? `may lack ${coordinate} or have null there` : `may have null for ${coordinate}`
    findings.push({ kind, coordinate, level: 'breaking', what })
  } else if (relation === 'unclear') {
    findings.push({
      kind,
      coordinate,
      level: 'dangerous',
      what: `may have ${String(field.type)} for ${coordinate}`,
    })
  } else if (relation === 'other') {
    findings.push({
      kind,
      coordinate,
      level: 'breaking',
      what: `may have ${String(field.type)} for ${coordinate}`,
    })
  }
  if (from !== to) {
    const required = to === undefined && !isRequired(field) && isRequired(now) && relation === 'same'
    const level = required ? 'breaking' : 'dangerous'
    findings.push({ kind: 'INPUT_FIELD_DEFAULT_CHANGED', coordinate, level, what: `may lack ${coordinate}` })
  }
  return findings
}

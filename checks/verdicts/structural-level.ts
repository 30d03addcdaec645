import { isInputObjectType, isInterfaceType, isNonNullType, isObjectType, getNamedType } from 'graphql'
import type { GraphQLSchema } from 'graphql'
import { unreachable } from '../../kernel/errors.ts'
import type { Change, ChangeKind } from '../changes/change.ts'
import { inputRelation, onlyLoosened, outputRelation } from '../changes/type-relations.ts'
import type { Level } from './finding.ts'

/** A verdict, and why in a sentence without a period. */
export interface Judged {
  readonly level: Level
  readonly why: string
}

const safe = (why: string): Judged => ({ level: 'safe', why })
const dangerous = (why: string): Judged => ({ level: 'dangerous', why })
const breaking = (why: string): Judged => ({ level: 'breaking', why })

const useless = safe('no operation can use it yet')
const unseen = safe('nothing changes for requests and answers')
const passed = safe('everything that was passed may still be passed')
const optional = safe('it may be left out')
const notPassed = breaking('no operation passes it yet, and without it they are refused')

/** Changes that are worth the same whatever they are about. */
const always = {
  TYPE_ADDED: useless,
  TYPE_REMOVED: breaking('operations that select from it or name it are refused'),
  TYPE_KIND_CHANGED: breaking('operations that use it as what it was are refused'),
  FIELD_ADDED: useless,
  FIELD_REMOVED: breaking('operations that select it are refused'),
  ARGUMENT_ADDED: optional,
  ARGUMENT_REMOVED: breaking('operations that pass it are refused'),
  REQUIRED_ARGUMENT_ADDED: notPassed,
  INPUT_FIELD_ADDED: optional,
  INPUT_FIELD_REMOVED: breaking('operations that pass it are refused'),
  REQUIRED_INPUT_FIELD_ADDED: notPassed,
  UNION_MEMBER_ADDED: dangerous('clients may receive a type they do not know'),
  UNION_MEMBER_REMOVED: breaking('fragments on the member are refused or never match'),
  ONE_OF_ADDED: breaking('operations that pass other than exactly one of its fields are refused'),
  ONE_OF_REMOVED: passed,
  SPECIFICATION_CHANGED: dangerous('clients read and write it by the old specification'),
  ROOT_TYPE_ADDED: useless,
  ROOT_TYPE_REMOVED: breaking('operations of this kind are refused'),
  ROOT_TYPE_CHANGED: breaking('fragments on the old type are refused, and __typename is another'),
  DIRECTIVE_REPEATABLE_ADDED: useless,
  DIRECTIVE_REPEATABLE_REMOVED: breaking('operations that carry it twice at one place are refused'),
  DEPRECATION_ADDED: unseen,
  DEPRECATION_CHANGED: unseen,
  DEPRECATION_REMOVED: unseen,
  DESCRIPTION_CHANGED: unseen,
} as const satisfies Partial<Record<ChangeKind, Judged>>

type Fixed = Extract<Change, { readonly kind: keyof typeof always }>

function isFixed(change: Change): change is Fixed {
  return change.kind in always
}

/** The worst that a change can do when nothing is known of the operations: any client may use anything. */
export class StructuralLevels {
  readonly #next: GraphQLSchema
  readonly #answered: ReadonlySet<string>
  readonly #sent: ReadonlySet<string>

  constructor(base: GraphQLSchema, next: GraphQLSchema) {
    this.#next = next
    this.#answered = answeredTypes(base)
    this.#sent = sentTypes(base)
  }

  judge(change: Change): Judged {
    return isFixed(change) ? always[change.kind] : this.#judge(change)
  }

  #judge(change: Exclude<Change, Fixed>): Judged {
    switch (change.kind) {
      case 'FIELD_TYPE_CHANGED':
        return this.#fieldType(change)
      case 'ARGUMENT_TYPE_CHANGED':
      case 'INPUT_FIELD_TYPE_CHANGED':
        return inputType(change)
      case 'ARGUMENT_DEFAULT_CHANGED':
      case 'INPUT_FIELD_DEFAULT_CHANGED':
        return change.required
          ? breaking('operations that leave it out are refused')
          : dangerous('operations that leave it out may get another answer')
      case 'ENUM_VALUE_REMOVED':
        return this.#sent.has(change.type)
          ? breaking('operations that pass it are refused')
          : safe('the enum is only answered, never passed, so no request can have it')
      case 'ENUM_VALUE_ADDED':
        return this.#answered.has(change.type)
          ? dangerous('clients may receive a value they do not know')
          : safe('the enum is only passed, never answered')
      case 'IMPLEMENTATION_ADDED':
        return this.#answered.has(change.type)
          ? dangerous('clients may receive a type they do not know')
          : safe('no field answers the interface')
      case 'IMPLEMENTATION_REMOVED':
        return breaking('fragments from the one to the other are refused or never match')
      case 'DIRECTIVE_ADDED':
      case 'DIRECTIVE_LOCATION_ADDED':
        return useless
      case 'DIRECTIVE_REMOVED':
      case 'DIRECTIVE_LOCATION_REMOVED':
        return change.executable
          ? breaking('operations that carry it there are refused')
          : safe('it only stands in schemas, never in operations')
      default:
        return unreachable(change)
    }
  }

  #fieldType({ from, to }: Extract<Change, { kind: 'FIELD_TYPE_CHANGED' }>): Judged {
    const relation = outputRelation(from, to, this.#next)
    switch (relation) {
      case 'same':
      case 'narrower':
        return isObjectType(getNamedType(from)) || getNamedType(from).name === getNamedType(to).name
          ? safe('every value of the new type is one of the old type as well')
          : breaking('fragments on types that it can no longer be are refused')
      case 'alike':
        return dangerous('answers look the same, but typed clients declare another type')
      case 'nullable':
        return breaking('clients may receive null where the schema promised a value')
      case 'list':
        return breaking('clients expect a list where there is none, or the other way round')
      case 'other':
        return breaking('clients cannot read answers of the new type by the old one')
      default:
        return unreachable(relation)
    }
  }
}

function inputType({ from, to, fallback }: Extract<Change, { from: unknown; fallback: unknown }>): Judged {
  if (onlyLoosened(from, to)) return passed
  if (inputRelation(from, to) === 'required' && isNonNullType(to) && !isNonNullType(from))
    return breaking(
      fallback === undefined
        ? 'operations that leave it out, or pass null, are refused'
        : 'operations that pass null or a variable that can be null are refused',
    )
  return breaking('operations that pass a variable of the old type are refused')
}

/** Types that fields answer. */
function answeredTypes(schema: GraphQLSchema): ReadonlySet<string> {
  const types = Object.values(schema.getTypeMap()).filter(type => isObjectType(type) || isInterfaceType(type))
  return new Set(
    types.flatMap(type => Object.values(type.getFields()).map(field => getNamedType(field.type).name)),
  )
}

/** Types that arguments take, of fields and of directives, themselves or inside others. */
function sentTypes(schema: GraphQLSchema): ReadonlySet<string> {
  const fields = Object.values(schema.getTypeMap())
    .filter(type => isObjectType(type) || isInterfaceType(type))
    .flatMap(type => Object.values(type.getFields()))
  const taken = [...fields, ...schema.getDirectives()].flatMap(({ args }) => args)
  const sent = new Set(taken.map(({ type }) => getNamedType(type).name))
  for (const name of sent) {
    const type = schema.getType(name)
    if (!isInputObjectType(type)) continue
    for (const field of Object.values(type.getFields())) sent.add(getNamedType(field.type).name)
  }
  return sent
}

import { unreachable } from '../../kernel/errors.ts'
import type { Change } from '../changes/change.ts'

/** A change as a sentence without a period. */
export function describeChange(change: Change): string {
  const at = change.coordinate
  switch (change.kind) {
    case 'TYPE_ADDED':
    case 'TYPE_REMOVED':
      return `${change.typeKind} ${at} was ${done(change.kind)}`
    case 'TYPE_KIND_CHANGED':
      return `${at} was ${article(change.from)} and is ${article(change.to)} now`
    case 'FIELD_ADDED':
    case 'FIELD_REMOVED':
      return `${change.deprecated ? 'deprecated ' : ''}field ${at} was ${done(change.kind)}`
    case 'FIELD_TYPE_CHANGED':
      return `field ${at} changed from ${String(change.from)} to ${String(change.to)}`
    case 'ARGUMENT_ADDED':
    case 'INPUT_FIELD_ADDED':
      return `optional ${placeOf(change.kind)} ${at}: ${change.type} was added`
    case 'REQUIRED_ARGUMENT_ADDED':
    case 'REQUIRED_INPUT_FIELD_ADDED':
      return `required ${placeOf(change.kind)} ${at}: ${change.type} was added`
    case 'ARGUMENT_REMOVED':
    case 'INPUT_FIELD_REMOVED':
      return `${placeOf(change.kind)} ${at} was removed`
    case 'ARGUMENT_TYPE_CHANGED':
    case 'INPUT_FIELD_TYPE_CHANGED':
      return `${placeOf(change.kind)} ${at} changed from ${String(change.from)} to ${String(change.to)}`
    case 'ARGUMENT_DEFAULT_CHANGED':
    case 'INPUT_FIELD_DEFAULT_CHANGED':
      return describeDefault(change)
    case 'ENUM_VALUE_ADDED':
    case 'ENUM_VALUE_REMOVED':
      return `enum value ${at} was ${done(change.kind)}`
    case 'UNION_MEMBER_ADDED':
    case 'UNION_MEMBER_REMOVED':
      return `${change.member} was ${done(change.kind)} ${change.kind.endsWith('ADDED') ? 'to' : 'from'} union ${change.type}`
    case 'IMPLEMENTATION_ADDED':
      return `${change.member} implements ${change.type} now`
    case 'IMPLEMENTATION_REMOVED':
      return `${change.member} no longer implements ${change.type}`
    case 'ONE_OF_ADDED':
    case 'ONE_OF_REMOVED':
    case 'SPECIFICATION_CHANGED':
    case 'ROOT_TYPE_ADDED':
    case 'ROOT_TYPE_REMOVED':
    case 'ROOT_TYPE_CHANGED':
    case 'DIRECTIVE_ADDED':
    case 'DIRECTIVE_REMOVED':
    case 'DIRECTIVE_LOCATION_ADDED':
    case 'DIRECTIVE_LOCATION_REMOVED':
    case 'DIRECTIVE_REPEATABLE_ADDED':
    case 'DIRECTIVE_REPEATABLE_REMOVED':
    case 'DEPRECATION_ADDED':
    case 'DEPRECATION_CHANGED':
    case 'DEPRECATION_REMOVED':
    case 'DESCRIPTION_CHANGED':
      return describeOther(change, at)
    default:
      return unreachable(change)
  }
}

type Described = Extract<Change, { readonly kind: `${string}_DEFAULT_CHANGED` }>

function describeDefault({ kind, coordinate, from, to, required }: Described): string {
  const what = `${placeOf(kind)} ${coordinate}`
  if (from === undefined) return `${what} has the default ${to} now`
  if (to === undefined) return `${what} lost its default ${from}${required ? ' and must be given now' : ''}`
  return `the default of ${what} changed from ${from} to ${to}`
}

function describeOther(change: OtherChange, at: string): string {
  switch (change.kind) {
    case 'ONE_OF_ADDED':
      return `input object ${at} takes exactly one of its fields now (@oneOf)`
    case 'ONE_OF_REMOVED':
      return `input object ${at} takes any number of its fields now (no @oneOf)`
    case 'SPECIFICATION_CHANGED':
      return `the specification of scalar ${at} changed from ${change.from ?? 'none'} to ${change.to ?? 'none'}`
    case 'ROOT_TYPE_ADDED':
      return `there are ${plural(at)} now, on ${change.to}`
    case 'ROOT_TYPE_REMOVED':
      return `there are no ${plural(at)} any more (they were on ${change.from})`
    case 'ROOT_TYPE_CHANGED':
      return `${plural(at)} are on ${change.to} and were on ${change.from}`
    case 'DIRECTIVE_ADDED':
    case 'DIRECTIVE_REMOVED':
      return `directive ${at} was ${done(change.kind)}`
    case 'DIRECTIVE_LOCATION_ADDED':
      return `directive ${at.split(' ')[0]} may stand on ${change.location} now`
    case 'DIRECTIVE_LOCATION_REMOVED':
      return `directive ${at.split(' ')[0]} may no longer stand on ${change.location}`
    case 'DIRECTIVE_REPEATABLE_ADDED':
      return `directive ${at} may be repeated now`
    case 'DIRECTIVE_REPEATABLE_REMOVED':
      return `directive ${at} may no longer be repeated`
    case 'DEPRECATION_ADDED':
      return `${at} is deprecated now: ${change.reason}`
    case 'DEPRECATION_CHANGED':
      return `${at} is deprecated for another reason: ${change.reason}`
    case 'DEPRECATION_REMOVED':
      return `${at} is no longer deprecated`
    case 'DESCRIPTION_CHANGED':
      return `the description of ${at} changed`
    default:
      return unreachable(change)
  }
}

type OtherChange = Extract<
  Change,
  {
    readonly kind: `${'ONE_OF' | 'SPECIFICATION' | 'ROOT_TYPE' | 'DIRECTIVE' | 'DEPRECATION' | 'DESCRIPTION'}_${string}`
  }
>

function placeOf(kind: string): string {
  return kind.includes('ARGUMENT') ? 'argument' : 'input field'
}

function done(kind: string): string {
  return kind.endsWith('ADDED') ? 'added' : 'removed'
}

function article(word: string): string {
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`
}

function plural(operation: string): string {
  return operation === 'query' ? 'queries' : `${operation}s`
}

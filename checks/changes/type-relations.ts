import {
  getNamedType,
  isAbstractType,
  isEnumType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql'
import type { GraphQLInputType, GraphQLNamedType, GraphQLOutputType, GraphQLSchema } from 'graphql'

/**
 * What a new type of a field means for somebody who reads it by the old one:
 * - `narrower`: every new answer is also an old one, e.g. `String` → `String!`, `Node` → `User`
 * - `alike`: the same on the wire, other generated code, e.g. `ID` → `String`, `Float` → `Int`
 * - `nullable`: null can stand where it could not
 * - `list`: a list where there was none, or the other way round
 * - `other`: something else entirely
 */
export type OutputRelation = 'same' | 'narrower' | 'alike' | 'nullable' | 'list' | 'other'

const outputRank: readonly OutputRelation[] = ['same', 'narrower', 'alike', 'nullable', 'list', 'other']

export function outputRelation(
  from: GraphQLOutputType,
  to: GraphQLOutputType,
  next: GraphQLSchema,
): OutputRelation {
  if (isNonNullType(from)) {
    if (isNonNullType(to)) return outputRelation(from.ofType, to.ofType, next)
    return worseOutput('nullable', outputRelation(from.ofType, to, next))
  }
  if (isNonNullType(to)) return worseOutput('narrower', outputRelation(from, to.ofType, next))
  if (isListType(from) !== isListType(to)) return 'list'
  if (isListType(from) && isListType(to)) return outputRelation(from.ofType, to.ofType, next)
  const [was, is] = [getNamedType(from), getNamedType(to)]
  if (was.name === is.name) return 'same'
  if (narrowsTo(was, is, next)) return 'narrower'
  return alike.has(`${was.name} ${is.name}`) ? 'alike' : 'other'
}

/** Every value of the first is written like one of the second. */
const alike: ReadonlySet<string> = new Set(['ID String', 'String ID', 'Float Int'])

function narrowsTo(was: GraphQLNamedType, is: GraphQLNamedType, next: GraphQLSchema): boolean {
  const now = next.getType(was.name)
  if (!isAbstractType(now)) return false
  return (isObjectType(is) || isInterfaceType(is)) && next.isSubType(now, is)
}

function worseOutput(a: OutputRelation, b: OutputRelation): OutputRelation {
  return outputRank.indexOf(a) > outputRank.indexOf(b) ? a : b
}

/**
 * What a new type of an argument or input field means for values that fitted the old one:
 * - `wider`: all of them still fit
 * - `required`: null was allowed and is not any more
 * - `unclear`: a scalar of the graph's own decides
 * - `other`: some do not fit
 */
export type InputRelation = 'same' | 'wider' | 'required' | 'unclear' | 'other'

const inputRank: readonly InputRelation[] = ['same', 'wider', 'unclear', 'required', 'other']

/** The relation for values of variables, which are JSON. `GraphQL` literals have more rules. */
export function inputRelation(from: GraphQLInputType, to: GraphQLInputType): InputRelation {
  if (isNonNullType(to)) {
    if (isNonNullType(from)) return inputRelation(from.ofType, to.ofType)
    return worseInput('required', inputRelation(from, to.ofType))
  }
  if (isNonNullType(from)) return worseInput('wider', inputRelation(from.ofType, to))
  if (isListType(to)) {
    if (isListType(from)) return inputRelation(from.ofType, to.ofType)
    // A single value is taken as a list of one, but null stays null and never becomes an item.
    return worseInput('wider', inputRelation(from, isNonNullType(to.ofType) ? to.ofType.ofType : to.ofType))
  }
  if (isListType(from)) return isOwnScalar(getNamedType(to)) ? 'unclear' : 'other'
  return namedInputRelation(getNamedType(from), getNamedType(to))
}

function namedInputRelation(was: GraphQLNamedType, is: GraphQLNamedType): InputRelation {
  if (was.name === is.name) return 'same'
  if (isOwnScalar(is)) return 'unclear'
  if (widened.has(`${was.name} ${is.name}`)) return 'wider'
  if (isEnumType(was) && (is.name === 'String' || is.name === 'ID')) return 'wider'
  return 'other'
}

/** Every JSON value of the first is one of the second. */
const widened: ReadonlySet<string> = new Set(['Int Float', 'Int ID', 'String ID'])

function isOwnScalar(type: GraphQLNamedType): boolean {
  return !isSpecifiedScalarType(type) && !('getFields' in type) && !isEnumType(type) && !isAbstractType(type)
}

function worseInput(a: InputRelation, b: InputRelation): InputRelation {
  return inputRank.indexOf(a) > inputRank.indexOf(b) ? a : b
}

/** Does every operation that was allowed, with literals and with variables, stay allowed? Only null became more welcome. */
export function onlyLoosened(from: GraphQLInputType, to: GraphQLInputType): boolean {
  if (isNonNullType(from)) return onlyLoosened(from.ofType, isNonNullType(to) ? to.ofType : to)
  if (isNonNullType(to)) return false
  if (isListType(from) && isListType(to)) return onlyLoosened(from.ofType, to.ofType)
  return !isListType(from) && !isListType(to) && getNamedType(from).name === getNamedType(to).name
}

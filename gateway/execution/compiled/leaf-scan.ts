import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, isEnumType } from 'graphql'
import type { GraphQLLeafType } from 'graphql'
import { Surprise } from './uncompilable.ts'

/**
 * Where the value that begins at `at` ends; `escapes` says whether there is any backslash in the text. Throws Surprise when
 * it is not a value that its type has as it stands.
 */
export type LeafScan = (text: string, at: number, escapes: boolean) => number

/** How values of a leaf type are checked; of no known type: any string, number or boolean. Null is not seen to here. */
export function leafScan(type: GraphQLLeafType | undefined): LeafScan {
  if (type === undefined) return anyLeaf
  if (type === GraphQLString || type === GraphQLID) return stringEnd
  if (type === GraphQLInt) return intEnd
  if (type === GraphQLFloat) return numberEnd
  if (type === GraphQLBoolean) return booleanEnd
  if (isEnumType(type)) return enumEnd(new Set(type.getValues().map(({ name }) => `"${name}"`)))
  return anyValue
}

const quote = 34
const comma = 44
const minus = 45
const zero = 48
const nine = 57
const backslash = 92
const bracket = 93
const brace = 125

/** Control characters are looked for once in the whole text, by whoever scans it. */
function stringEnd(text: string, at: number, escapes: boolean): number {
  if (text.charCodeAt(at) !== quote) throw new Surprise('no string')
  let end = text.indexOf('"', at + 1)
  if (escapes) {
    while (end > 0 && text.charCodeAt(end - 1) === backslash && isEscaped(text, end))
      end = text.indexOf('"', end + 1)
    const literal = text.slice(at, end + 1)
    if (literal.includes('\\') && !escaped.test(literal)) throw new Surprise('a string that is not JSON')
  }
  if (end < 0) throw new Surprise('a string without end')
  return end + 1
}

/** Is the character at `at` escaped by an odd number of backslashes before it? */
function isEscaped(text: string, at: number): boolean {
  let first = at - 1
  while (text.charCodeAt(first - 1) === backslash) first--
  return (at - first) % 2 === 1
}

const escaped = /^"(?:[^\\"]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"$/

/** 32 bits, as JSON writes a whole number. */
function intEnd(text: string, at: number): number {
  let end = at
  if (text.charCodeAt(end) === minus) end++
  const first = end
  let code = text.charCodeAt(end)
  while (code >= zero && code <= nine) code = text.charCodeAt(++end)
  const digits = end - first
  if (digits === 0 || !endsValue(code) || (digits > 1 && text.charCodeAt(first) === zero)) {
    throw new Surprise('no whole number')
  }
  if (digits > 9) {
    const value = Number(text.slice(at, end))
    if (value > 2_147_483_647 || value < -2_147_483_648) throw new Surprise('a number of more than 32 bits')
  }
  return end
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

function numberEnd(text: string, at: number): number {
  number.lastIndex = at
  if (!number.test(text)) throw new Surprise('no number')
  const end = number.lastIndex
  if (!endsValue(text.charCodeAt(end))) throw new Surprise('no number')
  if (!Number.isFinite(Number(text.slice(at, end)))) throw new Surprise('an infinite number')
  return end
}

function endsValue(code: number): boolean {
  return code === comma || code === brace || code === bracket
}

function booleanEnd(text: string, at: number): number {
  if (text.startsWith('true', at)) return at + 4
  if (text.startsWith('false', at)) return at + 5
  throw new Surprise('no boolean')
}

function enumEnd(names: ReadonlySet<string>): LeafScan {
  return (text, at, escapes) => {
    const end = stringEnd(text, at, escapes)
    if (!names.has(text.slice(at, end))) throw new Surprise('no value of the enum')
    return end
  }
}

function anyLeaf(text: string, at: number, escapes: boolean): number {
  const code = text.charCodeAt(at)
  if (code === quote) return stringEnd(text, at, escapes)
  if (code === minus || (code >= zero && code <= nine)) return numberEnd(text, at)
  return booleanEnd(text, at)
}

/** Custom scalars may be any JSON: its end is where its brackets are closed, and JSON.parse says whether it is JSON. */
function anyValue(text: string, at: number, escapes: boolean): number {
  const code = text.charCodeAt(at)
  if (code !== 123 && code !== 91) return anyLeaf(text, at, escapes)
  let depth = 0
  let end = at
  for (;;) {
    const code = text.charCodeAt(end)
    if (code !== code) throw new Surprise('a value without end')
    if (code === quote) end = stringEnd(text, end, escapes)
    else {
      end++
      if (code === 123 || code === 91) depth++
      else if ((code === brace || code === bracket) && --depth === 0) break
    }
  }
  try {
    JSON.parse(text.slice(at, end))
  } catch (cause) {
    throw new Surprise('a value that is not JSON', { cause })
  }
  return end
}

import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, isEnumType } from 'graphql'
import type { GraphQLLeafType } from 'graphql'
import { Surprise } from './uncompilable.ts'

/** A subgraph's answer: its bytes to look at, and the same in latin1 to cut from, made when it is first asked for. */
export interface Source {
  readonly bytes: Uint8Array
  readonly text: string
}

/** Where the value that begins at `at` ends. Throws Surprise when it is not one that its type has as it stands. */
export type LeafScan = (source: Source, at: number) => number

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
const plus = 43
const minus = 45
const point = 46
const zero = 48
const nine = 57
const openBracket = 91
const backslash = 92
const bracket = 93
const letterE = 101
const letterU = 117
const openBrace = 123
const brace = 125
/** Set in small letters. */
const lowerCase = 32

export function stringEnd({ bytes }: Source, at: number): number {
  if (bytes[at] !== quote) throw new Surprise('no string')
  let end = at + 1
  for (;;) {
    // Most bytes are small letters: one comparison each. Behind the end there is 0, as it were.
    const byte = bytes[end] ?? 0
    if (byte > backslash) end++
    else if (byte === quote) return end + 1
    else if (byte === backslash) end = escapeEnd(bytes, end)
    else if (byte >= 32) end++
    else throw new Surprise('a string that is not JSON')
  }
}

const escaped: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'))

export function escapeEnd(bytes: Uint8Array, at: number): number {
  const byte = bytes[at + 1]
  if (escaped.has(byte)) return at + 2
  if (byte !== letterU) throw new Surprise('a string that is not JSON')
  for (let digit = at + 2; digit < at + 6; digit++) {
    if (!/[0-9a-fA-F]/.test(String.fromCharCode(bytes[digit] ?? 0)))
      throw new Surprise('a string that is not JSON')
  }
  return at + 6
}

/** 32 bits, as JSON writes a whole number. */
export function intEnd(source: Source, at: number): number {
  const { bytes } = source
  let end = at
  if (bytes[end] === minus) end++
  const first = end
  let code = bytes[end] ?? 0
  while (code >= zero && code <= nine) code = bytes[++end] ?? 0
  const digits = end - first
  if (digits === 0 || !endsValue(code) || (digits > 1 && bytes[first] === zero)) {
    throw new Surprise('no whole number')
  }
  if (digits > 9) {
    const value = Number(source.text.slice(at, end))
    if (value > 2_147_483_647 || value < -2_147_483_648) throw new Surprise('a number of more than 32 bits')
  }
  return end
}

/** Digits before the point up to which a number without exponent is finite, whatever they are. */
const finiteDigits = 300

/** A number as JSON writes it (RFC 8259, section 6), and finite. */
function numberEnd(source: Source, at: number): number {
  const { bytes } = source
  const first = bytes[at] === minus ? at + 1 : at
  const whole = digitsEnd(bytes, first)
  if (bytes[first] === zero && whole > first + 1) throw new Surprise('no number')
  let end = bytes[whole] === point ? digitsEnd(bytes, whole + 1) : whole
  const hasExponent = ((bytes[end] ?? 0) | lowerCase) === letterE
  if (hasExponent) {
    const sign = bytes[end + 1]
    end = digitsEnd(bytes, sign === minus || sign === plus ? end + 2 : end + 1)
  }
  if (!endsValue(bytes[end] ?? 0)) throw new Surprise('no number')
  if ((hasExponent || whole - first > finiteDigits) && !Number.isFinite(Number(source.text.slice(at, end)))) {
    throw new Surprise('an infinite number')
  }
  return end
}

/** Where the digits end that begin at `at`. There is at least one. */
function digitsEnd(bytes: Uint8Array, at: number): number {
  let end = at
  let code = bytes[end] ?? 0
  while (code >= zero && code <= nine) code = bytes[++end] ?? 0
  if (end === at) throw new Surprise('no number')
  return end
}

function endsValue(code: number): boolean {
  return code === comma || code === brace || code === bracket
}

function booleanEnd({ bytes }: Source, at: number): number {
  if (isAt(bytes, 'true', at)) return at + 4
  if (isAt(bytes, 'false', at)) return at + 5
  throw new Surprise('no boolean')
}

/** Does ASCII text stand there? */
export function isAt(bytes: Uint8Array, text: string, at: number): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false
  }
  return true
}

function enumEnd(names: ReadonlySet<string>): LeafScan {
  return (source, at) => {
    const end = stringEnd(source, at)
    if (!names.has(source.text.slice(at, end))) throw new Surprise('no value of the enum')
    return end
  }
}

function anyLeaf(source: Source, at: number): number {
  const code = source.bytes[at] ?? 0
  if (code === quote) return stringEnd(source, at)
  if (code === minus || (code >= zero && code <= nine)) return numberEnd(source, at)
  return booleanEnd(source, at)
}

/** Custom scalars may be any JSON: its end is where its brackets are closed, and JSON.parse says whether it is JSON. */
function anyValue(source: Source, at: number): number {
  const { bytes, text } = source
  const isOpening = (code: number | undefined): boolean => code === openBrace || code === openBracket
  if (!isOpening(bytes[at])) return anyLeaf(source, at)
  let depth = 0
  let end = at
  do {
    const code = bytes[end]
    if (code === undefined) throw new Surprise('a value without end')
    if (code === quote) end = stringEnd(source, end)
    else {
      end++
      if (isOpening(code)) depth++
      else if (code === brace || code === bracket) depth--
    }
  } while (depth > 0)
  try {
    JSON.parse(text.slice(at, end))
  } catch (cause) {
    throw new Surprise('a value that is not JSON', { cause })
  }
  return end
}

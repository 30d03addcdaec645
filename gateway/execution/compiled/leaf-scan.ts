import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, isEnumType } from 'graphql'
import type { GraphQLLeafType } from 'graphql'
import { Surprise } from './uncompilable.ts'

/** A subgraph's answer: its bytes to look at, and the same in latin1 to cut from. */
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
const minus = 45
const zero = 48
const nine = 57
const openBracket = 91
const backslash = 92
const bracket = 93
const letterU = 117
const openBrace = 123
const brace = 125

function stringEnd({ bytes }: Source, at: number): number {
  if (bytes[at] !== quote) throw new Surprise('no string')
  let end = at + 1
  for (;;) {
    const byte = bytes[end]
    if (byte === quote) return end + 1
    if (byte === backslash) end = escapeEnd(bytes, end)
    else if (byte === undefined || byte < 32) throw new Surprise('a string that is not JSON')
    else end++
  }
}

const escaped: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'))

function escapeEnd(bytes: Uint8Array, at: number): number {
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
function intEnd({ bytes, text }: Source, at: number): number {
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
    const value = Number(text.slice(at, end))
    if (value > 2_147_483_647 || value < -2_147_483_648) throw new Surprise('a number of more than 32 bits')
  }
  return end
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

function numberEnd({ bytes, text }: Source, at: number): number {
  number.lastIndex = at
  if (!number.test(text)) throw new Surprise('no number')
  const end = number.lastIndex
  if (!endsValue(bytes[end] ?? 0)) throw new Surprise('no number')
  if (!Number.isFinite(Number(text.slice(at, end)))) throw new Surprise('an infinite number')
  return end
}

function endsValue(code: number): boolean {
  return code === comma || code === brace || code === bracket
}

function booleanEnd({ text }: Source, at: number): number {
  if (text.startsWith('true', at)) return at + 4
  if (text.startsWith('false', at)) return at + 5
  throw new Surprise('no boolean')
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

import fc from 'fast-check'
import { GraphQLBoolean, GraphQLFloat, GraphQLInt, GraphQLString } from 'graphql'
import type { GraphQLScalarType } from 'graphql'
import { expect, test } from 'vitest'
import { leafScan } from '../../gateway/execution/compiled/leaf-scan.ts'
import { Surprise } from '../../gateway/execution/compiled/uncompilable.ts'

/** Where the value at the beginning of `text` ends; undefined: there is none of that type. */
function scanned(type: GraphQLScalarType | undefined, text: string): number | undefined {
  const bytes = Buffer.from(text)
  try {
    return leafScan(type)({ bytes, text: bytes.toString('latin1') }, 0)
  } catch (failure) {
    if (failure instanceof Surprise) return undefined
    throw failure
  }
}

/** What JSON has in it or nearly so. */
const almostNumber = fc.oneof(
  fc.integer().map(String),
  fc.integer({ min: -2_147_483_650, max: 2_147_483_650 }).map(String),
  fc.double().map(String),
  fc.string({ unit: fc.constantFrom(...'0123456789+-.eE'.split('')), maxLength: 8 }),
  fc.integer({ min: 290, max: 400 }).map(digits => '9'.repeat(digits)),
)
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

test('numbers are those of JSON, finite, and whole where the type says so', () => {
  const check = (text: string, after: string): void => {
    const finite = number.test(text) && Number.isFinite(Number(text)) ? text.length : undefined
    expect(scanned(GraphQLFloat, text + after)).toBe(finite)
    expect(scanned(undefined, text + after)).toBe(finite)
    const isInt = /^-?(?:0|[1-9]\d*)$/.test(text) && Number(text) === (Number(text) | 0)
    expect(scanned(GraphQLInt, text + after)).toBe(isInt ? text.length : undefined)
  }
  fc.assert(fc.property(almostNumber, fc.constantFrom(',', '}', ']'), check), { numRuns: 2_000 })
  for (const text of ['1', '-0', '1.5e300', '1e309', '2147483648', '-2147483648']) check(text, ',')
  // Nothing ends it.
  for (const text of ['1', '1.5', '1e3']) expect(scanned(GraphQLFloat, text)).toBeUndefined()
})

test('strings end where JSON ends them, and have nothing in them that JSON has not', () => {
  const broken = fc
    .tuple(fc.string({ unit: 'binary' }), fc.nat(), fc.constantFrom('\\', '\n', '\u001f', '"', '\\u12', ''))
    .map(([text, at, put]) => {
      const json = JSON.stringify(text)
      const place = 1 + (at % json.length)
      return json.slice(0, place) + put + json.slice(place)
    })
  const parses = (text: string): boolean => {
    try {
      return typeof JSON.parse(text) === 'string'
    } catch {
      return false
    }
  }
  /** The shortest beginning that is a string. */
  const endOf = (text: string): number | undefined => {
    for (let end = 2; end <= text.length; end++) {
      if (text[end - 1] === '"' && parses(text.slice(0, end))) return Buffer.byteLength(text.slice(0, end))
    }
    return undefined
  }
  const check = (text: string): void => {
    expect(scanned(GraphQLString, `${text},`)).toBe(endOf(text))
  }
  fc.assert(fc.property(broken, check), { numRuns: 2_000 })
})

test('booleans are true and false, whole', () => {
  expect(scanned(GraphQLBoolean, 'true,')).toBe(4)
  expect(scanned(GraphQLBoolean, 'false}')).toBe(5)
  for (const text of ['tru', 'fals', 'TRUE', '"true"', '1'])
    expect(scanned(GraphQLBoolean, text)).toBeUndefined()
})

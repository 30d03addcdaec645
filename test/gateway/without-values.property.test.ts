import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { buildSchema, parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { withoutValues } from '../../gateway/operation/without-values.ts'
import { openOperationLog } from '../../gateway/recording/operation-log.ts'
import { systemClock } from '../../kernel/clock.ts'
import { silentLog } from '../../kernel/log.ts'
import { temporaryFolder } from '../e2e/running-ennead.ts'

const schema = buildSchema(`
  scalar JSON
  enum Colour { RED BLUE }
  input Filter { text: String, size: Int, ratio: Float, id: ID, on: Boolean, colour: Colour, any: JSON, all: [Filter!], texts: [[String]] }
  directive @note(text: String, any: JSON) on FIELD | FRAGMENT_SPREAD | QUERY
  type Query { find(text: String, size: Int, ratio: Float, id: ID, on: Boolean, colour: Colour, any: JSON, filter: Filter, filters: [Filter!], texts: [[String]]): Query }
`)

/** Found nowhere but in values. */
const word = fc.integer({ min: 0, max: 999_999 }).map(number => `SECRET${number}`)
const number = fc.integer({ min: 7_770_000, max: 7_779_999 })
const texts = fc.oneof(
  word.map(text => JSON.stringify(text)),
  word.map(text => `"""${text}\n  "quoted" ${text}"""`),
  fc.constant('null'),
)

const { value: anything } = fc.letrec<{ value: string; object: string; list: string }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    texts,
    word,
    number.map(String),
    fc.constant('$any'),
    tie('object'),
    tie('list'),
  ),
  object: fc.dictionary(word, tie('value'), { maxKeys: 3 }).map(braces),
  list: fc.array(tie('value'), { maxLength: 3 }).map(items => `[${items.join(', ')}]`),
}))

const leaves = {
  text: fc.oneof(texts, fc.constant('$text')),
  size: number.map(String),
  ratio: number.map(each => `-${each}.5e2`),
  id: fc.oneof(texts, number.map(String)),
  on: fc.constantFrom('true', 'false'),
  colour: fc.constantFrom('RED', 'BLUE'),
  any: anything,
  texts: fc
    .array(fc.array(texts, { maxLength: 3 }).map(items => `[${items.join(' ')}]`))
    .map(items => `[${items.join(' ')}]`),
}

const { filter } = fc.letrec<{ filter: string }>(tie => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    fc.record(leaves, { requiredKeys: [] }).map(braces),
    fc.array(tie('filter'), { maxLength: 3 }).map(all => `{all: [${all.join(', ')}]}`),
  ),
}))

const document = fc
  .record({
    given: fc.record(
      { ...leaves, filter, filters: fc.array(filter).map(all => `[${all.join(',')}]`) },
      { requiredKeys: [] },
    ),
    inFragment: fc.record(leaves, { requiredKeys: [] }),
    note: anything,
    standard: texts,
    size: number,
    comment: word,
  })
  .map(({ given, inFragment, note, standard, size, comment }) => {
    const list = (values: object): string => {
      const text = braces(values).slice(1, -1)
      return text === '' ? '' : `(${text})`
    }
    return `# ${comment}
      query Other { find(text: "SECRET") { __typename } }
      query Asked($text: String = ${standard}, $size: Int = ${size}, $any: JSON) @note(text: $text, any: {SECRETkey: [{k: $size}, {k: $any}, {k: $size}]}) {
        find${list(given)} { mine: find @note(any: ${note}) @skip(if: false) { __typename } ...F @note(text: ${standard}) }
      }
      fragment F on Query { again: find${list(inFragment)} { __typename } }`
  })

function braces(values: object): string {
  return `{${Object.entries(values)
    .map(([key, value]) => `${key}: ${String(value)}`)
    .join(', ')}}`
}

test('no value of an operation is in the log, whatever it is and wherever it stands', async () => {
  await using folder = await temporaryFolder()
  let run = 0
  await fc.assert(
    fc.asyncProperty(document, async text => {
      const node = parse(text)
      // A case that no gateway would take proves nothing.
      expect(validate(schema, node)).toEqual([])
      const file = join(folder.path, String(run++))
      const log = await openOperationLog({ file, clock: systemClock, log: silentLog })
      const textWithoutValues = withoutValues(node, 'Asked', schema)
      log.record(
        { kind: 'query', name: 'Asked', textWithoutValues },
        { client: undefined, version: undefined },
      )
      await log.close()
      const written = await readFile(file, 'utf8')
      expect(written).toContain('Asked')
      expect(textWithoutValues).not.toMatch(/SECRET|777\d|quoted|Other/)
      expect(written.replaceAll(/"(?:id|from|until)":"[^"]*"/g, '')).not.toMatch(/SECRET|777\d|quoted|Other/)
    }),
    { numRuns: 300 },
  )
})

test('what is left is as valid as the operation was, and has nothing more to lose', () => {
  fc.assert(
    fc.property(document, text => {
      const once = withoutValues(parse(text), 'Asked', schema)
      expect(validate(schema, parse(once))).toEqual([])
      expect(withoutValues(parse(once), 'Asked', schema)).toBe(once)
    }),
  )
})

test('fields, enum values, conditions and fields of inputs stay, for a check to go by', () => {
  const text = `query A($a: Filter = {size: 5}, $yes: Boolean!) {
    find(filter: {colour: RED, all: [{id: 1}, {id: 2}, {on: true}], any: {k: $yes}}) @include(if: true) { mine: find(filter: $a) @skip(if: $yes) { __typename } }
  }`
  expect(withoutValues(parse(text), 'A', schema)).toBe(`query A($a: Filter = {size: 0}, $yes: Boolean!) {
  find(filter: {colour: RED, all: [{id: 0}, {on: false}], any: {yes: $yes}}) @include(if: true) {
    mine: find(filter: $a) @skip(if: $yes) {
      __typename
    }
  }
}`)
})

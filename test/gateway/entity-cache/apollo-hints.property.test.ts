import { ApolloServer } from '@apollo/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rulesOf } from '../../../gateway/execution/entity-cache/fetch-rules.ts'
import type { FetchNode } from '../../../gateway/planning/plan.ts'
import { composedForTest } from '../../support/composed.ts'
import { cacheControl } from './cache-control-sdl.ts'

const maxAge = fc.constantFrom(0, 10, 20, 30, 40, 50, 60, 70)
const scope = fc.constantFrom('', '', '', ', scope: PUBLIC', ', scope: PRIVATE')
const aged = fc.tuple(maxAge, scope).map(([age, whose]) => ` @cacheControl(maxAge: ${age}${whose})`)
const inheriting = scope.map(whose => ` @cacheControl(inheritMaxAge: true${whose})`)
const silent = fc.constantFrom('', '', ' @cacheControl(scope: PRIVATE)')

function hint(ages: number, inherits: number, silence: number): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: ages, arbitrary: aged },
    { weight: inherits, arbitrary: inheriting },
    { weight: silence, arbitrary: silent },
  )
}

/** Mostly such that something may be kept: one object of which nothing is said makes everything around it not be kept. */
const hints = fc.record({
  roots: fc.array(hint(8, 0, 1), { minLength: 4, maxLength: 4 }),
  types: fc.array(hint(2, 5, 1), { minLength: 4, maxLength: 4 }),
  fields: fc.array(hint(1, 2, 4), { minLength: 6, maxLength: 6 }),
})
type Hints = typeof hints extends fc.Arbitrary<infer Value> ? Value : never

function sdl({ roots: [one, two, three, four], types, fields }: Hints): string {
  const [named, book, film, author] = types
  const [a, b, c, d, e, f] = fields
  return `${cacheControl}
    type Query { book: Book${one} books: [Book]${two} named: Named${three} count: Int${four} }
    interface Named${named} { name: String author: Author }
    type Book implements Named${book} { name: String${a} author: Author${b} next: Book${c} pages: Int }
    type Film implements Named${film} { name: String${d} author: Author${e} }
    type Author${author} { name: String books: [Book]${f} }`
}

const selection: fc.Memo<string> = fc.memo(depth => {
  const leaf = fc.constantFrom('name', 'pages', 'name pages', '__typename')
  if (depth <= 1) return leaf
  const inner = selection(depth - 1)
  return fc.oneof(
    leaf,
    inner.map(text => `next { ${text} }`),
    inner.map(text => `name author { books { ${text} } }`),
    inner.map(text => `author { name } ... on Book { next { ${text} } }`),
  )
})

const query = fc
  .array(
    fc.oneof(
      selection(3).map(text => `book { ${text} }`),
      selection(3).map(text => `books { ${text} }`),
      fc.constant('count'),
      fc.constantFrom('named { name }', 'named { ... on Book { author { name } } ... on Film { name } }'),
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map(fields => `{ ${fields.map((field, index) => `f${index}: ${field}`).join(' ')} }`)

const book: unknown = {
  __typename: 'Book',
  name: 'B',
  pages: 1,
  next: () => book,
  author: () => ({ name: 'A', books: [book] }),
}

test('an answer may be kept as long as Apollo Server says it may, or shorter where a type is not known before', async () => {
  let kept = 0
  await fc.assert(
    fc.asyncProperty(hints, fc.array(query, { minLength: 6, maxLength: 6 }), async (given, queries) => {
      const supergraph = composedForTest({ one: { sdl: sdl(given) } })
      const server = new ApolloServer({
        typeDefs: sdl(given).replace(/extend schema[^]*?(?=enum)/, ''),
        resolvers: { Query: { book: () => book, books: () => [book], named: () => book, count: () => 1 } },
        logger: {
          debug: () => undefined,
          info: () => undefined,
          warn: () => undefined,
          error: () => undefined,
        },
      })
      for (const text of queries) {
        const { http } = await server.executeOperation({ query: text })
        const said = http.headers.get('cache-control') ?? ''
        const expected = Number(/max-age=(\d+)/.exec(said)?.[1] ?? 0)
        const node: FetchNode = { kind: 'Fetch', serviceName: 'one', operation: text, operationKind: 'query' }
        const { maxAgeMs, isPrivate } = rulesOf(node, supergraph).rule(undefined)
        if (text.includes('named')) expect(maxAgeMs / 1_000, `${text} ${said}`).toBeLessThanOrEqual(expected)
        else expect(maxAgeMs / 1_000, `${text} ${said}`).toBe(expected)
        if (maxAgeMs === 0) continue
        kept++
        if (!text.includes('named')) expect(isPrivate, text).toBe(said.includes('private'))
        else if (said.includes('private')) expect(isPrivate, text).toBe(true)
      }
      await server.stop()
    }),
    { numRuns: 20 },
  )
  expect(kept).toBeGreaterThan(30)
})

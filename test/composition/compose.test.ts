import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { composeFromConfig, composeSources } from '../../composition/compose-from-config.ts'
import { compose } from '../../composition/compose.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { SubgraphSource } from '../../composition/subgraph-source.ts'

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@override", "@shareable"])\n'

function source(name: string, sdl: string): SubgraphSource {
  return { name, routingUrl: `http://${name}`, file: `${name}.graphql`, sdl: `${link}${sdl}` }
}

test("the project's own schemas compose to the committed supergraph, byte for byte", async () => {
  const result = await composeFromConfig('supergraph.yaml')
  expect(result).toMatchObject({ ok: true, diagnostics: [] })
  expect(result.ok && result.sdl).toBe(await readFile('schema/supergraph.graphql', 'utf8'))
})

test('the order of the subgraphs changes neither a byte nor a diagnostic', () => {
  const good = ['a', 'b', 'c', 'd'].map(name =>
    source(name, `type Query { ${name}: Int "${name}" all: Int @shareable }`),
  )
  const bad = ['a', 'b', 'c', 'd'].map(name =>
    source(name, `type Query { all: Int ${name}: ID! @shareable }`),
  )
  fc.assert(
    fc.property(
      fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
      fc.constantFrom(good, bad),
      (order, sources) => {
        const shuffled = order.flatMap(index => sources[index] ?? [])
        expect(compose(shuffled)).toEqual(compose(sources))
      },
    ),
    { numRuns: 20 },
  )
  expect(compose(good).ok).toBe(true)
  expect(compose(bad).ok).toBe(false)
})

test('an error names code, subgraph, file, line and column', () => {
  const result = compose([source('a', 'type Query {\n  x: Int\n}'), source('b', 'type Query {\n  x: Int\n}')])
  expect(result.diagnostics).toEqual([
    expect.objectContaining({
      severity: 'error',
      code: 'INVALID_FIELD_SHARING',
      locations: [
        expect.objectContaining({
          subgraph: 'a',
          file: 'a.graphql',
          line: 3,
          column: 3,
          endLine: 3,
          endColumn: 9,
        }),
        expect.objectContaining({
          subgraph: 'b',
          file: 'b.graphql',
          line: 3,
          column: 3,
          endLine: 3,
          endColumn: 9,
        }),
      ],
    }),
  ])
})

test('what can be wrong in each schema alone is told of all of them at once', () => {
  const result = compose([
    source('a', 'type Query {'),
    source('b', 'type {'),
    source('c', 'type Query { c: Int }'),
  ])
  expect(result.diagnostics.map(({ locations }) => locations[0]?.subgraph)).toEqual(['a', 'b'])
})

test('a schema nested too deeply is refused, not a crash', () => {
  const deep = `type Query { a: ${'['.repeat(50_000)}Int${']'.repeat(50_000)} }`
  expect(compose([source('a', deep)])).toMatchObject({
    ok: false,
    diagnostics: [{ code: 'INVALID_GRAPHQL' }],
  })
})

test('an empty schema, and names that are none, are errors with a name', () => {
  expect(compose([source('a', ''), { ...source('b', ''), sdl: '' }])).toMatchObject({
    ok: false,
    diagnostics: [{ code: 'INVALID_GRAPHQL' }],
  })
  expect(compose([source('_', 'type Query { a: Int }')])).toMatchObject({
    ok: false,
    diagnostics: [{ code: 'INVALID_SUBGRAPH_NAME' }],
  })
})

test('any text as a schema gives a result, never an exception', () => {
  const words = fc.constantFrom(
    'type',
    'Query',
    '{',
    '}',
    '(',
    ')',
    ':',
    'Int',
    '@key',
    '"id"',
    '"""',
    '!',
    '[',
    '@override(from: "x")',
    'extend',
    'schema',
  )
  fc.assert(
    fc.property(fc.array(words, { maxLength: 30 }), parts => {
      const result = compose([source('a', parts.join(' ')), source('b', 'type Query { b: Int }')])
      expect(result.ok || result.diagnostics.length > 0).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('a composition that breaks is told like one that fails, so that a watcher goes on', async () => {
  const cause = new TypeError('cannot read properties of undefined')
  const sources = {
    ok: true,
    sources: [source('a', 'type Query { a: Int }')],
    diagnostics: [],
    files: [],
    remote: false,
  } as const
  const result = await composeSources(sources, () => {
    throw new EnneadError('COMPOSITION_FAILED', 'composition itself failed on these schemas', { cause })
  })
  expect(result).toMatchObject({
    ok: false,
    because: 'schemas',
    diagnostics: [{ code: 'COMPOSITION_FAILED', message: expect.stringContaining('cannot read properties') }],
  })
})

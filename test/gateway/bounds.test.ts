import fc from 'fast-check'
import { Lexer, Source, TokenKind } from 'graphql'
import { expect, test } from 'vitest'
import { BoundedCache } from '../../kernel/bounded-cache.ts'
import { nestingOf } from '../../gateway/operation/nesting.ts'
import { createEngine } from '../../gateway/create-engine.ts'
import { fixedSupergraph } from '../../gateway/supergraph/supergraph-source.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { composeForTest } from '../support/federated.ts'

test('a cache is always within its bounds, and holds what was used last', () => {
  const command = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    size: fc.integer({ min: 0, max: 12 }),
    kind: fc.constantFrom('get', 'set', 'delete'),
  })
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), commands => {
      const cache = new BoundedCache<number>({ entriesMax: 3, sizeMax: 20 })
      // The oracle: a list from oldest to youngest, trimmed from the front.
      const answers: [number | undefined, number | undefined][] = []
      let model: { key: string; size: number }[] = []
      for (const { key, size, kind } of commands) {
        const found = model.find(entry => entry.key === key)
        if (kind === 'get') {
          answers.push([cache.get(key), found?.size])
          if (found !== undefined) model = [...model.filter(entry => entry !== found), found]
        } else {
          model = model.filter(entry => entry !== found)
          if (kind === 'set') {
            cache.set(key, size, size)
            model.push({ key, size })
            while (model.length > 3 || model.reduce((sum, entry) => sum + entry.size, 0) > 20) model.shift()
          } else cache.delete(key)
        }
        expect(cache.count).toBe(model.length)
        expect(cache.size).toBe(model.reduce((sum, entry) => sum + entry.size, 0))
      }
      for (const [answer, expected] of answers) expect(answer).toBe(expected)
      for (const { key, size } of model) expect(cache.get(key)).toBe(size)
    }),
  )
})

test("nesting is what the tokens of graphql-js's lexer say", () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ' a ',
    '"{"',
    '"\\\\"{"',
    '"""{\\n"""',
    '"""\\\\"""{"""',
    '# {\\n',
    ' 1 ',
    ':',
    '$x ',
    '...',
  )
  const text = fc.array(
    piece.map(raw => raw.replaceAll('\\\\', '\\').replaceAll('\\n', '\n')),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(text, pieces => {
      const document = pieces.join('')
      expect(nestingOf(document, 1_000)).toBe(nestingByLexer(document))
    }),
    { numRuns: 2_000 },
  )
})

function nestingByLexer(text: string): number {
  const lexer = new Lexer(new Source(text))
  let depth = 0
  let deepest = 0
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    if (['{', '(', '['].includes(token.kind)) deepest = Math.max(deepest, ++depth)
    if (['}', ')', ']'].includes(token.kind)) depth--
  }
  return deepest
}

test.each([
  [{ limits: { tokensMax: 0 } }, 'limits.tokensMax must be an integer >= 1, got 0'],
  [{ limits: { depthMax: 1.5 } }, 'limits.depthMax must be an integer >= 1, got 1.5'],
  [{ eventMs: -1 }, 'eventMs must be an integer >= 1, got -1'],
  [{ cacheEntriesMax: Number.NaN }, 'cacheEntriesMax must be an integer >= 1, got NaN'],
])('an engine refuses %j', (options, message) => {
  const supergraph = fixedSupergraph(loadSupergraph(composeForTest({ a: { sdl: 'type Query { a: Int }' } })))
  const subgraph = (): never => {
    throw new Error('not asked')
  }
  expect(() => createEngine({ supergraph, subgraph, ...options })).toThrow(
    new EnneadError('BAD_OPTION', message),
  )
})

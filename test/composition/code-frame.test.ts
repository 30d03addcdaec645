import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codeFrame } from '../../composition/code-frame.ts'
import { cellsOf } from '../../composition/display-text.ts'
import type { SourceLocation } from '../../composition/diagnostic.ts'

const plain = { colour: false, width: undefined }

function at(text: string, place: Partial<SourceLocation> = {}): SourceLocation {
  return { subgraph: 'a', file: 'a.graphql', line: 1, column: 1, text, ...place }
}

function frame(text: string, place: Partial<SourceLocation>, width?: number): string {
  return codeFrame(at(text, place), { colour: false, width }).join('\n')
}

test('a frame shows the line, one line around it, and underlines the stretch', () => {
  const text = 'type Query {\n  a: Int\n  b: String\n  c: Int\n}\n'
  expect(frame(text, { line: 3, column: 3, endColumn: 12 })).toBe(
    [' 2 |   a: Int', ' 3 |   b: String', '   |   ^^^^^^^^^', ' 4 |   c: Int'].join('\n'),
  )
})

test('line numbers of different lengths stay aligned', () => {
  const text = Array.from({ length: 12 }, (_, index) => `line${index + 1}`).join('\n')
  expect(frame(text, { line: 9, column: 1, endColumn: 6 })).toBe(
    ['  8 | line8', '  9 | line9', '    | ^^^^^', ' 10 | line10'].join('\n'),
  )
})

test('a stretch over several lines underlines each, and a long one is cut', () => {
  const text = 'a(\n  one\n\n  two\n)\n'
  expect(frame(text, { line: 1, column: 1, endLine: 5, endColumn: 2 })).toBe(
    [
      ' 1 | a(',
      '   | ^^',
      ' 2 |   one',
      '   |   ^^^',
      ' 3 |',
      ' 4 |   two',
      '   |   ^^^',
      ' 5 | )',
      '   | ^',
      ' 6 |',
    ].join('\n'),
  )
  expect(frame('x\n'.repeat(50), { line: 1, column: 1, endLine: 40, endColumn: 2 }).endsWith('   | …')).toBe(
    true,
  )
})

test('a long line is cut around the stretch to the width of the terminal', () => {
  const text = `type Query { ${'filler: Int '.repeat(50)}wrong: Int ${'filler: Int '.repeat(50)}}`
  const column = text.indexOf('wrong') + 1
  const lines = frame(text, { line: 1, column, endColumn: column + 5 }, 60).split('\n')
  expect(lines.every(line => line.length <= 60)).toBe(true)
  const [shown = '', carets = ''] = lines
  expect(shown.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('wrong')
})

test('tabs and wide characters keep the underline below its stretch', () => {
  expect(frame('\t"""名前""" name: Int', { line: 1, column: 11, endColumn: 15 })).toBe(
    ` 1 |   """名前""" name: Int\n   | ${' '.repeat(13)}^^^^`,
  )
})

test('what a schema writes into a frame cannot reach the terminal', () => {
  const text = 'type Query { # \u001b[2J\u001b]0;title\u0007 \u202e\n  a: Int }'
  const shown = frame(text, { line: 1, column: 6, endColumn: 11 })
  for (const character of ['\u001b', '\u0007', '\u202e']) expect(shown).not.toContain(character)
})

test('without a text, or outside of it, there is no frame', () => {
  expect(codeFrame(at('x', { text: undefined }), plain)).toEqual([])
  expect(codeFrame(at('x', { line: 2 }), plain)).toEqual([])
  expect(codeFrame(at('x', { line: 0 }), plain)).toEqual([])
})

test('colours add nothing but colours', () => {
  const location = at('type Query {\n  a: Int\n}', { line: 2, column: 3, endColumn: 9 })
  const coloured = codeFrame(location, { colour: true, width: undefined })
  expect(coloured.join('\n')).toContain('\u001b[')
  expect(coloured.map(stripVTControlCharacters)).toEqual(codeFrame(location, plain))
})

test('any place in any text gives a frame that fits', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.nat(20),
      fc.nat(200),
      fc.nat(20),
      fc.nat(200),
      fc.integer({ min: 40, max: 200 }),
      (text, line, column, endLine, endColumn, width) => {
        const lines = codeFrame(at(text, { line, column, endLine, endColumn }), { colour: false, width })
        expect(lines.every(shown => cellsOf(shown) <= width)).toBe(true)
      },
    ),
  )
})

import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { compareDiagnostics } from '../../composition/diagnostic.ts'
import type { Diagnostic } from '../../composition/diagnostic.ts'
import { cellsOf } from '../../composition/display-text.ts'
import { renderDiagnostic } from '../../composition/render-diagnostic.ts'

const text = 'type Query {\n  topProducts: [Product]\n}\n'
const diagnostic: Diagnostic = {
  severity: 'error',
  code: 'EXAMPLE',
  message: 'The type "Product" is declared nowhere, but Query.topProducts answers with a list of it.',
  locations: [
    { subgraph: 'shop', file: 'shop.graphql', line: 2, column: 17, endColumn: 24, text },
    { subgraph: undefined, file: 'old.graphql', line: 9, column: 1, text: undefined },
  ],
  suggestions: ['Products', 'Produce'],
  advice: 'Declare the type, or correct its name.',
}

test('a diagnostic is printed with its places, what may have been meant, and what to do', () => {
  expect(renderDiagnostic(diagnostic, { colour: false, width: undefined })).toBe(`error EXAMPLE
The type "Product" is declared nowhere, but Query.topProducts answers with a list of it.

  shop.graphql:2:17 (shop)
  1 | type Query {
  2 |   topProducts: [Product]
    |                 ^^^^^^^
  3 | }

  old.graphql:9:1

  did you mean "Products" or "Produce"?
  help: Declare the type, or correct its name.
`)
})

test('on a terminal it fits the width, and colours change nothing else', () => {
  const shown = renderDiagnostic(diagnostic, { colour: true, width: 50 })
  expect(shown).not.toBe(stripVTControlCharacters(shown))
  expect(stripVTControlCharacters(shown)).toBe(renderDiagnostic(diagnostic, { colour: false, width: 50 }))
  expect(Math.max(...stripVTControlCharacters(shown).split('\n').map(cellsOf))).toBeLessThanOrEqual(50)
})

test('diagnostics are ordered by severity, then place, whatever order they were found in', () => {
  const at = (severity: Diagnostic['severity'], file: string, line: number): Diagnostic => ({
    severity,
    code: 'X',
    message: '',
    locations: [{ subgraph: 'a', file, line, column: 1, text: undefined }],
  })
  const ordered = [
    at('error', 'a', 9),
    at('error', 'b', 1),
    at('error', 'b', 2),
    at('warning', 'a', 1),
    at('notice', 'a', 1),
  ]
  expect([...ordered].reverse().sort(compareDiagnostics)).toEqual(ordered)
})

test('frames of long lines fit the terminal as well', () => {
  const long = {
    ...diagnostic,
    locations: [{ subgraph: 'a', file: 'a', line: 1, column: 90, text: 'x '.repeat(200) }],
  }
  const lines = renderDiagnostic(long, { colour: false, width: 60 }).split('\n')
  expect(Math.max(...lines.map(cellsOf))).toBe(60)
})

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HINTS } from '@apollo/composition/dist/hints.js'
import { ERRORS } from '@apollo/federation-internals'
import { adviceFor } from '../../composition/advice.ts'
import { codeFrame } from '../../composition/code-frame.ts'
import { errorAdvice } from '../../composition/error-advice.ts'
import { hintAdvice } from '../../composition/hint-advice.ts'
import { compose } from '../../composition/compose.ts'
import type { Diagnostic } from '../../composition/diagnostic.ts'
import { renderDiagnostic } from '../../composition/render-diagnostic.ts'

/*
 * Each file of golden/ is a title, schemas and what a person is told about them. After a wanted change write the outputs
 * anew with ENNEAD_UPDATE_GOLDEN=1, and read every difference: would a stranger know what to do?
 */
const folder = join(import.meta.dirname, 'golden')

interface Case {
  readonly title: string
  readonly input: string
  readonly output: string
  readonly diagnostics: readonly Diagnostic[]
  readonly composes: boolean
  readonly subgraphs: readonly string[]
}

function readCase(name: string): Case {
  const text = readFileSync(join(folder, name), 'utf8')
  const [head = '', output = ''] = text.split('\n=== output\n')
  const [title = '', ...parts] = head.split('\n=== ')
  const sources = parts.map(part => {
    const name = part.slice(0, part.indexOf('\n'))
    const sdl = part.slice(part.indexOf('\n') + 1)
    return { name, routingUrl: `http://${name}.example/graphql`, sdl, file: `${name}.graphql` }
  })
  const result = compose(sources)
  const subgraphs = sources.map(({ name }) => name)
  return { title, input: head, output, diagnostics: result.diagnostics, composes: result.ok, subgraphs }
}

const names = readdirSync(folder)
const cases = new Map(names.map(name => [name, readCase(name)]))
const failing = [...cases].filter(([, found]) => !found.composes)

test.each(names)('%s: what a person is told is what was agreed', name => {
  const { input, output, diagnostics } = cases.get(name) ?? readCase(name)
  const told = diagnostics
    .map(diagnostic => renderDiagnostic(diagnostic, { colour: false, width: 100 }))
    .join('\n')
  if (process.env['ENNEAD_UPDATE_GOLDEN'] === '1') {
    writeFileSync(join(folder, name), `${input}\n=== output\n${told}`)
  } else expect(told).toBe(output)
})

test('at least 30 compositions of ours and 15 of Apollo fail here', () => {
  const apollo = failing.filter(([, { title }]) => title.includes("As in Apollo's"))
  expect(apollo).toHaveLength(15)
  expect(failing.length - apollo.length).toBeGreaterThanOrEqual(30)
})

test.each(failing)(
  '%s: every error has advice, a place in the text, and every subgraph it speaks of',
  (_name, { diagnostics, subgraphs }) => {
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    expect(errors).not.toEqual([])
    for (const { message, locations, advice } of errors) {
      expect(advice).toMatch(/^[A-Z].*\.$/)
      expect(locations).not.toEqual([])
      for (const location of locations) {
        expect(codeFrame(location, { colour: false, width: 100 }).join('\n')).toContain('^')
      }
      const spokenOf = subgraphs.filter(
        name => message.includes(`"${name}"`) || message.startsWith(`[${name}]`),
      )
      expect(locations.map(({ subgraph }) => subgraph)).toEqual(expect.arrayContaining(spokenOf))
    }
  },
)

test('every code of composition has one line of advice', () => {
  const codes = [
    ...Object.values(ERRORS).map(({ code }) => code),
    ...Object.values(HINTS).map(({ code }) => code),
  ]
  expect(codes.length).toBeGreaterThan(110)
  for (const code of codes) expect(adviceFor(code), code).toMatch(/^[A-Z][^\n]{10,130}\.$/)
  const known = new Set<string>(codes)
  expect([...Object.keys(errorAdvice), ...Object.keys(hintAdvice)].filter(code => !known.has(code))).toEqual(
    [],
  )
})

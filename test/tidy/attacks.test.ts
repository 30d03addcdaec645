import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './source-files.ts'

interface Row {
  readonly number: number
  readonly links: readonly { readonly words: string; readonly file: string }[]
}

/** The names of a file's tests. Of a generated name, what its source says. */
function namesIn(text: string): readonly string[] {
  const forms = [
    /\btest(?:\.each(?:<[^(]*>)?\([^]*?\]\))?\(\s*'((?:[^'\\]|\\.)*)'/g,
    /\]\)\(\s*'((?:[^'\\]|\\.)*)'/g,
    /\btest\(\s*"([^"]*)"/g,
  ]
  return forms.flatMap(form => [...text.matchAll(form)].map(([, name = '']) => name))
}

const table = readFileSync(join(root, 'docs/attacks.md'), 'utf8')
const rows: readonly Row[] = [...table.matchAll(/^\| (\d+) +\|.*$/gm)].map(([line, number]) => ({
  number: Number(number),
  links: [...line.matchAll(/\[([^\]]+)\]\(\.\.\/(test\/[\w/.-]+)\)/g)].map(([, words = '', file = '']) => ({
    words,
    file,
  })),
}))

test('every hostile input has a test that exists', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 34 }, (_, index) => index + 1))
  const missing = rows.flatMap(({ number, links }) => {
    if (links.length === 0) return [`row ${number} has no test`]
    return links
      .filter(({ words, file }) => {
        const path = join(root, file)
        return !existsSync(path) || !namesIn(readFileSync(path, 'utf8')).some(name => name.includes(words))
      })
      .map(({ words, file }) => `row ${number}: no test of ${file} is called "${words}"`)
  })
  expect(missing).toEqual([])
})

test('every test that names a row is of one that there is', () => {
  const known = new Set(rows.map(({ number }) => number))
  const wrong = globSync('test/**/*.test.ts', { cwd: root }).flatMap(file =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/'rows? (\d+)(?: and (\d+))?:/g)]
      .flatMap(([, first, second]) => [first, second].filter(each => each !== undefined).map(Number))
      .filter(number => !known.has(number))
      .map(number => `${file}: row ${number}`),
  )
  expect(wrong).toEqual([])
})

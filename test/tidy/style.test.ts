import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorDefinitions } from '../../kernel/errors.ts'
import { productFolders, root, sourceFiles } from './source-files.ts'

const linesMax = 300
const linesWanted = 150

test('no file is longer than 300 lines', () => {
  const files = sourceFiles([...productFolders, 'bench', 'examples'])
  const report = files.filter(file => file.lines > linesWanted).map(file => `${file.lines} ${file.path}`)
  process.stdout.write(
    `${report.length} of ${files.length} files are over ${linesWanted} lines:\n${report.join('\n')}\n`,
  )
  expect(files.filter(file => file.lines > linesMax).map(file => file.path)).toEqual([])
})

test('no default exports, no barrels, no TODO without its issue', () => {
  const wrong: string[] = []
  for (const file of sourceFiles([...productFolders, 'test', 'bench', 'examples'])) {
    if (file.path.startsWith('test/tidy/')) continue
    if (/^export default\b/m.test(file.text)) wrong.push(`${file.path}: default export`)
    if (/\/(?:index|utils?)\.ts$/.test(file.path)) wrong.push(`${file.path}: barrel or utils`)
    if (/(?:\/\/|\*).*\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))/.test(file.text))
      wrong.push(`${file.path}: TODO without an issue`)
  }
  expect(wrong).toEqual([])
})

test('file names are in kebab-case', () => {
  const names = sourceFiles([...productFolders, 'test', 'bench', 'examples']).map(file => file.path)
  expect(
    names.filter(path => !/^(?:[a-z0-9-]+\/)*[a-z0-9-]+(?:\.property)?(?:\.test)?\.ts$/.test(path)),
  ).toEqual([])
})

test('every error code is a row of docs/errors.md, and nothing else is', () => {
  const text = readFileSync(join(root, 'docs', 'errors.md'), 'utf8')
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (\w+) \| (\d+) \| (.+) \|$/gm)].map(row => row.slice(1))
  const codes = Object.entries(errorDefinitions).map(([code, { kind, http, meaning }]) => [
    code,
    kind,
    String(http),
    meaning,
  ])
  expect(rows).toEqual(codes)
})

test('no loop of a test waits without a turn of the event loop: what it waits for would never come, and no time limit either', () => {
  const loop = /(?:while|for) \(.*\) await Promise\.resolve\(\)/
  const found = sourceFiles(['test']).filter(({ text }) => loop.test(text))
  expect(found.map(({ path }) => path)).toEqual([])
})

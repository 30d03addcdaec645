import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './source-files.ts'

const documents = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: root })

test('every file that ARCHITECTURE.md names exists', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const names = [...text.matchAll(/`([\w/.-]+\.(?:ts|yml))`/g)].map(match => match[1] ?? '')
  const files = globSync(
    ['{apollo,checks,cli,composition,dispatch,events,gateway,kernel,subgraphs,test}/**/*.ts', '*.yml'],
    {
      cwd: root,
    },
  )
  expect(names.length).toBeGreaterThan(30)
  expect(names.filter(name => !files.some(file => file === name || file.endsWith(`/${name}`)))).toEqual([])
})

test('every link between documents leads somewhere', () => {
  const broken = documents.flatMap(document =>
    [...readFileSync(join(root, document), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)]
      .map(match => match[1] ?? '')
      .filter(link => !existsSync(join(root, dirname(document), link)))
      .map(link => `${document}: ${link}`),
  )
  expect(broken).toEqual([])
})

test('every npm script that a document names is one', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const named = documents.flatMap(document =>
    [...readFileSync(join(root, document), 'utf8').matchAll(/npm run ([\w:-]+)/g)].map(
      match => match[1] ?? '',
    ),
  )
  expect(named.filter(name => !(name in scripts))).toEqual([])
})

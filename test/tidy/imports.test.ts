import { expect, test } from 'vitest'
import { importsOf, productFolders, sourceFiles } from './source-files.ts'

/** What each part may import besides itself (DESIGN: imports point one way along a request's path). */
const allowed: ReadonlyMap<string, readonly string[]> = new Map([
  ['kernel', []],
  ['composition', ['kernel']],
  ['checks', ['kernel', 'composition', 'gateway']],
  ['dispatch', ['kernel']],
  ['events', ['kernel']],
  ['gateway', ['kernel', 'dispatch', 'events']],
  ['apollo', ['kernel', 'composition', 'gateway']],
  ['subgraphs/service', ['kernel', 'dispatch', 'events']],
  ['subgraphs/api', ['kernel', 'dispatch', 'events', 'subgraphs/service']],
  ['subgraphs/auth', ['kernel', 'dispatch', 'events', 'subgraphs/service']],
  ['subgraphs/db', ['kernel', 'dispatch', 'events', 'subgraphs/service']],
  ['cli', [...productFolders, 'subgraphs/service', 'subgraphs/api', 'subgraphs/auth', 'subgraphs/db']],
])

function partOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  return first === 'subgraphs' ? `${first}/${second}` : first
}

test('imports point one way only', () => {
  const wrong: string[] = []
  for (const file of sourceFiles()) {
    const part = partOf(file.path)
    for (const imported of file.imports) {
      const target = partOf(imported)
      if (target !== part && !(allowed.get(part) ?? []).includes(target))
        wrong.push(`${file.path} → ${imported}`)
    }
  }
  expect(wrong).toEqual([])
})

test('checks know of the gateway only its planner port and the form of its operation log', () => {
  const known = ['gateway/planning/plan.ts', 'gateway/planning/planner.ts', 'gateway/recording/log-entry.ts']
  const wrong = sourceFiles(['checks']).flatMap(file =>
    file.imports.filter(path => path.startsWith('gateway/') && !known.includes(path)),
  )
  expect(wrong).toEqual([])
})

test('no file imports itself in a circle', () => {
  const files = new Map(sourceFiles().map(file => [file.path, file]))
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      return
    }
    if (done.has(path)) return
    for (const next of files.get(path)?.imports ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of files.keys()) visit(path, [])
  expect(circles).toEqual([])
})

test('every imported file exists', () => {
  const files = sourceFiles([...productFolders, 'test', 'bench', 'examples'])
    // This file quotes imports that are none.
    .filter(file => file.path !== 'test/tidy/imports.test.ts')
  const known = new Set(files.map(file => file.path))
  const missing = files.flatMap(file =>
    file.imports
      .filter(path => path.endsWith('.ts') && !known.has(path))
      .map(path => `${file.path} → ${path}`),
  )
  expect(missing).toEqual([])
})

test('the check sees every form of import', () => {
  const text = `import a from './a.ts'\nimport type { B } from '../b.ts'\nexport { c } from "./c.ts"\nawait import('./d.ts')\nimport './e.ts'`
  expect(importsOf('x/y.ts', text)).toEqual(['x/a.ts', 'b.ts', 'x/c.ts', 'x/d.ts', 'x/e.ts'])
})

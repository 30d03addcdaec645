import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** The top of the repository. */
export const root = join(import.meta.dirname, '..', '..')

/** A TypeScript file of the product, with the files of ours it imports. */
export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly imports: readonly string[]
}

/** Folders whose files are the product. */
export const productFolders = [
  'apollo',
  'checks',
  'cli',
  'composition',
  'dispatch',
  'events',
  'gateway',
  'kernel',
  'subgraphs',
] as const

/** Every .ts file below `folders`, by path. */
export function sourceFiles(folders: readonly string[] = productFolders): readonly SourceFile[] {
  return folders
    .flatMap(folder => globSync(`${folder}/**/*.ts`, { cwd: root, exclude: ['**/node_modules/**'] }))
    .sort()
    .map(path => {
      const text = readFileSync(join(root, path), 'utf8')
      return { path, text, lines: text.split('\n').length - 1, imports: importsOf(path, text) }
    })
}

/** Static and dynamic imports, re-exports and `import()` types, as paths from the top. */
export function importsOf(path: string, text: string): readonly string[] {
  const found = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)['"](\.{1,2}\/[^'"]+)['"]/g)
  return [...found].map(match => relative(root, join(root, dirname(path), match[1] ?? '')))
}

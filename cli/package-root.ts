import { readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EnneadError } from '../kernel/errors.ts'

/** The folder of this package, from the sources as well as from dist/: where schema/ and supergraph.yaml lie. */
export function packageRoot(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
  }
  throw new EnneadError('INTERNAL', `no package.json above ${import.meta.dirname}; install Ennead again`)
}

/** The SDL of one of our own subgraphs, or `supergraph`. */
export async function schemaText(name: 'api' | 'auth' | 'db' | 'supergraph'): Promise<string> {
  return readFile(join(packageRoot(), 'schema', `${name}.graphql`), 'utf8')
}

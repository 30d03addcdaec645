import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const subgraphs = 10
const typesEach = 50
const fieldsEach = 10
/** Fields of the whole graph besides those of Query. */
export const fields = subgraphs * typesEach * fieldsEach
/** Fields that differ between the two versions: removed, of another type, or added, in turn. */
export const changes = 300
export const operations = 1_000

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n'

/** Writes `base` and `next`, each a composition's configuration with its schemas, and `operations.jsonl`. */
export async function writeGraph(folder: string): Promise<void> {
  for (const version of ['base', 'next'] as const) {
    const path = join(folder, version)
    await mkdir(path, { recursive: true })
    const names = Array.from({ length: subgraphs }, (_, index) => `s${index}`)
    const entries = names.map(
      name => `  ${name}:\n    routing_url: http://${name}.example\n    schema: { file: ${name}.graphql }\n`,
    )
    await writeFile(join(path, 'supergraph.yaml'), `subgraphs:\n${entries.join('')}`)
    for (const [index, name] of names.entries())
      await writeFile(join(path, `${name}.graphql`), schemaOf(index, version))
  }
  await writeFile(join(folder, 'operations.jsonl'), log())
}

function schemaOf(subgraph: number, version: 'base' | 'next'): string {
  const types = Array.from({ length: typesEach }, (_, index) => subgraph * typesEach + index)
  const roots = types.map(type => `  t${type}(id: ID!): T${type}\n`)
  const bodies = types.map(type => `type T${type} @key(fields: "f0") {\n${fieldsOf(type, version)}}\n`)
  return `${link}type Query {\n${roots.join('')}}\n${bodies.join('')}`
}

function fieldsOf(type: number, version: 'base' | 'next'): string {
  const lines = [`  f0: ID!\n`, `  f1(first: Int): [T${(type + 1) % (subgraphs * typesEach)}!]\n`]
  // The neighbour lives in the same subgraph, or is known there by its key alone.
  if ((type + 1) % typesEach === 0) lines[1] = '  f1(first: Int): [String!]\n'
  for (let field = 2; field < fieldsEach; field++) lines.push(`  f${field}: String!\n`)
  if (type >= changes || version === 'base') return lines.join('')
  if (type % 3 === 0) lines.pop()
  else if (type % 3 === 1) lines[fieldsEach - 1] = `  f${fieldsEach - 1}: String\n`
  else lines.push('  added: Int\n')
  return lines.join('')
}

function log(): string {
  const until = new Date(0).toISOString()
  const lines = Array.from({ length: operations }, (_, index) => {
    const type = index % (subgraphs * typesEach)
    const text = `query Q${index}($id: ID!) { t${type}(id: $id) { f0 f1 ${type % typesEach < typesEach - 1 ? '{ f2 f9 }' : ''} f3 f9 } }`
    const id = `q${index}`
    return [
      { entry: 'document', id, name: `Q${index}`, text },
      { entry: 'count', id, client: 'web', requests: 10 + index, from: until, until },
    ]
  })
  return lines
    .flat()
    .map(line => `${JSON.stringify(line)}\n`)
    .join('')
}

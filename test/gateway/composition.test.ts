import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { composeFromConfig, compose, describeMessage } from '../../gateway/supergraph/compose.ts'

async function composed(files: Readonly<Record<string, string>>): ReturnType<typeof composeFromConfig> {
  const folder = await mkdtemp(join(tmpdir(), 'ennead-compose-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    return await composeFromConfig(join(folder, 'supergraph.yaml'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@override"])\n'
const config = `federation_version: =2.9.0
subgraphs:
  b: { routing_url: "http://b/graphql", schema: { file: b.graphql } }
  a: { routing_url: "http://a/graphql", schema: { file: ./a.graphql } }
`

test("the project's own schemas compose to the committed supergraph, byte for byte", async () => {
  const result = await composeFromConfig('supergraph.yaml')
  expect(result).toMatchObject({ ok: true, hints: [] })
  expect(result.ok && result.sdl).toBe(await readFile('schema/supergraph.graphql', 'utf8'))
})

test('the order in a configuration does not change a byte', () => {
  const a = { name: 'a', routingUrl: 'http://a', file: 'a', sdl: `${link} type Query { a: Int }` }
  const b = { name: 'b', routingUrl: 'http://b', file: 'b', sdl: `${link} type Query { b: Int }` }
  expect(compose([a, b])).toEqual(compose([b, a]))
  expect(compose([a, b]).ok).toBe(true)
})

test('errors of composition carry code, subgraph, file, line and column', async () => {
  const result = await composed({
    'supergraph.yaml': config,
    'a.graphql': `${link}type Query {\n  x: Int\n  a: String\n}`,
    'b.graphql': `${link}type Query {\n  x: Int\n}`,
  })
  expect(result.ok ? [] : result.errors).toEqual([
    expect.objectContaining({
      code: 'INVALID_FIELD_SHARING',
      subgraph: 'a',
      file: './a.graphql',
      line: 3,
      column: 3,
    }),
  ])
  expect(result.ok ? '' : result.errors.map(describeMessage).join()).toMatch(
    /^\.\/a\.graphql:3:3: \[a\] INVALID_FIELD_SHARING: /,
  )
})

test('a syntax error carries its place', async () => {
  const result = await composed({
    'supergraph.yaml': config,
    'a.graphql': 'type Query {\n  a: \n}',
    'b.graphql': link,
  })
  expect(result.ok ? [] : result.errors).toEqual([
    expect.objectContaining({
      code: 'INVALID_GRAPHQL',
      subgraph: 'a',
      file: './a.graphql',
      line: 3,
      column: 1,
    }),
  ])
})

test('@override from a subgraph that does not exist is an error, not a hint', async () => {
  const result = await composed({
    'supergraph.yaml': config,
    'a.graphql': `${link}type Query { a: Int } type T @key(fields: "id") { id: ID! n: Int @override(from: "nope") }`,
    'b.graphql': `${link}type Query { b: T } type T @key(fields: "id") { id: ID! }`,
  })
  expect(result).toMatchObject({ ok: false, errors: [{ code: 'FROM_SUBGRAPH_DOES_NOT_EXIST' }] })
})

test.each([
  ['subgraphs: [', /supergraph\.yaml:1:\d+: /],
  ['federation_version: 2', /"subgraphs" must be a map/],
  ['subgraphs: {}', /must name 1 to/],
  ['subgraphs: { a: { schema: { file: a } } }', /subgraphs\.a\.routing_url must be an absolute URL/],
  [
    'subgraphs: { a: { routing_url: "http://a", schema: {} } }',
    /subgraphs\.a\.schema\.file must name a file/,
  ],
  [
    'subgraphs: { a: { routing_url: "http://a", schema: { file: gone } } }',
    /subgraphs\.a\.schema\.file: cannot read .*gone/,
  ],
  [
    'subgraphs: { a: { routing_url: "http://a", schema: { subgraph_url: "http://a" } } }',
    /subgraph_url is not supported/,
  ],
])('the configuration %j is refused by name', async (text, message) => {
  await expect(composed({ 'supergraph.yaml': text })).rejects.toMatchObject({
    code: 'COMPOSITION_FAILED',
    message: expect.stringMatching(message),
  })
})

test('a configuration that is not there is one clear error', async () => {
  await expect(composeFromConfig('/nowhere/supergraph.yaml')).rejects.toMatchObject({
    code: 'COMPOSITION_FAILED',
  })
})

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buildSchema, graphqlSync } from 'graphql'
import { expect, test } from 'vitest'
import { composeFromConfig } from '../../composition/compose-from-config.ts'
import type { Composition } from '../../composition/compose-from-config.ts'
import type { ReadSourcesOptions } from '../../composition/read-sources.ts'
import { renderDiagnostic } from '../../composition/render-diagnostic.ts'

async function composed(
  files: Readonly<Record<string, string>>,
  options: ReadSourcesOptions = {},
): Promise<Composition> {
  const folder = await mkdtemp(join(tmpdir(), 'ennead-config-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    }
    return await composeFromConfig(join(folder, 'supergraph.yaml'), options)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function serve(listener: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://localhost:${port}/graphql`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function told(composition: Composition): string {
  return composition.diagnostics
    .map(found => renderDiagnostic(found, { colour: false, width: undefined }))
    .join('\n')
}

const sdl = 'type Query {\n  a: Int\n}\n'

test('a schema comes from a file, inline, by download or from a running subgraph', async () => {
  await using live = await serve((request, response) => {
    if (request.method === 'GET') response.end('type Query { downloaded: Int }')
    else response.end(JSON.stringify({ data: { _service: { sdl: 'type Query { live: Int }' } } }))
  })
  const result = await composed({
    'schemas/file.graphql': 'type Query { file: Int }',
    'supergraph.yaml': `
federation_version: =2.9.0
subgraphs:
  file:
    routing_url: http://file.example
    schema: { file: ./schemas/file.graphql }
  inline:
    routing_url: http://inline.example
    schema:
      sdl: |
        type Query {
          inline: Int
        }
  download:
    routing_url: http://download.example
    schema: { remote_url: "${live.url}" }
  live:
    schema: { subgraph_url: "${live.url}" }
`,
  })
  expect(told(result)).toBe('')
  const supergraph = result.ok ? result.sdl : ''
  for (const field of ['file', 'inline', 'downloaded', 'live'])
    expect(supergraph).toContain(`  ${field}: Int`)
  expect(supergraph).toContain(`LIVE @join__graph(name: "live", url: "${live.url}")`)
  expect(result.remote).toBe(true)
})

test('an inline schema is pointed at in the configuration itself', async () => {
  const result = await composed({
    'supergraph.yaml': `subgraphs:
  a:
    routing_url: http://a
    schema:
      sdl: |
        type Query {
          a: Nope
        }
`,
  })
  expect(told(result)).toMatch(
    /supergraph\.yaml:7:14 \(a\)\n +6 \| +type Query \{\n +7 \| +a: Nope\n +\| +\^\^\^\^\n/,
  )
})

test('a server that is no subgraph is asked by introspection', async () => {
  const schema = buildSchema('type Query { "Said." plain(first: Int = 3): [String!] }')
  await using live = await serve((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      const { query } = JSON.parse(body) as { query: string }
      response.end(JSON.stringify(graphqlSync({ schema, source: query })))
    })
  })
  const result = await composed({
    'supergraph.yaml': `subgraphs: { plain: { schema: { subgraph_url: "${live.url}" } } }`,
  })
  expect(told(result)).toBe('')
  expect(result.ok && result.sdl).toContain('plain(first: Int = 3): [String!]')
})

test('variables of the environment and files fill texts, defaults fill in, and headers reach the server', async () => {
  const seen: unknown[] = []
  await using live = await serve((request, response) => {
    seen.push(request.headers.authorization)
    response.end(JSON.stringify({ data: { _service: { sdl } } }))
  })
  const result = await composed(
    {
      token: 'secret-token\n',
      'supergraph.yaml': `subgraphs:
  a:
    routing_url: \${env.A_URL:-http://a.example/graphql}
    schema:
      subgraph_url: \${env.LIVE}
      introspection_headers:
        authorization: Bearer \${file.token}
`,
    },
    { environment: { LIVE: live.url } },
  )
  expect(told(result)).toBe('')
  expect(result.ok && result.sdl).toContain('url: "http://a.example/graphql"')
  expect(seen).toEqual(['Bearer secret-token'])
})

const at = (schema: string, routing = 'http://a'): string =>
  `subgraphs:\n  a:\n    routing_url: "${routing}"\n    schema: ${schema}\n`

test.each([
  ['not YAML', 'subgraphs: [', 1, /not YAML/],
  ['the same subgraph twice', 'subgraphs:\n  a: {}\n  a: {}\n', 3, /unique/],
  ['no subgraphs', 'federation_version: 2', 1, /"subgraphs" must be a map/],
  ['subgraphs that are a list', 'subgraphs:\n  - a\n', 1, /"subgraphs" must be a map/],
  ['an empty map', 'subgraphs: {}', 1, /must name 1 to 1000 subgraphs, got 0/],
  ['a subgraph that is no map', 'subgraphs:\n  a: 1\n', 2, /subgraph "a" must be a map/],
  [
    'no routing_url',
    'subgraphs:\n  a:\n    schema: { file: a }\n',
    2,
    /subgraphs\.a\.routing_url must be an absolute URL/,
  ],
  [
    'a routing_url without a scheme',
    at('{ file: a.graphql }', 'localhost:4000'),
    3,
    /routing_url must be an absolute URL/,
  ],
  [
    'no schema',
    'subgraphs:\n  a:\n    routing_url: http://a\n',
    2,
    /subgraphs\.a\.schema must have one of .* got none/,
  ],
  ['two origins', at('{ file: a.graphql, sdl: x }'), 4, /got file and sdl/],
  ['an empty file name', at('{ file: "" }'), 4, /schema\.file must be a text that is not empty/],
  ['a registry', at('{ graphref: "shop@current", subgraph: a }'), 4, /needs an account at a schema registry/],
  [
    'a variable that is not set',
    at('{ file: "${env.NOWHERE}" }'),
    4,
    /environment variable NOWHERE is not set/,
  ],
  [
    'a header that cannot be sent',
    at('{ subgraph_url: "http://a", introspection_headers: { "a b": "c" } }'),
    4,
    /is not a header/,
  ],
  [
    'Federation 1',
    `federation_version: 1\n${at('{ sdl: x }')}`,
    1,
    /Federation 1 composition is not supported/,
  ],
  [
    'a version that is none',
    `federation_version: soon\n${at('{ sdl: x }')}`,
    1,
    /must be 2 or like =2\.9\.0/,
  ],
  ['a version of tomorrow', `federation_version: =2.99.0\n${at('{ sdl: x }')}`, 1, /newer than 2\.14/],
])('%s is refused with its line', async (_name, yaml, line, message) => {
  const result = await composed({ 'supergraph.yaml': yaml, 'a.graphql': sdl })
  expect(result).toMatchObject({ ok: false, because: 'configuration' })
  expect(told(result)).toMatch(message)
  expect(result.diagnostics[0]).toMatchObject({ code: 'CONFIG_INVALID', locations: [{ line }] })
})

test('all mistakes of a configuration are told at once, and unknown words are warned of with what was meant', async () => {
  const result = await composed({
    'supergraph.yaml': 'subgraph: 1\nsubgraphs:\n  a: { routing_url: x, schema: { fil: a } }\n  b: 3\n',
  })
  const text = told(result)
  expect(result.diagnostics.filter(({ severity }) => severity === 'error')).toHaveLength(3)
  expect(text).toMatch(/"subgraph" is not known here.*did you mean "subgraphs"/s)
  expect(text).toMatch(/"fil" is not known here.*did you mean "file"/s)
})

test.each([
  ['a file that is missing', '{ file: gone.graphql }', /"a" cannot be read: gone\.graphql does not exist/],
  ['a folder', '{ file: . }', /is a folder/],
  [
    'a server that is not there',
    '{ subgraph_url: "http://localhost:1/graphql" }',
    /http:\/\/localhost:1\/graphql cannot be reached/,
  ],
])(
  '%s is a matter of the environment, told with the line of the configuration',
  async (_name, schema, message) => {
    const result = await composed({ 'supergraph.yaml': at(schema) })
    expect(result).toMatchObject({ ok: false, because: 'sources' })
    expect(result.diagnostics).toMatchObject([{ code: 'SCHEMA_UNREADABLE', locations: [{ line: 4 }] }])
    expect(told(result)).toMatch(message)
  },
)

test.each<[string, RequestListener, RegExp]>([
  ['HTML', (_request, response) => response.end('<html>'), /answered 200 with something that is not JSON/],
  ['no GraphQL', (_request, response) => response.end('[]'), /something that is not GraphQL/],
  [
    'a refusal',
    (_request, response) => response.end('{"errors":[{"message":"no introspection"}]}'),
    /neither _service nor introspection: no introspection/,
  ],
  [
    'a schema that is none',
    (_request, response) => response.end('{"data":{"__schema":{}}}'),
    /something that is no schema/,
  ],
  ['too much', (_request, response) => response.end('x'.repeat(3_000)), /more than 2000 bytes/],
  ['nothing', () => undefined, /did not answer within 300 ms/],
  [
    'a redirect',
    (_request, response) => response.writeHead(302, { location: 'http://localhost:1/' }).end(),
    /redirects \(302\), which is not followed/,
  ],
])('a server that answers %s is named, without its credentials', async (_name, listener, message) => {
  await using live = await serve(listener)
  const url = live.url.replace('http://', 'http://user:hidden@').concat('?key=hidden')
  const result = await composed(
    { 'supergraph.yaml': at(`{ subgraph_url: "\${env.LIVE}" }`) },
    { environment: { LIVE: url }, timeoutMs: 300, answerBytesMax: 2_000 },
  )
  expect(told(result)).toMatch(message)
  expect(told(result)).not.toContain('hidden')
})

test('a configuration that is not there is one clear error', async () => {
  const result = await composeFromConfig('/nowhere/supergraph.yaml')
  expect(result).toMatchObject({ ok: false, because: 'sources' })
  expect(told(result)).toMatch(/supergraph\.yaml does not exist/)
})

test('aliases that would make gigabytes, and brackets a thousand deep, are refused in no time', async () => {
  const names = 'bcdefghijk'.split('')
  const bomb = names.map(
    (name, index) => `${name}: &${name} [${`*${index === 0 ? 'a' : (names[index - 1] ?? '')},`.repeat(9)}]`,
  )
  const aliases = ['a: &a [x]', ...bomb, 'subgraphs:', '  s: { routing_url: *k, schema: { file: *k } }'].join(
    '\n',
  )
  expect(await composed({ 'supergraph.yaml': aliases })).toMatchObject({
    ok: false,
    because: 'configuration',
  })
  const deep = `subgraphs: ${'['.repeat(20_000)}`
  expect(await composed({ 'supergraph.yaml': deep })).toMatchObject({ ok: false, because: 'configuration' })
})

test('a subgraph may be named like what every object has', async () => {
  const result = await composed({
    'supergraph.yaml':
      'subgraphs:\n  valueOf: { routing_url: "http://a", schema: { sdl: "type Query { a: Int }" } }\n  constructor: { routing_url: "http://b", schema: { sdl: "type Query { b: Int }" } }\n',
  })
  expect(told(result)).toBe('')
  expect(result.ok && result.sdl).toMatch(/name: "constructor"/)
})

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Composition } from '../../composition/compose-from-config.ts'
import { watchComposition } from '../../composition/watch-composition.ts'

const quick = { pollMs: 5, remotePollMs: 20 }

interface Watched extends AsyncDisposable {
  readonly told: Composition[]
  write(name: string, text: string): Promise<void>
}

async function watched(files: Readonly<Record<string, string>>): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), 'ennead-watch-'))
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)
  for (const [name, text] of Object.entries(files)) await write(name, text)
  const stop = new AbortController()
  const told: Composition[] = []
  const ended = watchComposition(
    join(folder, 'supergraph.yaml'),
    { ...quick, signal: stop.signal },
    found => {
      told.push(found)
    },
  )
  return {
    told,
    async write(name, text) {
      // As editors do it: another file takes the place of the old one.
      await write(`${name}.new`, text)
      await rename(join(folder, `${name}.new`), join(folder, name))
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

const config = 'subgraphs:\n  a:\n    routing_url: http://a.example\n    schema: { file: a.graphql }\n'

test('a changed schema, a changed configuration and a schema that comes back are composed again', async () => {
  await using watching = await watched({ 'supergraph.yaml': config, 'a.graphql': 'type Query { one: Int }' })
  const { told } = watching
  const last = (): string => {
    const found = told.at(-1)
    return found?.ok === true ? found.sdl : (found?.because ?? '')
  }
  await expect.poll(last).toContain('one: Int')
  await watching.write('a.graphql', 'type Query { two: Nope }')
  await expect.poll(last).toBe('schemas')
  await watching.write('a.graphql', 'type Query { three: Int }')
  await expect.poll(last).toContain('three: Int')
  await watching.write('supergraph.yaml', config.replace('a.graphql', 'b.graphql'))
  await expect.poll(last).toBe('sources')
  await watching.write('b.graphql', 'type Query { four: Int }')
  await expect.poll(last).toContain('four: Int')
  await watching.write('supergraph.yaml', 'subgraphs: [')
  await expect.poll(last).toBe('configuration')
  await watching.write('supergraph.yaml', config)
  await expect.poll(last).toContain('three: Int')
  expect(told).toHaveLength(7)
})

test('a running subgraph is asked again, and only a change of its schema is told', async () => {
  let sdl = 'type Query { one: Int }'
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    response.end(JSON.stringify({ data: { _service: { sdl } } }))
  })
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  // A server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo
  {
    await using watching = await watched({
      'supergraph.yaml': `subgraphs: { a: { schema: { subgraph_url: "http://localhost:${port}/graphql" } } }`,
    })
    await expect.poll(() => asked).toBeGreaterThan(3)
    expect(watching.told).toMatchObject([{ ok: true }])
    sdl = 'type Query { two: Int }'
    await expect.poll(() => watching.told.length).toBe(2)
    expect(watching.told[1]).toMatchObject({ ok: true, sdl: expect.stringContaining('two: Int') })
  }
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

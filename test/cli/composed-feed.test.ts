import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { composedFeed } from '../../cli/wiring/composed-feed.ts'
import { PollPace } from '../../gateway/supergraph/poll-pace.ts'
import { silentLog } from '../../kernel/log.ts'
import { temporaryFolder } from '../e2e/running-ennead.ts'

/** A subgraph that shows its schema, and a download of another one with an ETag. */
async function servers(): Promise<
  AsyncDisposable & {
    readonly url: string
    sdl: string
    up: boolean
    readonly seen: string[]
  }
> {
  const state = { sdl: 'type Query { a: Int }', up: true, seen: [] as string[] }
  const server = createServer((request, response) => {
    const condition = request.headers['if-none-match']
    state.seen.push(`${request.method} ${condition ?? ''}`.trim())
    if (!state.up) response.writeHead(503).end()
    else if (request.method === 'POST')
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ data: { _service: { sdl: state.sdl } } }))
    else if (condition === '"1"') response.writeHead(304).end()
    else response.writeHead(200, { etag: '"1"' }).end('type Query { b: Int }')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}/graphql`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  })
}

async function configuration(url: string): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'supergraph.yaml')
  const download = `  b:\n    routing_url: ${url}\n    schema: { remote_url: ${url} }\n`
  await writeFile(path, `subgraphs:\n  a:\n    schema: { subgraph_url: ${url} }\n${download}`)
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

test('other servers are asked again, downloads only when they changed, and what they answer is composed', async () => {
  await using server = await servers()
  await using config = await configuration(server.url)
  const feed = composedFeed(config.path, { pollMs: 20, log: silentLog })
  const first = await feed.read()
  const changed = (): Promise<void> => new Promise(resolve => (told = resolve))
  let told: () => void = () => undefined
  feed.watch(() => told())
  await changed()
  expect(await feed.read()).toBe(first)
  expect(server.seen.sort()).toEqual(['GET', 'GET "1"', 'POST', 'POST'])
  server.up = false
  await changed()
  await expect(feed.read()).rejects.toThrow(/answered 503/)
  server.up = true
  server.sdl = 'type Query { a: Int another: Int }'
  await changed()
  expect(await feed.read()).toContain('another: Int')
  feed.close()
})

test('servers that do not answer are asked less and less often, up to the longest pause', () => {
  const pace = new PollPace({ pollMs: 10_000, pauseMsMax: 300_000, random: () => 1 })
  const pauses = Array.from({ length: 6 }, () => {
    pace.failed()
    return pace.pauseMs()
  })
  expect(pauses).toEqual([20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
  expect(pace.pauseMs(1_000_000)).toBe(300_000)
  pace.answered()
  expect(pace.pauseMs()).toBe(11_000)
})

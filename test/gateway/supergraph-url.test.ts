import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { liveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import { supergraphUrl } from '../../gateway/supergraph/supergraph-url.ts'
import type { SupergraphUrlOptions } from '../../gateway/supergraph/supergraph-url.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { composeForTest } from '../support/federated.ts'
import { manualClock } from '../support/manual-clock.ts'

const one = composeForTest({ a: { sdl: 'type Query { a: Int }' } })
const two = composeForTest({ a: { sdl: 'type Query { a: Int b: Int }' } })

type Answer = (request: IncomingMessage, response: ServerResponse) => void

interface Registry extends AsyncDisposable {
  readonly url: string
  readonly requests: IncomingMessage[]
  answer: Answer
}

const serving =
  (sdl: string, etag: string): Answer =>
  (request, response) => {
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
    else response.writeHead(200, { etag }).end(sdl)
  }

async function registry(answer: Answer): Promise<Registry> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    made.answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo
  const made: Registry = {
    url: `http://127.0.0.1:${port}/supergraph`,
    requests,
    answer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return made
}

const feedOf = (url: string, options: Partial<SupergraphUrlOptions> = {}) =>
  supergraphUrl({ url, random: () => 0.5, ...options })

test('a supergraph is asked for with its ETag, taken once, and taken again when it has changed', async () => {
  await using server = await registry(serving(one, '"1"'))
  const clock = manualClock()
  const live = await liveSupergraph(feedOf(server.url, { clock }), { clock })
  const first = live.current()
  clock.advance(10_000)
  await expect.poll(() => server.requests.length).toBe(2)
  expect(server.requests[1]?.headers['if-none-match']).toBe('"1"')
  await expect.poll(() => clock.timers).toBe(1)
  expect(live.current()).toBe(first)
  server.answer = serving(two, '"2"')
  clock.advance(10_000)
  await expect.poll(() => live.status().hash).toBe(loadSupergraph(two).hash)
  await live.close()
})

test('a registry that fails is asked less and less often, and the last good supergraph stays', async () => {
  await using server = await registry(serving(one, '"1"'))
  const clock = manualClock()
  const live = await liveSupergraph(feedOf(server.url, { clock, pauseMsMax: 60_000 }), { clock })
  server.answer = (_request, response) => response.writeHead(503).end()
  clock.advance(10_000)
  await expect.poll(() => live.status().refused?.reason).toMatch(/answered 503$/)
  // Half-way (random 0.5) between the interval and its double, its fourfold, …, the longest pause.
  for (const pauseMs of [15_000, 25_000, 35_000, 35_000]) {
    const before = server.requests.length
    await expect.poll(() => clock.timers).toBe(1)
    clock.advance(pauseMs - 1)
    expect(clock.timers).toBe(1)
    clock.advance(1)
    await expect.poll(() => server.requests.length).toBe(before + 1)
  }
  await expect.poll(() => clock.timers).toBe(1)
  server.answer = serving(one, '"1"')
  clock.advance(60_000)
  await expect.poll(() => live.status().refused).toBeUndefined()
  await live.close()
})

test('a registry that says when to come back is not asked before', async () => {
  await using server = await registry(serving(one, '"1"'))
  const clock = manualClock()
  const live = await liveSupergraph(feedOf(server.url, { clock }), { clock })
  server.answer = (_request, response) => response.writeHead(429, { 'retry-after': '120' }).end()
  clock.advance(10_000)
  await expect.poll(() => live.status().refused?.reason).toMatch(/answered 429/)
  await expect.poll(() => clock.timers).toBe(1)
  clock.advance(119_999)
  expect(clock.timers).toBe(1)
  clock.advance(1)
  await expect.poll(() => server.requests.length).toBe(3)
  await live.close()
})

test('a gateway can start while its registry is down', async () => {
  await using server = await registry((request, _response) => request.socket.destroy())
  const clock = manualClock()
  const live = await liveSupergraph(feedOf(server.url, { clock }), { clock, withoutFirst: 'wait' })
  expect(live.current()).toBeUndefined()
  expect(live.status().refused?.reason).toMatch(/could not be reached/)
  server.answer = serving(one, '"1"')
  clock.advance(20_000)
  await expect.poll(() => live.current()).toBeDefined()
  await live.close()
})

test('an answer that does not come is given up, and so is one when the gateway stops', async () => {
  await using server = await registry(() => undefined)
  const clock = manualClock()
  const feed = feedOf(server.url, { clock, timeoutMs: 2_000 })
  const late = feed.read()
  await expect.poll(() => server.requests.length).toBe(1)
  clock.advance(2_000)
  await expect(late).rejects.toMatchObject({ message: expect.stringContaining('within 2000 ms') })
  const stopped = feed.read()
  await expect.poll(() => server.requests.length).toBe(2)
  feed.close()
  await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(clock.timers).toBe(0)
})

test('credentials are sent to the registry, not after a redirect, and are never shown', async () => {
  await using elsewhere = await registry(serving(two, '"2"'))
  await using server = await registry((_request, response) =>
    response.writeHead(302, { location: elsewhere.url }).end(),
  )
  const url = server.url.replace('http://', 'http://ada:s%3Acret@') + '?key=hidden'
  const feed = feedOf(url, { headers: { 'x-registry-key': 'hidden' } })
  const failure: unknown = await feed.read().catch((reason: unknown) => reason)
  expect(server.requests[0]?.headers).toMatchObject({
    authorization: `Basic ${Buffer.from('ada:s:cret').toString('base64')}`,
    'x-registry-key': 'hidden',
  })
  expect(elsewhere.requests).toEqual([])
  expect(String(failure)).toMatch(/answered 302 \(redirects are not followed\)/)
  expect(`${feed.name} ${String(failure)}`).not.toMatch(/hidden|cret|ada/)
})

test('pauses never come together: they are spread, and bounded however often the registry fails', () => {
  fc.assert(
    fc.property(fc.array(fc.float({ min: 0, max: 1, noNaN: true, maxExcluded: true })), randoms => {
      const clock = manualClock()
      const values = [...randoms]
      const feed = supergraphUrl({ url: 'http://127.0.0.1:9', clock, random: () => values.pop() ?? 0 })
      const started = clock.now()
      let told = 0
      feed.watch(() => told++)
      clock.advance(8_999)
      const early = told
      clock.advance(2_002)
      feed.close()
      return early === 0 && told === 1 && clock.now() > started && clock.timers === 0
    }),
    { numRuns: 100 },
  )
})

test.each(['ftp://example.com/a', 'not a url'])('%s is refused at the start', url => {
  expect(() => supergraphUrl({ url })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})

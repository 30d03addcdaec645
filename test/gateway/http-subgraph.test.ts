import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeServer } from 'graphql-ws'
import { buildSchema } from 'graphql'
import type { ExecutionResult } from 'graphql'
import { WebSocketServer } from 'ws'
import type { RawData, WebSocket } from 'ws'
import { expect, test } from 'vitest'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import type { HttpSubgraphOptions } from '../../gateway/execution/http-subgraph.ts'
import type { Subgraph } from '../../gateway/execution/subgraph.ts'
import type { SubgraphContext, SubgraphResponse } from '../../gateway/execution/subgraph.ts'
import { hopHeaders } from '../../kernel/hop.ts'
import { HopSigner } from '../../kernel/hop-signer.ts'
import { contextForTest } from '../support/federated.ts'

interface Rig extends AsyncDisposable {
  readonly subgraph: Subgraph
  readonly port: number
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly body: string }[]
  readonly ask: (context?: Partial<SubgraphContext>, query?: string) => Promise<SubgraphResponse>
}

async function rig(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
  options: Partial<HttpSubgraphOptions> = {},
): Promise<Rig> {
  const requests: Rig['requests'] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', chunk => (body += String(chunk)))
    request.on('end', () => {
      requests.push({ headers: request.headers, body })
      answer(response, request)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is never a string.
  const { port } = server.address() as AddressInfo
  const subgraph = httpSubgraph({ name: 'stock', url: `http://127.0.0.1:${port}/graphql?v=1`, ...options })
  return {
    subgraph,
    port,
    requests,
    ask: (context, query = '{ a }') =>
      subgraph.execute({ query, variables: { n: 1 } }, contextForTest(context)),
    async [Symbol.asyncDispose]() {
      await subgraph.close()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function json(response: ServerResponse, value: unknown, status = 200, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value))
}

test('a request carries headers handed on and what the hop vouches for, which a client cannot forge', async () => {
  const signer = new HopSigner(Buffer.alloc(32, 1))
  await using server = await rig(response => json(response, { data: { a: 1 } }), { signer })
  const headers = { authorization: 'Bearer x', [hopHeaders.assertion]: 'forged' }
  expect(await server.ask({ headers, requestId: 'r-7', remainingMs: 400.9 })).toEqual({ data: { a: 1 } })
  const sent = server.requests[0]
  const target = { audience: 'stock', method: 'POST', path: '/graphql?v=1' }
  expect(sent?.headers).toMatchObject({
    authorization: 'Bearer x',
    'x-request-id': 'r-7',
    'x-ennead-remaining-ms': '400',
  })
  expect(signer.open(String(sent?.headers[hopHeaders.assertion]), target)).toMatchObject({
    principal: undefined,
  })
  expect(JSON.parse(sent?.body ?? '')).toEqual({ query: '{ a }', variables: { n: 1 } })
})

test('a subgraph that says nothing of principals is sent them whole, and one that knows none is not asked for ever', async () => {
  const signer = new HopSigner(Buffer.alloc(32, 1))
  let said: string | undefined
  await using server = await rig(
    response => {
      if (said !== undefined) response.setHeader(hopHeaders.principal, said)
      json(response, { data: { a: 1 } })
    },
    { signer },
  )
  const principal = { kind: 'token', subject: 's', scopes: [], policies: [], expiresAt: 9e9 } as const
  const target = { audience: 'stock', method: 'POST', path: '/graphql?v=1' }
  const lastSent = (): unknown => {
    const assertion = String(server.requests.at(-1)?.headers[hopHeaders.assertion])
    return signer.open(assertion, target).principalForm
  }
  for (const [says, form, requests] of [
    [undefined, 'whole', 1],
    [undefined, 'whole', 2],
    ['unknown', 'whole', 3],
    ['kept', 'whole', 4],
    ['unknown', 'whole', 6],
  ] as const) {
    said = says
    expect(await server.ask({ principal })).toEqual({ data: { a: 1 } })
    expect([lastSent(), server.requests.length]).toEqual([form, requests])
  }
})

test.each([
  ['application/json', 500],
  ['application/graphql-response+json; charset=utf-8', 400],
  ['Application/JSON;charset=utf-8', 401],
])('GraphQL as %s with status %i is an answer', async (type, status) => {
  await using server = await rig(response => json(response, { errors: [{ message: 'no' }] }, status, type))
  expect(await server.ask()).toEqual({ errors: [{ message: 'no' }] })
})

test.each<[string, (response: ServerResponse, request: IncomingMessage) => void, string]>([
  [
    'HTML',
    response => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hi</h1>'),
    'SUBGRAPH_BAD_ANSWER',
  ],
  ['a bare 500', response => void response.writeHead(500).end(), 'SUBGRAPH_BAD_ANSWER'],
  ['JSON that is not GraphQL', response => json(response, [1]), 'SUBGRAPH_BAD_ANSWER'],
  ['null', response => json(response, null), 'SUBGRAPH_BAD_ANSWER'],
  [
    'half an answer',
    response => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"a'),
    'SUBGRAPH_BAD_ANSWER',
  ],
  [
    'an answer that breaks off',
    response => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 })
      response.write('{"data":', () => response.destroy())
    },
    'SUBGRAPH_UNREACHABLE',
  ],
  ['a connection that is closed', (_, request) => void request.socket.destroy(), 'SUBGRAPH_UNREACHABLE'],
  [
    'what was not asked for in gzip',
    response =>
      void response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end('x'),
    'SUBGRAPH_BAD_ANSWER',
  ],
  [
    'an announced answer of 300 MB',
    response => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 300_000_000 })
      response.write('{"data":')
    },
    'SUBGRAPH_ANSWER_TOO_LARGE',
  ],
])('%s is an error with a code, without the host', async (_, answer, code) => {
  await using server = await rig(answer)
  const bytes: unknown = await server.subgraph
    .exchange?.('{}', contextForTest())
    .catch((failure: unknown) => failure)
  // Whether bytes are JSON, and GraphQL, is for whoever reads them.
  if (!Buffer.isBuffer(bytes)) expect(bytes).toMatchObject({ code })
  else expect(code).toBe('SUBGRAPH_BAD_ANSWER')
  const failure: unknown = await server.ask().catch((failure: unknown) => failure)
  expect(failure).toMatchObject({ code })
  expect(String(failure)).not.toMatch(/127\.0\.0\.1|localhost|:\d{4}/)
})

test('a stream of 300 MB is cut off at the limit, without buffering it', async () => {
  let sent = 0
  let closed = false
  await using server = await rig(
    response => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const chunk = Buffer.alloc(64 * 1024, 0x20)
      response.on('close', () => (closed = true))
      const pump = (): void => {
        while (!response.closed && sent < 300_000_000) {
          sent += chunk.length
          if (!response.write(chunk)) return void response.once('drain', pump)
        }
      }
      pump()
    },
    { answerBytesMax: 1_000_000 },
  )
  await expect(server.ask()).rejects.toMatchObject({
    code: 'SUBGRAPH_ANSWER_TOO_LARGE',
    facts: { limit: 1_000_000 },
  })
  await expect.poll(() => closed).toBe(true)
  expect(sent).toBeLessThan(20_000_000)
})

test('a redirect is refused, and nothing goes to the other place', async () => {
  await using other = await rig(response => json(response, { data: { stolen: true } }))
  await using server = await rig(
    response => void response.writeHead(307, { location: `http://127.0.0.1:${other.port}/` }).end(),
  )
  await expect(server.ask({ headers: { authorization: 'Bearer secret' } })).rejects.toMatchObject({
    code: 'SUBGRAPH_BAD_ANSWER',
  })
  expect(other.requests).toEqual([])
})

test.each([
  ['before its answer', () => undefined],
  [
    'within its answer',
    (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"data":')
    },
  ],
])(
  'a subgraph that hangs %s is SUBGRAPH_TIMEOUT at the deadline, and its connection is let go',
  async (_, answer) => {
    let closed = false
    await using server = await rig((response, request) => {
      request.socket.on('close', () => (closed = true))
      answer(response)
    })
    await expect(server.ask({ remainingMs: 60 })).rejects.toMatchObject({ code: 'SUBGRAPH_TIMEOUT' })
    await expect.poll(() => closed).toBe(true)
  },
)

test('a caller who leaves ends the request at once', async () => {
  await using server = await rig(() => undefined)
  const controller = new AbortController()
  const answer = server.ask({ signal: controller.signal })
  await expect.poll(() => server.requests.length).toBe(1)
  controller.abort()
  await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('a query is sent again when its connection breaks before the answer, a mutation never', async () => {
  await using server = await rig((response, request) => {
    if (server.requests.length % 2 === 1) request.socket.destroy()
    else json(response, { data: { a: 1 } })
  })
  expect(await server.ask()).toEqual({ data: { a: 1 } })
  expect(server.requests).toHaveLength(2)
  await expect(server.ask({}, 'mutation { a }')).rejects.toMatchObject({ code: 'SUBGRAPH_UNREACHABLE' })
  expect(server.requests).toHaveLength(3)
})

test('nobody there is SUBGRAPH_UNREACHABLE', async () => {
  const subgraph = httpSubgraph({ name: 'stock', url: 'http://127.0.0.1:1/graphql' })
  await expect(subgraph.execute({ query: '{ a }' }, contextForTest())).rejects.toMatchObject({
    code: 'SUBGRAPH_UNREACHABLE',
    message: 'subgraph "stock" could not be reached',
  })
  await subgraph.close()
})

test('connections are kept and their number is bounded', async () => {
  const sockets = new Set<unknown>()
  await using server = await rig(
    (response, request) => {
      sockets.add(request.socket)
      json(response, { data: {} })
    },
    { connectionsMax: 3 },
  )
  await Promise.all(Array.from({ length: 50 }, () => server.ask()))
  expect(server.requests).toHaveLength(50)
  expect(sockets.size).toBeLessThanOrEqual(3)
})

/** ws hands over one buffer unless told otherwise. */
function bytes(data: RawData): Buffer {
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
}

interface StreamRig extends AsyncDisposable {
  readonly subgraph: Subgraph
  readonly sockets: Set<WebSocket>
  readonly upgrades: IncomingMessage['headers'][]
  /** Gives every open subscription its next event. */
  readonly emit: (count: number) => void
}

async function streamRig(options: Partial<HttpSubgraphOptions> = {}): Promise<StreamRig> {
  const server = createServer()
  const sockets = new Set<WebSocket>()
  const upgrades: IncomingMessage['headers'][] = []
  const emitters = new Set<(count: number) => void>()
  const door = makeServer({
    schema: buildSchema('type Query { a: Int } type Subscription { ticks: Int }'),
    subscribe: () => {
      const queue: number[] = []
      let wake = (): void => undefined
      emitters.add(count => {
        for (let n = 0; n < count; n++) queue.push(n)
        wake()
      })
      const events: AsyncIterableIterator<ExecutionResult> = {
        [Symbol.asyncIterator]: () => events,
        async next() {
          while (queue.length === 0) await new Promise<void>(resolve => (wake = resolve))
          return { done: false as const, value: { data: { ticks: queue.shift() } } }
        },
        return: async () => ({ done: true as const, value: undefined }),
      }
      return events
    },
  })
  const wss = new WebSocketServer({ server, path: '/graphql', handleProtocols: () => 'graphql-transport-ws' })
  wss.on('connection', (socket, request) => {
    sockets.add(socket)
    upgrades.push(request.headers)
    const closed = door.opened(
      {
        protocol: socket.protocol,
        send: data =>
          new Promise((resolve, reject) => socket.send(data, error => (error ? reject(error) : resolve()))),
        close: (code, reason) => socket.close(code, reason),
        onMessage: handle => socket.on('message', data => void handle(bytes(data).toString())),
      },
      {},
    )
    socket.on('close', (code, reason) => {
      sockets.delete(socket)
      void closed(code, String(reason))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is never a string.
  const { port } = server.address() as AddressInfo
  const subgraph = httpSubgraph({ name: 'stock', url: `http://127.0.0.1:${port}/graphql`, ...options })
  return {
    subgraph,
    sockets,
    upgrades,
    emit: count => {
      for (const emit of emitters) emit(count)
    },
    async [Symbol.asyncDispose]() {
      await subgraph.close()
      for (const socket of sockets) socket.terminate()
      wss.close()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const ticks = { query: 'subscription { ticks }' }

test('a subscription connects at the first event asked for, with the headers of the hop', async () => {
  await using server = await streamRig()
  const events = server.subgraph.subscribe(
    ticks,
    contextForTest({ requestId: 'r-9', headers: { authorization: 'B' } }),
  )
  expect(server.sockets.size).toBe(0)
  const first = events.next()
  await expect.poll(() => server.sockets.size).toBe(1)
  expect(server.upgrades[0]).toMatchObject({ 'x-request-id': 'r-9', authorization: 'B' })
  await poll(server, first)
  expect(await first).toEqual({ done: false, value: { data: { ticks: 0 } } })
})

test('return lets go of a quiet subscription at once, also one that waits', async () => {
  await using server = await streamRig()
  const events = server.subgraph.subscribe(ticks, contextForTest())
  const waiting = events.next()
  await expect.poll(() => server.sockets.size).toBe(1)
  await events.return?.()
  expect(await waiting).toEqual({ done: true, value: undefined })
  await expect.poll(() => server.sockets.size).toBe(0)
  expect(await events.next()).toEqual({ done: true, value: undefined })
})

test('the caller leaving ends a subscription', async () => {
  await using server = await streamRig()
  const controller = new AbortController()
  const waiting = server.subgraph.subscribe(ticks, contextForTest({ signal: controller.signal })).next()
  await expect.poll(() => server.sockets.size).toBe(1)
  controller.abort()
  expect(await waiting).toEqual({ done: true, value: undefined })
  await expect.poll(() => server.sockets.size).toBe(0)
})

test('a stream that breaks is thrown, after the events that had come', async () => {
  await using server = await streamRig()
  const events = server.subgraph.subscribe(ticks, contextForTest())
  const first = events.next()
  await poll(server, first)
  await first
  for (const socket of server.sockets) socket.terminate()
  await expect(drain(events)).rejects.toMatchObject({ code: 'SUBGRAPH_UNREACHABLE' })
  expect(await events.next()).toEqual({ done: true, value: undefined })
})

test('events that nobody reads end the stream at the limit', async () => {
  await using server = await streamRig({ eventsMax: 5 })
  const events = server.subgraph.subscribe(ticks, contextForTest())
  const first = events.next()
  await poll(server, first)
  await first
  server.emit(50)
  await expect.poll(() => server.sockets.size).toBe(0)
  await expect(drain(events)).rejects.toMatchObject({ code: 'OVERLOADED' })
})

test('a subscription nobody answers is SUBGRAPH_UNREACHABLE after the attempts to connect', async () => {
  const subgraph = httpSubgraph({ name: 'stock', url: 'http://127.0.0.1:1/graphql' })
  await expect(subgraph.subscribe(ticks, contextForTest()).next()).rejects.toMatchObject({
    code: 'SUBGRAPH_UNREACHABLE',
  })
  await subgraph.close()
})

test('a subscription the subgraph refuses is an answer with its errors', async () => {
  await using server = await streamRig()
  const events = server.subgraph.subscribe({ query: 'subscription { nothing }' }, contextForTest())
  expect(await events.next()).toMatchObject({
    value: { data: null, errors: [{ message: expect.stringContaining('nothing') }] },
  })
  expect(await events.next()).toEqual({ done: true, value: undefined })
})

/** Emits until the server has the subscription and the event has come through. */
async function poll(server: StreamRig, first: Promise<unknown>): Promise<void> {
  let come = false
  void first.then(() => (come = true))
  let emitted = false
  await expect
    .poll(() => {
      if (!emitted) server.emit(1)
      emitted = come
      return come
    })
    .toBe(true)
}

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const event of events) void event
}

test('a query that is sent again after a broken connection is signed again, so that the nonce is new', async () => {
  const signer = new HopSigner(Buffer.alloc(32, 1))
  let asked = 0
  await using server = await rig(
    (response, request) => {
      if (++asked === 1) request.socket.destroy()
      else json(response, { data: { a: 1 } })
    },
    { signer },
  )
  expect(await server.ask({})).toEqual({ data: { a: 1 } })
  const target = { audience: 'stock', method: 'POST', path: '/graphql?v=1' }
  for (const { headers } of server.requests)
    expect(signer.open(String(headers[hopHeaders.assertion]), target)).toMatchObject({ principal: undefined })
  expect(server.requests).toHaveLength(2)
})

import { createClient } from 'graphql-ws'
import type { Client, ClientOptions } from 'graphql-ws'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { EnneadError } from '../../kernel/errors.ts'
import { demoGateway } from '../support/demo-gateway.ts'
import { until } from '../support/until.ts'
import { expectNothingLost } from './cut-connections.ts'

const events = 'subscription ($after: Int) { events(after: $after) { seq text viewer } }'

interface EventAnswer {
  readonly events: { readonly seq: number; readonly text: string; readonly viewer: string | null }
}

function client(url: string, options: Partial<ClientOptions> = {}): Client {
  return createClient({ url, webSocketImpl: WebSocket, retryWait: () => Promise.resolve(), ...options })
}

async function first(client: Client, query: string): Promise<unknown> {
  for await (const answer of client.iterate({ query })) return answer
  return undefined
}

test('graphql-ws: a query, a mutation and a subscription with a token', async () => {
  await using gateway = await demoGateway()
  const stock = client(gateway.socketUrl, { connectionParams: { Authorization: 'Bearer alice' } })
  const stream = stock.iterate<EventAnswer>({ query: events })
  const event = stream.next()
  await until('it reads', () => gateway.topic.readers === 1)
  expect(await first(stock, '{ viewer }')).toEqual({ data: { viewer: 'alice' } })
  expect(await first(stock, 'mutation { add(text: "x") }')).toEqual({ data: { add: 1 } })
  expect((await event).value).toEqual({ data: { events: { seq: 1, text: 'x', viewer: 'alice' } } })
  await stream.return?.()
  await until('the source is let go', () => gateway.topic.readers === 0)
  await stock.dispose()
})

test('graphql-ws: an error of one operation leaves the others alone', async () => {
  await using gateway = await demoGateway()
  const stock = client(gateway.socketUrl)
  const stream = stock.iterate<EventAnswer>({ query: events })
  const event = stream.next()
  await until('it reads', () => gateway.topic.readers === 1)
  await expect(first(stock, '{ nothing }')).rejects.toMatchObject([
    { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
  ])
  gateway.topic.publish('still here')
  expect((await event).value?.data?.events.text).toBe('still here')
  await stock.dispose()
})

/** Follows with one line of its own: every event moves `after`, so that a new connection begins behind it. */
function follow(stock: Client, seen: number[], ended: unknown[]): void {
  const payload = { query: events, variables: { after: 0 } }
  stock.subscribe<EventAnswer>(payload, {
    next: ({ data }) => {
      seen.push(data?.events.seq ?? -1)
      payload.variables.after = data?.events.seq ?? 0
    },
    error: failure => ended.push(failure),
    complete: () => ended.push('complete'),
  })
}

test('graphql-ws: cut connections and outages behind the gateway lose and repeat no event', async () => {
  await using gateway = await demoGateway()
  const sockets: WebSocket[] = []
  const stock = client(gateway.socketUrl, {
    // graphql-ws hands over what webSocketImpl made.
    on: { opened: socket => sockets.push(socket as WebSocket) },
  })
  const seen: number[] = []
  const ended: unknown[] = []
  follow(stock, seen, ended)
  await until('it reads', () => gateway.topic.readers === 1)
  for (let round = 1; round <= 10; round++) {
    for (let index = 0; index < 10; index++) gateway.topic.publish('x')
    if (round % 2 === 0) sockets.at(-1)?.terminate()
    else gateway.topic.end(new EnneadError('SUBGRAPH_UNREACHABLE', 'the broker is down'))
    for (let index = 0; index < 10; index++) gateway.topic.publish('y')
    await until('everything has arrived', () => seen.length === round * 20)
  }
  expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
  expect(ended).toEqual([])
  await stock.dispose()
})

test('graphql-ws: a client that is sent away by a closing gateway resumes at the next one', async () => {
  await using next = await demoGateway()
  const gateway = await demoGateway()
  let url = gateway.socketUrl
  const stock = createClient({
    url: () => url,
    webSocketImpl: WebSocket,
    retryWait: () => Promise.resolve(),
  })
  const seen: number[] = []
  const ended: unknown[] = []
  follow(stock, seen, ended)
  await until('it reads', () => gateway.topic.readers === 1)
  for (const topic of [gateway.topic, next.topic]) topic.publish('one')
  await until('the first event is here', () => seen.length === 1)
  url = next.socketUrl
  await gateway.server.close(2_000)
  await until('it reads at the next', () => next.topic.readers === 1)
  next.topic.publish('two')
  await until('the second event is here', () => seen.length === 2)
  expect({ seen, ended }).toEqual({ seen: [1, 2], ended: [] })
  await stock.dispose()
})

test('graphql-ws: a refused credential can be replaced and the client goes on', async () => {
  await using gateway = await demoGateway()
  let token = 'stale'
  const codes: number[] = []
  const stock = client(gateway.socketUrl, {
    connectionParams: () => ({ Authorization: `Bearer ${token}` }),
    on: {
      closed: event => {
        // What graphql-ws emits here is the close event of `ws`.
        codes.push((event as { code: number }).code)
        token = 'alice'
      },
    },
  })
  expect(await first(stock, '{ viewer }')).toEqual({ data: { viewer: 'alice' } })
  expect(codes[0]).toBe(4403)
  await stock.dispose()
})

interface Numbered {
  readonly [field: string]: { readonly seq: number }
}

const seqOf = (data: Numbered | null | undefined): number => Object.values(data ?? {})[0]?.seq ?? -1

test.each(['taskEvents', 'ticks'] as const)('graphql-ws: with its one line, cuts lose nothing of %s', kind =>
  expectNothingLost(kind, (_gateway, client, query, seen, ended) => {
    const payload: { query: string; extensions?: Record<string, unknown> } = { query }
    client.subscribe<Numbered, { cursor?: string }>(payload, {
      next(result) {
        payload.extensions = { after: result.extensions?.cursor }
        seen.push(seqOf(result.data))
      },
      error: failure => ended.push(failure),
      complete: () => ended.push('complete'),
    })
  }),
)

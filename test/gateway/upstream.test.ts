import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import type { HttpSubgraphOptions } from '../../gateway/execution/http-subgraph.ts'
import type { Subgraph, SubgraphResponse } from '../../gateway/execution/subgraph.ts'
import { EventStreamReader } from '../../gateway/execution/upstream/event-stream.ts'
import { signer, member } from '../service/fixture.ts'
import { notes } from '../service/notes.ts'
import { contextForTest } from '../support/federated.ts'
import { manualClock } from '../support/manual-clock.ts'
import { servedSubgraph } from '../support/served-subgraph.ts'
import { streamGateway, streamSubgraphs } from '../support/stream-gateway.ts'
import { openTcpProxy } from '../support/tcp-proxy.ts'
import { Topic } from '../support/topic.ts'
import { until } from '../support/until.ts'

const query = 'subscription { taskEvents { seq text } }'
type Events = AsyncIterableIterator<SubgraphResponse>

/** Over graphql-ws's own server. */
async function overSockets(options: Partial<HttpSubgraphOptions> = {}) {
  const topic = new Topic()
  const server = await servedSubgraph(streamSubgraphs(topic).events)
  const subgraph = httpSubgraph({ name: 'events', url: server.url, ...options })
  return {
    topic,
    server,
    subgraph,
    async [Symbol.asyncDispose]() {
      await subgraph.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

function followed(subgraph: Subgraph, headers: Readonly<Record<string, string>> = {}): Events {
  return subgraph.subscribe({ query }, contextForTest({ headers }))
}

const seqOf = ({ value }: IteratorResult<SubgraphResponse>): unknown => {
  // What the subscription selects.
  const data = value?.data as { taskEvents: { seq: number } } | null | undefined
  return data?.taskEvents.seq
}

test('subscriptions of a subgraph share sockets, a hundred each, and one that leaves is missed by nobody', async () => {
  await using rig = await overSockets()
  const { topic, server, subgraph } = rig
  const streams = Array.from({ length: 250 }, () => followed(subgraph))
  const first = streams.map(stream => stream.next())
  await until('all are subscribed', () => topic.readers === 250)
  expect(server.upgrades.length).toBe(3)
  topic.publish('one')
  expect(new Set((await Promise.all(first)).map(seqOf))).toEqual(new Set([1]))

  await Promise.all(streams.slice(0, 100).map(async stream => stream.return?.()))
  await until('they have left', () => topic.readers === 150)
  topic.publish('two')
  const second = await Promise.all(streams.slice(100).map(stream => stream.next()))
  expect(new Set(second.map(seqOf))).toEqual(new Set([2]))

  const late = followed(subgraph).next()
  await until('it is subscribed', () => topic.readers === 151)
  expect(server.upgrades.length).toBe(3)
  topic.publish('three')
  expect(seqOf(await late)).toBe(3)
  await subgraph.close()
  await until('no socket is left', () => server.sockets.size === 0)
})

test('what a client’s headers say has a socket of its own', async () => {
  await using rig = await overSockets()
  const { topic, server, subgraph } = rig
  const streams = ['Bearer a', 'Bearer b', 'Bearer a'].map(authorization =>
    followed(subgraph, { authorization }),
  )
  const events = streams.map(stream => stream.next())
  await until('all are subscribed', () => topic.readers === 3)
  expect(server.upgrades.map(headers => headers.authorization)).toEqual(['Bearer a', 'Bearer b'])
  topic.publish('one')
  expect((await Promise.all(events)).map(seqOf)).toEqual([1, 1, 1])
})

test('a socket that breaks ends what it carried, and only that', async () => {
  await using rig = await overSockets()
  const { topic, server, subgraph } = rig
  const [ours, others] = [followed(subgraph, { tenant: '1' }), followed(subgraph, { tenant: '2' })]
  const more = followed(subgraph, { tenant: '1' })
  // Without an event until it breaks: what happens meanwhile would be missed in silence if it were subscribed again.
  const broken = [ours.next(), more.next()].map(next => next.catch((failure: unknown) => failure))
  const whole = others.next()
  await until('all are subscribed', () => topic.readers === 3)
  ;[...server.sockets][0]?.terminate()
  expect(await Promise.all(broken)).toMatchObject([
    { code: 'SUBGRAPH_UNREACHABLE' },
    { code: 'SUBGRAPH_UNREACHABLE' },
  ])
  await until('they have left', () => topic.readers === 1)
  topic.publish('one')
  expect(seqOf(await whole)).toBe(1)
})

test('an event that is too large takes others with it once: then each has a socket of its own for a minute', async () => {
  const clock = manualClock()
  await using rig = await overSockets({ answerBytesMax: 500, clock })
  const { topic, server, subgraph } = rig
  const followAll = async (): Promise<{ events: Promise<unknown>[]; streams: Events[] }> => {
    const streams = [followed(subgraph), followed(subgraph)]
    const events = streams.map(stream => stream.next().catch((failure: unknown) => failure))
    await until('all are subscribed', () => topic.readers === 2)
    return { events, streams }
  }
  const together = await followAll()
  expect(server.sockets.size).toBe(1)
  topic.publish('x'.repeat(1_000))
  expect(await Promise.all(together.events)).toMatchObject([
    { code: 'SUBGRAPH_UNREACHABLE' },
    { code: 'SUBGRAPH_UNREACHABLE' },
  ])
  await until('they have left', () => topic.readers === 0)
  const apart = await followAll()
  expect(server.sockets.size).toBe(2)
  await Promise.all(apart.streams.map(async stream => stream.return?.()))
  await until('they have left', () => topic.readers === 0)
  clock.advance(60_001)
  await followAll()
  await until('they share again', () => server.sockets.size === 1)
})

test('a subgraph that gives no sign of life any more is a stream that broke', async () => {
  const clock = manualClock()
  await using rig = await overSockets()
  await using proxy = await openTcpProxy('127.0.0.1', Number(new URL(rig.server.url).port))
  const url = `http://127.0.0.1:${proxy.port}/graphql`
  const subgraph = httpSubgraph({ name: 'events', url, clock })
  const events = followed(subgraph)
  const first = events.next()
  await until('it is subscribed', () => rig.topic.readers === 1)
  let pings = 0
  for (const socket of rig.server.sockets) socket.on('ping', () => (pings += 1))
  const told = [first, events.next(), events.next()]
  for (const [round, event] of told.entries()) {
    clock.advance(10_000)
    await until('it is pinged', () => pings === round + 1)
    // Comes behind the answer to the ping.
    rig.topic.publish('alive')
    expect(seqOf(await event)).toBe(round + 1)
  }
  const later = events.next()
  proxy.suffer({ is: 'stall' })
  const broken = expect(later).rejects.toMatchObject({ code: 'SUBGRAPH_UNREACHABLE' })
  clock.advance(20_000)
  await broken
  await subgraph.close()
})

test('with a signer, subscriptions of all principals share a socket, and each runs for its own', async () => {
  const under = notes()
  const at = await under.service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (at.kind !== 'tcp') throw new Error('it does not listen on TCP')
  await using proxy = await openTcpProxy('127.0.0.1', at.port)
  const url = `http://127.0.0.1:${proxy.port}/graphql`
  const subgraph = httpSubgraph({ name: 'notes', url, signer })
  const owned = (principal: ReturnType<typeof member> | undefined): Promise<unknown> =>
    subgraph.subscribe({ query: 'subscription { owned }' }, contextForTest({ principal })).next()
  const [first, second, nobody] = [
    owned(member()),
    owned(member([], { actorId: 'user_0000000000000000000000000b' })),
    owned(undefined),
  ]
  expect(await nobody).toMatchObject({ value: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } })
  await until('both are subscribed', () => under.opened() === 2)
  expect(proxy.connections).toBe(1)
  under.push(7)
  expect(await Promise.all([first, second])).toMatchObject([
    { value: { data: { owned: 7 } } },
    { value: { data: { owned: 7 } } },
  ])
  await subgraph.close()
  await under.service.close(0)
})

/** Over Server-Sent Events, from a server that does as it is told. */
async function overStreams(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
  options: Partial<HttpSubgraphOptions> = {},
) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(response, request))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/stream`
  const subgraph = httpSubgraph({ name: 'events', url: 'http://127.0.0.1:9', eventsUrl: url, ...options })
  return {
    subgraph,
    async [Symbol.asyncDispose]() {
      await subgraph.close()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const begin = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
const next = (data: unknown): string => `event: next\ndata: ${JSON.stringify({ data })}\n\n`

test('a gateway reads the Server-Sent Events of another one: events, refusals, and its leaving', async () => {
  await using other = await streamGateway()
  const subgraph = httpSubgraph({ name: 'events', url: other.url, eventsUrl: other.url })
  const events = followed(subgraph)
  const first = events.next()
  await until('it is subscribed', () => other.topic.readers === 1)
  for (const text of ['one', 'größer']) other.topic.publish(text)
  expect(seqOf(await first)).toBe(1)
  expect(await events.next()).toMatchObject({ value: { data: { taskEvents: { seq: 2, text: 'größer' } } } })

  const refused = subgraph.subscribe({ query: 'subscription { nothing }' }, contextForTest())
  expect(await refused.next()).toMatchObject({ value: { errors: [{ message: /nothing/ }] } })
  expect(await refused.next()).toEqual({ done: true, value: undefined })

  const waiting = events.next()
  await events.return?.()
  expect(await waiting).toEqual({ done: true, value: undefined })
  await until('it has left', () => other.topic.readers === 0)

  const cut = followed(subgraph).next()
  await until('it is subscribed', () => other.topic.readers === 1)
  const told = expect(cut).rejects.toMatchObject({ code: 'SUBGRAPH_UNREACHABLE' })
  await other.server.close(0)
  await told
  await subgraph.close()
})

test.each<[string, string, (response: ServerResponse) => void]>([
  ['ends without "complete"', 'SUBGRAPH_UNREACHABLE', response => begin(response).end(next({ a: 1 }))],
  [
    'breaks off',
    'SUBGRAPH_UNREACHABLE',
    response => begin(response).write(next({ a: 1 }), () => response.destroy()),
  ],
  [
    'has an event that is no answer',
    'SUBGRAPH_BAD_ANSWER',
    response => begin(response).write(`${next({ a: 1 })}event: next\ndata: [1]\n\n`),
  ],
  [
    'has an event that is too large',
    'SUBGRAPH_ANSWER_TOO_LARGE',
    response => begin(response).write(`${next({ a: 1 })}event: next\ndata: ${'x'.repeat(600)}`),
  ],
])('a stream that %s is told as %s, behind the events that came', async (_name, code, answer) => {
  await using rig = await overStreams(answer, { answerBytesMax: 500 })
  const events = followed(rig.subgraph)
  expect(await events.next()).toEqual({ done: false, value: { data: { a: 1 } } })
  await expect(events.next()).rejects.toMatchObject({ code })
  expect(await events.next()).toEqual({ done: true, value: undefined })
})

test('an answer that is no stream is the subgraph’s refusal when it is GraphQL, and a bad answer otherwise', async () => {
  const answers = [
    ['application/json', 400, '{"errors":[{"message":"no"}]}'],
    ['text/html', 503, '<p>down</p>'],
  ] as const
  let asked = 0
  await using rig = await overStreams(response => {
    const [type, status, text] = answers[asked++] ?? answers[0]
    response.writeHead(status, { 'content-type': type }).end(text)
  })
  const refused = followed(rig.subgraph)
  expect(await refused.next()).toEqual({ done: false, value: { errors: [{ message: 'no' }] } })
  expect(await refused.next()).toEqual({ done: true, value: undefined })
  await expect(followed(rig.subgraph).next()).rejects.toMatchObject({ code: 'SUBGRAPH_BAD_ANSWER' })
})

test('what is not read stays with the subgraph, and all of it comes in the end', async () => {
  const total = 3_000
  let written = 0
  await using rig = await overStreams(
    response => {
      begin(response)
      const text = 'x'.repeat(10_000)
      const write = (): void => {
        while (written < total) {
          written += 1
          if (!response.write(next({ seq: written, text }))) return void response.once('drain', write)
        }
        response.end('event: complete\n\n')
      }
      write()
    },
    { eventsMax: 10 },
  )
  const events = followed(rig.subgraph)
  await events.next()
  let before = -1
  await until('the subgraph waits', async () => {
    const same = written === before
    before = written
    await new Promise(resolve => setTimeout(resolve, 100))
    return same
  })
  expect(written).toBeLessThan(total)
  let seq = 1
  // Each event is `next({ seq, text })`.
  for await (const { data } of events) expect((data as { seq: number }).seq).toBe(++seq)
  expect(seq).toBe(total)
})

test('a stream reads the same however it is cut into pieces', () => {
  const field = fc.constantFrom('event', 'data', 'id', 'retry', '', 'datas')
  const value = fc.string({ unit: fc.constantFrom('a', ' ', ':', 'ö', '€', '𝄞') })
  const line = fc.oneof(
    fc.tuple(field, fc.constantFrom(':', ': ', ''), value).map(parts => parts.join('')),
    fc.constant(''),
  )
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')))
    .map(lines => lines.flat().join(''))
  fc.assert(
    fc.property(stream, fc.boolean(), fc.array(fc.nat(20)), (text, marked, cuts) => {
      const bytes = Buffer.from((marked ? '\uFEFF' : '') + text)
      const whole = new EventStreamReader(10_000).read(bytes)
      const reader = new EventStreamReader(10_000)
      const pieces: unknown[] = []
      let at = 0
      for (const cut of [...cuts, bytes.length]) {
        pieces.push(...reader.read(bytes.subarray(at, at + cut)))
        at += cut
      }
      expect(pieces).toEqual(whole)
      // What a browser would be told, by the text of the standard.
      const blocks = text.replace(/\r\n?/g, '\n').split('\n\n')
      expect(whole.length).toBeLessThanOrEqual(blocks.length)
    }),
  )
  const read = (text: string) => new EventStreamReader(100).read(Buffer.from(text))
  const tooLong = (text: string): boolean => {
    const reader = new EventStreamReader(100)
    reader.read(Buffer.from(text))
    return reader.tooLong
  }
  expect(
    read(': hello\n\nevent: next\ndata: {"a":\ndata:1}\nid: 7\n\nevent:complete\n\ndata: x\n\ndata: y'),
  ).toEqual([
    { event: 'next', data: '{"a":\n1}' },
    { event: 'complete', data: '' },
    { event: 'message', data: 'x' },
  ])
  expect(tooLong(`data: ${'x'.repeat(101)}`)).toBe(true)
  expect(tooLong(`data: ${'x'.repeat(60)}\ndata: ${'x'.repeat(60)}\n`)).toBe(true)
  expect(tooLong(`data: ${'x'.repeat(60)}\n\ndata: ${'x'.repeat(60)}\n`)).toBe(false)
})

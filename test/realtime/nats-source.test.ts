import { randomBytes } from 'node:crypto'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { CursorCodec } from '../../events/cursor.ts'
import { connectNats } from '../../events/jetstream/nats-connection.ts'
import { SubjectReader } from '../../events/jetstream/subject-reader.ts'
import { createEngine } from '../../gateway/create-engine.ts'
import { eventFields } from '../../gateway/execution/event-field.ts'
import { eventSubgraph } from '../../gateway/execution/event-subgraph.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { systemClock } from '../../kernel/clock.ts'
import { silentLog } from '../../kernel/log.ts'
import { describeWithService } from '../services/availability.ts'
import { findNats, startNats } from '../services/nats.ts'
import { federated } from '../support/federated.ts'
import { rawSocket } from '../support/raw-socket.ts'
import type { RawSocket } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'

const definitions = {
  orders: {
    sdl: `
      type Query { name: String }
      type Subscription { orderChanged(shop: ID!, after: String): OrderEvent! }
      type OrderEvent { cursor: String! number: Int! order: Order! }
      type Order @key(fields: "id") { id: ID! }`,
  },
  titles: {
    sdl: 'type Query { hello: String } type Order @key(fields: "id") { id: ID! title: String! }',
    resolvers: { Order: { title: ({ id }: { id: string }) => `Order ${id}` } },
  },
}
const query = 'subscription ($shop: ID!) { orderChanged(shop: $shop) { nr: number order { id title } } }'

/** A gateway whose `orderChanged` is a subject of NATS. */
async function shopGateway(url: string, key: Buffer) {
  const reader = new SubjectReader({
    connect: () => connectNats({ url, name: 'a test', timeoutMs: 1_000 }),
    clock: systemClock,
    log: silentLog,
  })
  const options = {
    fields: eventFields(['orderChanged=ORDERS/orders.{shop}.changed']),
    cursors: new CursorCodec(key),
    log: silentLog,
    read: reader.read.bind(reader),
  }
  const { engine, subgraph } = federated(definitions, {}, given =>
    createEngine({
      ...given,
      subgraph: (name, place) => eventSubgraph(given.subgraph(name, place), options),
    }),
  )
  const server = await startGatewayServer({
    engine,
    address: { host: '127.0.0.1', port: 0 },
    log: silentLog,
    limits: { requestTimeoutMs: 10_000 },
  })
  return {
    socketUrl: server.url.replace('http', 'ws').replace('localhost', '127.0.0.1'),
    titles: subgraph('titles'),
    async [Symbol.asyncDispose]() {
      await server.close(0)
      await engine.close()
      await reader.close()
    },
  }
}

async function broker(url: string) {
  const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
  const { streams } = await jetstreamManager(connection)
  await streams.add({ name: 'ORDERS', subjects: ['orders.>'] })
  const client = jetstream(connection)
  const publish = async (shop: string, number: number): Promise<void> => {
    const order = { __typename: 'Order', id: String(number % 3) }
    // Acknowledged, or published once more under the same id.
    for (;;) {
      const sent = await client
        .publish(`orders.${shop}.changed`, JSON.stringify({ number, order }), {
          msgID: `${shop} ${number}`,
          timeout: 1_000,
        })
        .catch(() => undefined)
      if (sent !== undefined) return
    }
  }
  return { publish, streams, connection, [Symbol.asyncDispose]: () => connection.close() }
}

async function subscribe(url: string, shop: string, after?: string): Promise<RawSocket> {
  const socket = await rawSocket(url, { init: {} })
  const extensions = after === undefined ? undefined : { after }
  socket.send({ id: '1', type: 'subscribe', payload: { query, variables: { shop }, extensions } })
  return socket
}

interface Answer {
  readonly data: { readonly orderChanged: { readonly nr: number; readonly order: object } }
  readonly extensions: { readonly cursor: string }
}
// What the gateways under test write for this subscription.
const answers = ({ messages }: RawSocket): readonly Answer[] =>
  messages.filter(({ type }) => type === 'next').map(({ payload }) => payload as Answer)
const numbers = (socket: RawSocket): readonly number[] =>
  answers(socket).map(({ data }) => data.orderChanged.nr)
const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

describeWithService('NATS', findNats(), command => {
  test('messages of a subject are events with fields of other subgraphs, and a client resumes at another gateway', async () => {
    await using nats = await startNats(command)
    await using source = await broker(nats.url)
    const key = randomBytes(32)
    await using first = await shopGateway(nats.url, key)
    await using second = await shopGateway(nats.url, key)
    await source.publish('north', 0)
    using socket = await subscribe(first.socketUrl, 'north')
    using twin = await subscribe(first.socketUrl, 'north')
    const consumers = async () => (await source.streams.info('ORDERS')).state.consumer_count
    await until('it reads', async () => (await consumers()) === 1)
    await source.publish('south', 99)
    for (const number of range(1, 5)) await source.publish('north', number)
    await until('all are here', () => numbers(socket).length >= 5 && numbers(twin).length >= 5)
    expect(numbers(socket)).toEqual(range(1, 5))
    expect(answers(socket)[0]?.data).toEqual({
      orderChanged: { nr: 1, order: { id: '1', title: 'Order 1' } },
    })
    expect(first.titles.requests.length).toBe(5)
    expect(await consumers()).toBe(1)

    socket.socket.terminate()
    await source.publish('north', 6)
    using resumed = await subscribe(second.socketUrl, 'north', answers(socket)[2]?.extensions.cursor)
    await source.publish('north', 7)
    await until('the rest is here', () => numbers(resumed).length >= 4)
    expect(numbers(resumed)).toEqual(range(4, 7))

    // A subject is let go with its last reader, also while nothing comes.
    for (const each of [twin, resumed]) each.socket.terminate()
    await until('it is let go', async () => (await consumers()) === 0)
  })

  test('a cursor of another subject, another key or a stream made anew is refused, and never answered with a gap', async () => {
    await using nats = await startNats(command)
    await using source = await broker(nats.url)
    const key = randomBytes(32)
    await using gateway = await shopGateway(nats.url, key)
    await using stranger = await shopGateway(nats.url, randomBytes(32))
    using socket = await subscribe(gateway.socketUrl, 'north')
    await until('it reads', async () => (await source.streams.info('ORDERS')).state.consumer_count === 1)
    await source.publish('north', 1)
    await until('it is here', () => answers(socket).length === 1)
    const cursor = answers(socket)[0]?.extensions.cursor
    const codeOf = async (url: string, shop: string) => {
      using refused = await subscribe(url, shop, cursor)
      return JSON.stringify((await refused.take('error')).payload)
    }
    expect(await codeOf(gateway.socketUrl, 'south')).toContain('CURSOR_INVALID')
    expect(await codeOf(stranger.socketUrl, 'north')).toContain('CURSOR_INVALID')
    expect(await codeOf(gateway.socketUrl, '>')).toContain('BAD_USER_INPUT')
    await source.streams.delete('ORDERS')
    await source.streams.add({ name: 'ORDERS', subjects: ['orders.>'] })
    await using other = await shopGateway(nats.url, key)
    expect(await codeOf(other.socketUrl, 'north')).toContain('CURSOR_EXPIRED')
  })

  test('nothing is lost, repeated or out of order though the broker is killed while events come', async () => {
    await using nats = await startNats(command)
    await using source = await broker(nats.url)
    await using gateway = await shopGateway(nats.url, randomBytes(32))
    using socket = await subscribe(gateway.socketUrl, 'north')
    await until('it reads', async () => (await source.streams.info('ORDERS')).state.consumer_count === 1)
    const all = range(1, 300)
    const published = (async () => {
      for (const number of all) await source.publish('north', number)
    })()
    for (const mark of [50, 150]) {
      await until(`${mark} are here`, () => numbers(socket).length >= mark, 20_000)
      await nats.process.kill()
      await nats.process.start()
    }
    await published
    await until('all are here', () => numbers(socket).length >= all.length, 20_000)
    expect(numbers(socket)).toEqual(all)
  }, 60_000)
})

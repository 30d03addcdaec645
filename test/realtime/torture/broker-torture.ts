import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { startEnnead, temporaryFolder } from '../../e2e/running-ennead.ts'
import { freePort } from '../../services/service-process.ts'
import { startNats } from '../../services/nats.ts'
import { composeForTest } from '../../support/federated.ts'
import { servedSubgraph } from '../../support/served-subgraph.ts'
import { until } from '../../support/until.ts'
import { cutConnections, killInTurn } from './breakage.ts'
import { compared } from './deliveries.ts'
import { Follower } from './follower.ts'
import type { TortureOptions, TortureReport } from './torture.ts'

const definitions = {
  orders: {
    sdl: `
      type Query { name: String }
      type Subscription { orderChanged(after: String): OrderEvent! }
      type OrderEvent { cursor: String! number: Int! order: Order! }
      type Order @key(fields: "id") { id: ID! }`,
  },
  titles: {
    sdl: 'type Query { hello: String } type Order @key(fields: "id") { id: ID! title: String! }',
    resolvers: { Order: { title: ({ id }: { id: string }) => `Order ${id}` } },
  },
}

/** What the subscription of the followers answers. */
interface Data {
  readonly orderChanged?: { readonly number: number; readonly order: { readonly title: string } } | null
}

const gateways = [0, 1] as const

/**
 * Stock graphql-ws clients follow a subject of JetStream through two gateways, any of them at each connection, while their
 * connections are cut and gateways and the broker are killed with kill -9. A quarter as many again follow without cursors.
 * @param command nats-server.
 */
export async function brokerTorture(
  command: string,
  options: Omit<TortureOptions, 'writers'>,
): Promise<TortureReport> {
  const { random, progress = () => undefined } = options
  await using nats = await startNats(command)
  await using titles = await servedSubgraph(definitions.titles)
  await using folder = await temporaryFolder()
  await using processes = new AsyncDisposableStack()
  const supergraph = join(folder.path, 'supergraph.graphql')
  await writeFile(supergraph, composeForTest(definitions))
  const ports = await Promise.all(gateways.map(() => freePort()))
  const flags = [
    `--supergraph=${supergraph}`,
    `--subgraph-urls=titles=${titles.url},orders=http://127.0.0.1:9`,
    `--nats-url=${nats.url}`,
    '--event-subjects=orderChanged=ORDERS/orders.changed',
    `--event-cursor-secret=${randomBytes(32).toString('base64url')}`,
  ]
  const startGateway = async (index: number) =>
    processes.use(await startEnnead(['gateway', ...flags, '--port', String(ports[index])]))
  const running = await Promise.all(gateways.map(startGateway))

  const broker = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
  processes.defer(() => broker.close())
  const { streams } = await jetstreamManager(broker)
  await streams.add({ name: 'ORDERS', subjects: ['orders.>'] })
  const client = jetstream(broker)
  const publish = async (number: number): Promise<void> => {
    const order = { __typename: 'Order', id: String(number % 3) }
    // Acknowledged, or published once more under the same id.
    for (;;) {
      const settings = { msgID: String(number), timeout: 1_000 }
      const sent = await client
        .publish('orders.changed', JSON.stringify({ number, order }), settings)
        .catch(() => undefined)
      if (sent !== undefined) return
      await pause(20)
    }
  }

  const asked = {
    url: () => `http://127.0.0.1:${ports[Math.floor(random() * ports.length)]}/graphql`,
    query: 'subscription { orderChanged { number order { title } } }',
    nameOf: (data: Data | null | undefined) => {
      const event = data?.orderChanged
      return event?.order.title === `Order ${(event?.number ?? 0) % 3}` ? String(event?.number) : undefined
    },
  }
  const probe = new Follower({ ...asked, begin: undefined, resumes: true })
  await until('the probe is connected', () => probe.connected, 30_000)
  let first = 0
  for (; probe.seen.length === 0; first++) {
    await publish(first)
    await pause(100)
  }
  await until('the probe has it', () => probe.seen.at(-1) === String(first - 1))
  const begin = probe.cursor
  await probe.close()
  const follow = (count: number, resumes: boolean): Follower[] =>
    Array.from({ length: count }, () => new Follower({ ...asked, begin, resumes }))
  const resuming = follow(options.clients, true)
  const forgetful = follow(Math.max(1, Math.floor(options.clients / 4)), false)
  const all = [...resuming, ...forgetful]
  await until('everybody is connected', () => all.every(each => each.connected), 30_000)

  const names = Array.from({ length: options.events }, (_, index) => String(first + index))
  let published = 0
  let killed = 0
  const killsMax = options.gatewayKills + options.sourceKills
  /** Writes are faster than kills: without waiting, the last kills would find nothing to break. */
  const ahead = (): boolean =>
    killed < killsMax && published >= (names.length * (killed + 1.5)) / (killsMax + 1)
  const finished = (async () => {
    for (const name of names) {
      while (ahead()) await pause(5)
      await publish(Number(name))
      published += 1
    }
  })()
  finished.catch(() => undefined)
  const events = {
    total: names.length,
    written: () => published,
    over: () => published === names.length,
  }
  const killGateway = (index: number) => ({
    name: `gateway ${index}`,
    kill: async () => {
      killed += 1
      await running[index]?.kill()
      running[index] = await startGateway(index)
    },
  })
  const killBroker = {
    name: 'nats-server',
    kill: async () => {
      killed += 1
      await nats.process.kill()
      await nats.process.start()
    },
  }
  // Gateways and broker in turn, for as long as there are both.
  const kills = Array.from({ length: Math.max(options.gatewayKills, options.sourceKills) }, (_, index) => [
    ...(index < options.gatewayKills ? [killGateway(index % gateways.length)] : []),
    ...(index < options.sourceKills ? [killBroker] : []),
  ]).flat()
  const [cuts] = await Promise.all([
    cutConnections(all, events, { ...options, progress }),
    killInTurn(kills, events, progress),
    finished,
  ])
  const complete = (): boolean => resuming.every(({ seen }) => seen.length >= names.length)
  // What is missing is what the report is about.
  await until('everybody has the last event', complete, 60_000).catch(() => undefined)
  let messages: number | undefined
  await until('the broker says what it has', async () => {
    messages = (await streams.info('ORDERS').catch(() => undefined))?.state.messages
    return messages !== undefined
  })
  if (messages !== first + names.length) {
    throw new Error(`the broker has ${messages} messages of ${first + names.length}`)
  }
  const report = {
    clients: options.clients,
    events: names.length,
    socketKills: cuts,
    gatewayKills: options.gatewayKills,
    sourceKills: options.sourceKills,
    withCursors: compared(resuming, names),
    withoutCursors: compared(forgetful, names),
  }
  for (const each of all) await each.close()
  return report
}

import { expect, test } from 'vitest'
import { liveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import { composeForTest } from '../support/federated.ts'
import type { SubgraphDefinition } from '../support/federated.ts'
import { memoryFeed } from '../support/memory-feed.ts'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'
import type { RawSocket } from '../support/raw-socket.ts'
import { streamGateway, streamSubgraphs, taskEvents, ticks } from '../support/stream-gateway.ts'
import { Topic } from '../support/topic.ts'
import { until } from '../support/until.ts'

const { events, tasks } = streamSubgraphs(new Topic())
const titles: SubgraphDefinition = {
  sdl: 'type Query { other: Int } type Task @key(fields: "id") { id: ID! title: String! }',
  resolvers: { Task: { title: ({ id }: { id: string }) => `Title ${id}` } },
}
const graphs = {
  first: composeForTest({ events, tasks }),
  /** Titles come from another subgraph. */
  otherTitles: composeForTest({ events, titles }),
  /** The events themselves do. */
  moved: composeForTest({ moved: events, tasks }),
  without: composeForTest({
    events: { sdl: 'type Query { eventsName: String } type Subscription { ticks: Int }' },
    tasks,
  }),
}

async function rig(query: string) {
  const feed = memoryFeed(graphs.first)
  const supergraph = await liveSupergraph(feed)
  const gateway = await streamGateway(
    {},
    { supergraph, more: topic => ({ titles, moved: streamSubgraphs(topic).events }) },
  )
  const client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', query))
  await until('it reads', () => gateway.topic.readers === 1)
  const take = async (sdl: keyof typeof graphs): Promise<void> => {
    feed.offer(graphs[sdl])
    await until('it is taken', () => gateway.lines.some(line => line.includes('stream.planned-anew')))
  }
  return { gateway, client, take }
}

async function nextEvent(client: RawSocket): Promise<unknown> {
  return (await client.take('next', '1')).payload
}

test.each([
  ['taskEvents', taskEvents],
  ['ticks', ticks],
])(
  '%s: where the source stays, its events are completed as the new supergraph plans it, without a break',
  async (name, query) => {
    const { gateway, client, take } = await rig(query)
    await using _ = gateway
    gateway.topic.publish('x')
    expect(await nextEvent(client)).toMatchObject({ data: { [name]: { seq: 1, task: { title: 'Task 1' } } } })
    await take('otherTitles')
    gateway.topic.publish('y')
    expect(await nextEvent(client)).toMatchObject({
      data: { [name]: { seq: 2, task: { title: 'Title 2' } } },
    })
    expect(gateway.topic.readers).toBe(1)
    client[Symbol.dispose]()
  },
)

test('where the source moves, a stream with cursors goes on there behind the last event', async () => {
  const { gateway, client, take } = await rig(taskEvents)
  await using _ = gateway
  gateway.topic.publish('x')
  await nextEvent(client)
  await take('moved')
  gateway.topic.publish('y')
  gateway.topic.publish('z')
  for (const seq of [2, 3]) expect(await nextEvent(client)).toMatchObject({ data: { taskEvents: { seq } } })
  expect(gateway.topic.readers).toBe(1)
  client[Symbol.dispose]()
})

test('an operation that the new supergraph does not have is an error of its id, and others are served at once', async () => {
  const { gateway, client, take } = await rig(taskEvents)
  await using _ = gateway
  gateway.topic.publish('x')
  await nextEvent(client)
  await take('without')
  client.send(subscribeMessage('2', '{ hello }'))
  await client.take('next', '2')
  await until('it is told', () => client.messages.some(({ type }) => type === 'error'), 10_000)
  expect((await client.take('error', '1')).payload).toMatchObject([
    { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
  ])
  client[Symbol.dispose]()
})

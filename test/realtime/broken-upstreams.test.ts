import { expect, test } from 'vitest'
import { createEngine } from '../../gateway/create-engine.ts'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { silentLog } from '../../kernel/log.ts'
import { federated } from '../support/federated.ts'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'
import type { RawSocket } from '../support/raw-socket.ts'
import { servedSubgraph } from '../support/served-subgraph.ts'
import { streamGateway, streamSubgraphs, taskEvents, ticks } from '../support/stream-gateway.ts'
import { openTcpProxy } from '../support/tcp-proxy.ts'
import { Topic } from '../support/topic.ts'
import { until } from '../support/until.ts'

interface Source extends AsyncDisposable {
  readonly topic: Topic
  readonly url: string
}

/** graphql-ws's own server. */
async function overSockets(): Promise<Source> {
  const topic = new Topic()
  const served = await servedSubgraph(streamSubgraphs(topic).events)
  return {
    topic,
    url: served.url.replace('http', 'ws'),
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  }
}

/** Another gateway. */
async function overStreams(): Promise<Source> {
  const served = await streamGateway({ log: silentLog })
  return { topic: served.topic, url: served.url, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() }
}

const seqs = ({ messages }: RawSocket, field: 'taskEvents' | 'ticks'): readonly number[] =>
  messages
    .filter(({ type }) => type === 'next')
    // What the gateway under test writes for these subscriptions.
    .map(({ payload }) => (payload as { data: Record<string, { seq: number }> }).data[field]?.seq ?? 0)

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

test.each([
  ['graphql-transport-ws', overSockets],
  ['Server-Sent Events', overStreams],
])(
  'events over %s: connections that break lose nothing with cursors, and without them the client is told',
  async (_protocol, open) => {
    await using source = await open()
    const { topic } = source
    const place = new URL(source.url)
    await using proxy = await openTcpProxy('127.0.0.1', Number(place.port))
    place.port = String(proxy.port)
    const { engine } = federated(streamSubgraphs(topic), {}, given =>
      createEngine({
        ...given,
        subgraph: (name, url) =>
          name === 'events'
            ? httpSubgraph({ name, url: 'http://127.0.0.1:9/graphql', eventsUrl: place.href })
            : given.subgraph(name, url),
      }),
    )
    const address = { host: '127.0.0.1', port: 0 }
    const server = await startGatewayServer({ engine, address, log: silentLog })
    const url = `ws://127.0.0.1:${server.address.port}/graphql`
    try {
      using resuming = await rawSocket(url, { init: {} })
      resuming.send(subscribeMessage('1', taskEvents))
      using forgetful = await rawSocket(url, { init: {} })
      forgetful.send(subscribeMessage('1', ticks))
      await until('both are read', () => topic.readers === 2)
      topic.publish('one')
      const first = (): boolean =>
        seqs(resuming, 'taskEvents').length === 1 && seqs(forgetful, 'ticks').length === 1
      await until('both have the first event', first)

      for (let cut = 0; cut < 3; cut++) {
        proxy.reset()
        for (const text of ['a', 'b', 'c']) topic.publish(text)
        const newest = 1 + 3 * (cut + 1)
        await until('all are here', () => seqs(resuming, 'taskEvents').length >= newest)
      }
      expect(seqs(resuming, 'taskEvents')).toEqual(range(1, 10))
      expect((await forgetful.closed).code).toBe(1014)
      expect(seqs(forgetful, 'ticks')).toEqual(range(1, seqs(forgetful, 'ticks').length))
    } finally {
      await server.close(0)
      await engine.close()
    }
  },
)

import { expect, test } from 'vitest'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'
import { streamGateway, taskEvents, ticks } from '../support/stream-gateway.ts'
import { until } from '../support/until.ts'

interface Answer {
  readonly data: Readonly<Record<string, { readonly seq: number }>>
  readonly extensions?: { readonly cursor?: string }
}

// What the gateway under test writes for these subscriptions.
const answer = (payload: unknown): Answer => payload as Answer

test.each([
  ['taskEvents', taskEvents],
  ['ticks', ticks],
])(
  '%s: 100 clients are one upstream and one entity fetch an event, however many ids they use',
  async (name, query) => {
    await using gateway = await streamGateway()
    const clients = await Promise.all(
      Array.from({ length: 100 }, () => rawSocket(gateway.socketUrl, { init: {} })),
    )
    for (const [index, client] of clients.entries()) client.send(subscribeMessage(`id ${index} "ü"`, query))
    await until('there is an upstream', () => gateway.topic.readers > 0)
    // Whoever answers has read what was sent before.
    for (const [index, client] of clients.entries()) {
      client.send({ type: 'ping' })
      await client.take('pong')
      expect(gateway.topic.readers, `upstreams with ${index} clients`).toBe(1)
    }
    for (let event = 1; event <= 10; event++) gateway.topic.publish('x'.repeat(event * 20))
    await until('everybody has everything', () => clients.every(client => client.messages.length === 10))
    expect(gateway.tasks.requests.length).toBe(10)
    for (const [index, client] of clients.entries()) {
      expect(client.messages.every(message => message.id === `id ${index} "ü"`)).toBe(true)
      const seqs = client.messages.map(({ payload }) => answer(payload).data[name]?.seq)
      expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    }
    for (const client of clients) client.socket.terminate()
    await until('the upstream is let go', () => gateway.topic.readers === 0)
  },
)

test('documents that differ only in spaces share an upstream; variables that matter do not', async () => {
  await using gateway = await streamGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', taskEvents))
  client.send(subscribeMessage('2', taskEvents.replaceAll(' ', '  '), { after: null }))
  client.send(subscribeMessage('3', 'subscription { taskEvents { seq } }'))
  await until('there are upstreams', () => gateway.topic.readers === 2)
  gateway.topic.publish('x')
  await client.take('next', '1')
  await client.take('next', '2')
  await client.take('next', '3')
  expect(gateway.topic.readers).toBe(2)
})

test('every event carries a cursor, and a subscription begins behind any of them, as argument or extension', async () => {
  await using gateway = await streamGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('stays', taskEvents))
  await until('it reads', () => gateway.topic.readers === 1)
  for (let event = 1; event <= 5; event++) gateway.topic.publish(`text ${event}`)
  const cursors: string[] = []
  for (let event = 1; event <= 5; event++) {
    const { payload } = await client.take('next', 'stays')
    cursors.push(answer(payload).extensions?.cursor ?? '')
  }
  const fetched = gateway.tasks.requests.length
  client.send(subscribeMessage('argument', taskEvents, { after: cursors[1] }))
  client.send({
    id: 'extension',
    type: 'subscribe',
    payload: { query: taskEvents, variables: { after: cursors[0] }, extensions: { after: cursors[2] } },
  })
  const seqs = async (id: string, count: number): Promise<unknown[]> => {
    const found: unknown[] = []
    for (let event = 0; event < count; event++) {
      found.push(answer((await client.take('next', id)).payload).data['taskEvents']?.seq)
    }
    return found
  }
  expect(await seqs('argument', 3)).toEqual([3, 4, 5])
  expect(await seqs('extension', 2)).toEqual([4, 5])
  gateway.topic.publish('text 6')
  for (const id of ['stays', 'argument', 'extension']) expect(await seqs(id, 1)).toEqual([6])
  expect(gateway.topic.readers).toBe(1)
  expect(gateway.tasks.requests.length).toBe(fetched + 1)
})

test('a cursor that nobody issued is an error of its subscription alone', async () => {
  await using gateway = await streamGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', taskEvents, { after: 'forged' }))
  expect((await client.take('error', '1')).payload).toMatchObject([
    { extensions: { code: 'CURSOR_INVALID' } },
  ])
  client.send({ id: '2', type: 'subscribe', payload: { query: ticks, extensions: { after: 'forged' } } })
  expect((await client.take('error', '2')).payload).toMatchObject([
    { extensions: { code: 'CURSOR_EXPIRED' } },
  ])
  client.send({ id: '3', type: 'subscribe', payload: { query: ticks, extensions: { after: 7 } } })
  expect((await client.take('error', '3')).payload).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
  expect(gateway.topic.readers).toBe(0)
})

test('a client that chose the name of our cursor for a field of its own gets its field', async () => {
  await using gateway = await streamGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', 'subscription { e: taskEvents { ennead_cursor: text cursor } }'))
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('mine')
  expect((await client.take('next', '1')).payload).toEqual({
    data: { e: { ennead_cursor: 'mine', cursor: 'c1' } },
    extensions: { cursor: 'c1' },
  })
})

import { expect, test } from 'vitest'
import { demoGateway } from '../support/demo-gateway.ts'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'

/** Rules of graphql-transport-ws that only a real socket shows. The others are in protocol-rules.test.ts. */

const events = 'subscription { events { seq } }'
/** How fast the machine is must not decide. */
const limits = { requestTimeoutMs: 60_000, mutationTimeoutMs: 60_000 }

test('Communication: the sub-protocol is graphql-transport-ws, and is chosen among others', async () => {
  await using gateway = await demoGateway({ limits })
  using client = await rawSocket(gateway.socketUrl, { protocols: ['chat', 'graphql-transport-ws'] })
  expect(client.socket.protocol).toBe('graphql-transport-ws')
  using other = await rawSocket(gateway.socketUrl, { protocols: ['graphql-ws'] })
  expect(await other.closed).toMatchObject({ code: 4406 })
})

test('Communication: a client that closes with 1000 is answered so, and all it followed is let go', async () => {
  await using gateway = await demoGateway({ limits })
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', events))
  await until('it reads', () => gateway.topic.readers === 1)
  client.socket.close(1000, 'Normal Closure')
  expect(await client.closed).toEqual({ code: 1000, reason: 'Normal Closure' })
  await until('the source is let go', () => gateway.topic.readers === 0)
})

test('Ping: is answered at any time, before the acknowledgement and while operations run', async () => {
  await using gateway = await demoGateway({ limits })
  using client = await rawSocket(gateway.socketUrl)
  client.send({ type: 'ping', payload: { n: 1 } })
  expect(await client.take('pong')).toEqual({ type: 'pong', payload: { n: 1 } })
  client.send({ type: 'connection_init' })
  await client.take('connection_ack')
  client.send(subscribeMessage('1', '{ stuck }'))
  client.send({ type: 'ping' })
  expect(await client.take('pong')).toEqual({ type: 'pong' })
})

test('Next, Complete: a query, and a subscription whose source ends, are told results and then complete', async () => {
  await using gateway = await demoGateway({ limits })
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('s', events))
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('one')
  await until('it is here', () => client.messages.length === 1)
  client.send(subscribeMessage('q', '{ hello }'))
  await until('the query has ended', () => client.messages.length === 3)
  gateway.topic.publish('two')
  gateway.topic.end()
  await until('the source has ended', () => client.messages.length === 5)
  expect(client.messages.map(({ id, type }) => `${id} ${type}`)).toEqual([
    's next',
    'q next',
    'q complete',
    's next',
    's complete',
  ])
})

test('Error: nothing of its operation follows, not even complete', async () => {
  await using gateway = await demoGateway({ limits })
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('wrong', '{ nothing }'))
  await client.take('error', 'wrong')
  client.send(subscribeMessage('q', '{ hello }'))
  await client.take('complete', 'q')
  expect(client.messages.filter(({ id }) => id === 'wrong')).toEqual([])
})

test('Complete: from the client before a single result is there, that result is not sent', async () => {
  await using gateway = await demoGateway({ limits })
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('slow', 'mutation { slowAdd(ms: 20) }'))
  await until('it runs', () => gateway.work.started === 1)
  client.send({ type: 'complete', id: 'slow' })
  // Later than the result would have been there.
  client.send(subscribeMessage('later', 'mutation { slowAdd(ms: 60) }'))
  await client.take('complete', 'later')
  expect(client.messages.filter(({ id }) => id === 'slow')).toEqual([])
  // The id is free again.
  client.send(subscribeMessage('slow', '{ hello }'))
  await client.take('complete', 'slow')
})

test.each([
  ['query', '{ stuck }'],
  ['subscription', events],
])('Subscribe: the id of a %s that runs closes the socket at once with 4409', async (_kind, query) => {
  await using gateway = await demoGateway({ limits })
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('same', query))
  client.send(subscribeMessage('same', '{ hello }'))
  expect(await client.closed).toEqual({ code: 4409, reason: 'Subscriber for same already exists' })
  expect(client.messages).toEqual([])
})

import { buildSchema } from 'graphql'
import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import { demoGateway } from '../support/demo-gateway.ts'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'
import { schemaEngine } from '../support/schema-engine.ts'
import { until } from '../support/until.ts'

const events = 'subscription ($after: Int) { events(after: $after) { seq text viewer } }'

test('a query, a mutation and a subscription run over one socket', async () => {
  await using gateway = await demoGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('s', events))
  await until('the subscription reads', () => gateway.topic.readers === 1)
  client.send(subscribeMessage('q', '{ hello }'))
  client.send(subscribeMessage('m', 'mutation { add(text: "first") }'))
  expect((await client.take('next', 'q')).payload).toEqual({ data: { hello: 'Hello world' } })
  await client.take('complete', 'q')
  expect((await client.take('next', 'm')).payload).toEqual({ data: { add: 1 } })
  const event = { seq: 1, text: 'first', viewer: null }
  expect((await client.take('next', 's')).payload).toEqual({ data: { events: event } })
})

test.each([
  ['Authorization in the payload', { init: { Authorization: 'Bearer alice' } }],
  ['authorization in the payload', { init: { authorization: 'Bearer alice' } }],
  ['headers in the payload', { init: { headers: { authorization: 'Bearer alice' } } }],
  ['the upgrade request', { init: {}, headers: { authorization: 'Bearer alice' } }],
])('the credential is taken from %s', async (_name, options) => {
  await using gateway = await demoGateway()
  using client = await rawSocket(gateway.socketUrl, options)
  client.send(subscribeMessage('1', '{ viewer }'))
  expect((await client.take('next')).payload).toEqual({ data: { viewer: 'alice' } })
})

test('a credential that is not valid closes with 4403, one that cannot be checked with 1013', async () => {
  await using gateway = await demoGateway()
  for (const [token, code] of [
    ['mallory', 4403],
    ['down', 1013],
  ] as const) {
    using client = await rawSocket(gateway.socketUrl)
    client.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })
    expect(await client.closed).toMatchObject({ code })
    expect(client.messages).toEqual([])
  }
})

test('row 14: what is wrong with a connection closes it with its own code', async () => {
  await using gateway = await demoGateway({ limits: { socketInitTimeoutMs: 100 } })
  const closes = async (options: Parameters<typeof rawSocket>[1], ...messages: (object | string)[]) => {
    using client = await rawSocket(gateway.socketUrl, options)
    for (const message of messages) client.send(message)
    return (await client.closed).code
  }
  const init = { type: 'connection_init' }
  expect(await closes({ origin: 'https://evil.example' }, init)).toBe(4403)
  expect(await closes({})).toBe(4408)
  expect(await closes({}, { ...init, payload: { padding: 'x'.repeat(8_192) } })).toBe(4400)
  expect(await closes({}, init, init)).toBe(4429)
  expect(await closes({ protocols: ['graphql-ws'] }, init)).toBe(4406)
  expect(await closes({ protocols: [] }, init)).toBe(4406)
  expect(await closes({}, subscribeMessage('1', '{ hello }'))).toBe(4401)
  expect(await closes({}, 'not json')).toBe(4400)
  expect(await closes({ init: {} }, subscribeMessage('1', events), subscribeMessage('1', events))).toBe(4409)
  expect(await closes({ init: {} }, 'x'.repeat(1_048_577))).toBe(1009)
})

test('our own origin and allowed origins are welcome', async () => {
  await using gateway = await demoGateway({ origins: ['https://app.example'] })
  for (const origin of [new URL(gateway.url).origin, 'https://app.example']) {
    using client = await rawSocket(gateway.socketUrl, { origin, init: {} })
    expect(client.socket.readyState).toBe(1)
  }
})

test('row 15: one operation too many is an error for its id only', async () => {
  await using gateway = await demoGateway({ limits: { socketOperationsMax: 2 } })
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  for (const id of ['1', '2', '3']) client.send(subscribeMessage(id, events))
  expect((await client.take('error', '3')).payload).toMatchObject([{ extensions: { code: 'OVERLOADED' } }])
  await until('two subscriptions read', () => gateway.topic.readers === 2)
  gateway.topic.publish('x')
  await client.take('next', '1')
  await client.take('next', '2')
})

test('row 15: a flood of messages closes its own socket and nobody else', async () => {
  await using gateway = await demoGateway()
  using other = await rawSocket(gateway.socketUrl, { init: {} })
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  for (let index = 0; index < 400; index++) client.send({ type: 'ping' })
  expect(await client.closed).toMatchObject({ code: 1008 })
  other.send(subscribeMessage('1', '{ hello }'))
  await other.take('next', '1')
})

test('row 15: sockets beyond the limit of the process are refused, and a free place is given again', async () => {
  await using gateway = await demoGateway({ limits: { socketsMax: 2 } })
  using first = await rawSocket(gateway.socketUrl, { init: {} })
  using second = await rawSocket(gateway.socketUrl, { init: {} })
  await expect(rawSocket(gateway.socketUrl)).rejects.toThrow('503')
  second.socket.close()
  await until('the place is free', () => gateway.server.socketCount === 1)
  using third = await rawSocket(gateway.socketUrl, { init: {} })
  expect([first, third].map(client => client.socket.readyState)).toEqual([1, 1])
})

test('row 15: sockets of one address and of one actor have limits', async () => {
  await using byAddress = await demoGateway({ limits: { socketsPerAddressMax: 1 } })
  using _held = await rawSocket(byAddress.socketUrl)
  await expect(rawSocket(byAddress.socketUrl)).rejects.toThrow('503')

  await using byActor = await demoGateway({ limits: { socketsPerActorMax: 1 } })
  const init = { authorization: 'Bearer alice' }
  using first = await rawSocket(byActor.socketUrl, { init })
  using second = await rawSocket(byActor.socketUrl)
  second.send({ type: 'connection_init', payload: init })
  expect(await second.closed).toMatchObject({ code: 1013 })
  first.socket.close()
  await until('the place is free', () => byActor.server.socketCount === 0)
  using third = await rawSocket(byActor.socketUrl, { init })
  expect(third.socket.readyState).toBe(1)
})

test('row 16: a reader that stops reading is closed within bounded memory and can resume', async () => {
  await using gateway = await demoGateway({ limits: { socketBufferedBytesMax: 65_536 } })
  using stalled = await rawSocket(gateway.socketUrl, { init: {} })
  using lively = await rawSocket(gateway.socketUrl, { init: {} })
  for (const client of [stalled, lively]) client.send(subscribeMessage('1', events))
  await until('both read', () => gateway.topic.readers === 2)
  stalled.socket.pause()
  const text = 'x'.repeat(20_000)
  let published = 0
  await until(
    'the stalled reader is let go',
    () => {
      gateway.topic.publish(text)
      published += 1
      return gateway.topic.readers === 1
    },
    20_000,
  )
  await until('its socket is gone', () => gateway.server.socketCount === 1)
  await until('the lively reader has everything', () => lively.messages.length === published)

  using again = await rawSocket(gateway.socketUrl, { init: {} })
  again.send(subscribeMessage('1', events, { after: 1 }))
  expect((await again.take('next')).payload).toMatchObject({ data: { events: { seq: 2 } } })
})

test('row 17: errors of one operation are told for its id and leave the socket alone', async () => {
  await using gateway = await demoGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('syntax', 'subscription {'))
  client.send(subscribeMessage('validation', '{ nothing }'))
  client.send(subscribeMessage('variables', 'query ($n: Int!) { big(bytes: $n) }'))
  client.send(
    subscribeMessage('deep', '{ hello }', JSON.parse('{"a":'.repeat(65) + '1' + '}'.repeat(65)) as object),
  )
  client.send(subscribeMessage('cursor', 'subscription { refused(code: "CURSOR_EXPIRED") { seq } }'))
  client.send(subscribeMessage('fine', '{ hello }'))
  const code = async (id: string) => (await client.take('error', id)).payload
  expect(await code('syntax')).toMatchObject([{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }])
  expect(await code('validation')).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }])
  expect(await code('variables')).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
  expect(await code('deep')).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
  expect(await code('cursor')).toMatchObject([{ extensions: { code: 'CURSOR_EXPIRED' } }])
  await client.take('next', 'fine')
  await client.take('complete', 'fine')
})

test('row 21: a credential that expires closes its socket with 4401, and a new one resumes', async () => {
  await using gateway = await demoGateway()
  using client = await rawSocket(gateway.socketUrl, { init: { authorization: 'Bearer short' } })
  client.send(subscribeMessage('1', events))
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('one')
  await client.take('next')
  expect(await client.closed).toMatchObject({ code: 4401 })
  await until('the source is let go', () => gateway.topic.readers === 0)
  gateway.topic.publish('two')
  using again = await rawSocket(gateway.socketUrl, { init: { authorization: 'Bearer alice' } })
  again.send(subscribeMessage('1', events, { after: 1 }))
  expect((await again.take('next')).payload).toMatchObject({ data: { events: { text: 'two' } } })
})

test('unsubscribing and leaving let go of a quiet source at once', async () => {
  await using gateway = await demoGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  for (const id of ['1', '2']) client.send(subscribeMessage(id, events))
  await until('both read', () => gateway.topic.readers === 2)
  client.send({ type: 'complete', id: '1' })
  await until('one is let go', () => gateway.topic.readers === 1, 500)
  client.socket.terminate()
  await until('the other is let go', () => gateway.topic.readers === 0, 500)
  expect(gateway.lines.filter(line => line.includes('"level":"error"'))).toEqual([])
})

test('an outage behind a subscription closes the socket retryably, a fault of its own is an error', async () => {
  await using gateway = await demoGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', events))
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.end(new EnneadError('UNAVAILABLE', 'the broker is down'))
  const closed = await client.closed
  expect(closed).toEqual({ code: 1014, reason: 'UNAVAILABLE: connect again and resume' })
  expect(client.messages.filter(message => message.type === 'error')).toEqual([])

  using other = await rawSocket(gateway.socketUrl, { init: {} })
  other.send(subscribeMessage('1', events))
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.end(new Error('password hunter2'))
  const { payload } = await other.take('error', '1')
  expect(payload).toMatchObject([{ extensions: { code: 'INTERNAL' } }])
  expect(JSON.stringify(payload)).not.toContain('hunter2')
})

test('an event that an outage took away is not delivered empty: the socket closes, and resuming brings it', async () => {
  await using gateway = await demoGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', events))
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('fail:UNAVAILABLE')
  expect(await client.closed).toMatchObject({ code: 1014 })
  expect(client.messages).toEqual([])
  await until('the source is let go', () => gateway.topic.readers === 0)
  gateway.failures.armed = false
  using again = await rawSocket(gateway.socketUrl, { init: {} })
  again.send(subscribeMessage('1', events, { after: 0 }))
  expect((await again.take('next')).payload).toMatchObject({ data: { events: { seq: 1 } } })
})

test('an event whose fields are refused is delivered with its errors, and the stream goes on', async () => {
  await using gateway = await demoGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', events))
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('fail:FORBIDDEN')
  const { payload } = await client.take('next')
  expect(payload).toMatchObject({ data: null, errors: [{ extensions: { code: 'FORBIDDEN' } }] })
  gateway.topic.publish('fine')
  expect((await client.take('next')).payload).toMatchObject({ data: { events: { text: 'fine' } } })
})

test('a source that tells its refusal as an event and ends is told as an error of its id', async () => {
  await using gateway = await demoGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', events))
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('fail:FORBIDDEN')
  gateway.topic.end()
  expect((await client.take('error', '1')).payload).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  expect(client.messages).toEqual([])
})

test('a source that ends is told as complete', async () => {
  await using gateway = await demoGateway()
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', events))
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.end()
  expect(await client.take('complete', '1')).toEqual({ id: '1', type: 'complete' })
})

test('answers larger than the buffer reach a reader that reads', async () => {
  await using gateway = await demoGateway({ limits: { socketBufferedBytesMax: 65_536 } })
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  for (const id of ['1', '2', '3', '4']) client.send(subscribeMessage(id, '{ big(bytes: 5000000) }'))
  for (const id of ['1', '2', '3', '4']) {
    expect(JSON.stringify((await client.take('next', id)).payload).length).toBeGreaterThan(5_000_000)
  }
})

test('a query over a socket has the time of a query, a subscription has no end', async () => {
  await using gateway = await demoGateway({ limits: { requestTimeoutMs: 60 } })
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('s', events))
  client.send(subscribeMessage('q', '{ stuck }'))
  expect((await client.take('error', 'q')).payload).toMatchObject([
    { extensions: { code: 'DEADLINE_EXCEEDED' } },
  ])
  gateway.topic.publish('after the deadline')
  await client.take('next', 's')
})

test('a peer that answers no pings is let go', async () => {
  await using gateway = await demoGateway({ limits: { socketHeartbeatMs: 50 } })
  using dead = await rawSocket(gateway.socketUrl, { init: {}, autoPong: false })
  using alive = await rawSocket(gateway.socketUrl, { init: {} })
  expect(await dead.closed).toMatchObject({ code: 1006 })
  expect(alive.socket.readyState).toBe(1)
})

test('closing sends clients elsewhere with 1012 and takes no more', async () => {
  const gateway = await demoGateway()
  const clients = await Promise.all([1, 2, 3, 4].map(() => rawSocket(gateway.socketUrl, { init: {} })))
  for (const client of clients) client.send(subscribeMessage('1', events))
  await until('all read', () => gateway.topic.readers === 4)
  const closing = gateway.server.close(2_000)
  for (const client of clients) expect(await client.closed).toMatchObject({ code: 1012 })
  await closing
  expect(gateway.topic.readers).toBe(0)
  await expect(rawSocket(gateway.socketUrl)).rejects.toThrow('ECONNREFUSED')
})

test('a WebSocket at another path is refused', async () => {
  await using gateway = await demoGateway()
  await expect(rawSocket(gateway.socketUrl.replace('/graphql', '/other'))).rejects.toThrow('404')
})

test('a subscription that cannot be planned in time, as after a restart, closes retryably; a query is told an error', async () => {
  const engine = {
    ...schemaEngine(buildSchema('type Query { hello: String }')),
    prepare: () => new Promise<never>(() => undefined),
  }
  await using gateway = await demoGateway({ engine, limits: { requestTimeoutMs: 50 } })
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', '{ hello }'))
  expect((await client.take('error', '1')).payload).toMatchObject([
    { extensions: { code: 'DEADLINE_EXCEEDED' } },
  ])
  client.send(subscribeMessage('2', `# of events\n${events}`))
  expect(await client.closed).toEqual({ code: 1014, reason: 'DEADLINE_EXCEEDED: connect again and resume' })
  expect(client.messages).toEqual([])
})

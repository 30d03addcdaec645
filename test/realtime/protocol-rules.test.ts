import { expect, test } from 'vitest'
import { TransportWsProtocol } from '../../gateway/realtime/transport-ws-protocol.ts'
import type { Action } from '../../gateway/realtime/transport-ws-protocol.ts'

/**
 * The rules of https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md for a server, section by section; what takes
 * a real socket to see is in protocol-on-the-wire.test.ts.
 */

const limits = { operationsMax: 10, messagesPerSecond: 1_000, initLengthMax: 1_000 }
const opened = (): TransportWsProtocol => new TransportWsProtocol(limits, 0)
const say = (protocol: TransportWsProtocol, message: object): readonly Action[] =>
  protocol.received(JSON.stringify(message), 0)
const subscribe = (id: string) => ({ type: 'subscribe', id, payload: { query: '{ a }' } })

function ready(): TransportWsProtocol {
  const protocol = opened()
  say(protocol, { type: 'connection_init' })
  protocol.acknowledge()
  return protocol
}

/** Messages that are sent, parsed. */
const sent = (actions: readonly Action[]): unknown[] =>
  actions.flatMap(action => (action.kind === 'send' ? [JSON.parse(action.text)] : []))
const closeOf = (actions: readonly Action[]): unknown => {
  const [first] = actions
  return first?.kind === 'close' ? { code: first.code, reason: first.reason } : undefined
}

test('ConnectionInit: no initialisation within the wait timeout closes with 4408', () => {
  const protocol = opened()
  expect(closeOf(protocol.initTimedOut())).toEqual({
    code: 4408,
    reason: 'Connection initialisation timeout',
  })
  const known = ready()
  expect(known.initTimedOut()).toEqual([])
})

test('ConnectionInit: more than one closes with 4429', () => {
  const reason = 'Too many initialisation requests'
  expect(closeOf(say(ready(), { type: 'connection_init' }))).toEqual({ code: 4429, reason })
  const asking = opened()
  say(asking, { type: 'connection_init' })
  expect(closeOf(say(asking, { type: 'connection_init' }))).toEqual({ code: 4429, reason })
})

test('ConnectionInit: its payload is what the client is identified by', () => {
  const payload = { token: 'x' }
  expect(say(opened(), { type: 'connection_init', payload })).toEqual([{ kind: 'identify', payload }])
})

test('ConnectionAck: is sent once, with a payload or without', () => {
  const protocol = opened()
  say(protocol, { type: 'connection_init' })
  expect(sent(protocol.acknowledge({ a: 1 }))).toEqual([{ type: 'connection_ack', payload: { a: 1 } }])
  expect(protocol.acknowledge()).toEqual([])
})

test.each([
  ['before initialisation', opened],
  ['when connected', ready],
])('Ping: %s is answered with a pong and its payload; a pong may come unasked', (_when, protocol) => {
  expect(sent(say(protocol(), { type: 'ping', payload: { a: 1 } }))).toEqual([
    { type: 'pong', payload: { a: 1 } },
  ])
  expect(sent(say(protocol(), { type: 'ping' }))).toEqual([{ type: 'pong' }])
  expect(say(protocol(), { type: 'pong', payload: { a: 1 } })).toEqual([])
})

test('Subscribe: before the acknowledgement closes with 4401', () => {
  expect(closeOf(say(opened(), subscribe('1')))).toEqual({ code: 4401, reason: 'Unauthorized' })
  const asking = opened()
  say(asking, { type: 'connection_init' })
  expect(closeOf(say(asking, subscribe('1')))).toEqual({ code: 4401, reason: 'Unauthorized' })
})

test('Subscribe: an id that is running closes with 4409, one that has ended may be used again', () => {
  const protocol = ready()
  expect(say(protocol, subscribe('1'))).toMatchObject([{ kind: 'start', id: '1', run: 1 }])
  protocol.completed(1)
  expect(say(protocol, subscribe('1'))).toMatchObject([{ kind: 'start', id: '1', run: 2 }])
  protocol.failed(2, [])
  expect(say(protocol, subscribe('1'))).toMatchObject([{ kind: 'start', id: '1', run: 3 }])
  say(protocol, { type: 'complete', id: '1' })
  expect(say(protocol, subscribe('1'))).toMatchObject([{ kind: 'start', id: '1', run: 4 }])
  expect(closeOf(say(protocol, subscribe('1')))).toEqual({
    code: 4409,
    reason: 'Subscriber for 1 already exists',
  })
})

test('Subscribe: the reason of 4409 fits into a close frame whatever the id is', () => {
  for (const id of ['ü'.repeat(128), 'x'.repeat(94)]) {
    const protocol = ready()
    say(protocol, subscribe(id))
    expect(closeOf(say(protocol, subscribe(id)))).toEqual({ code: 4409, reason: 'Subscriber already exists' })
  }
})

test('Subscribe: many ids run at once, and what ends one leaves the others', () => {
  const protocol = ready()
  for (const id of ['a', 'b', 'c']) say(protocol, subscribe(id))
  protocol.completed(1)
  protocol.failed(2, [])
  expect(sent(protocol.next(3, '{"data":1}'))).toEqual([{ id: 'c', type: 'next', payload: { data: 1 } }])
})

test('Next: carries results under the id of its operation, many for a subscription', () => {
  const protocol = ready()
  say(protocol, subscribe('a'))
  for (const value of [1, 2]) {
    const message = { id: 'a', type: 'next', payload: { data: value } }
    expect(sent(protocol.next(1, JSON.stringify({ data: value })))).toEqual([message])
  }
  const shared = `${protocol.headOf(1)?.toString() ?? ''}{"data":3}}`
  expect(JSON.parse(shared)).toEqual({ id: 'a', type: 'next', payload: { data: 3 } })
})

test('Error: ends its operation, and nothing of it follows', () => {
  const protocol = ready()
  say(protocol, subscribe('a'))
  const errors = [{ message: 'no', extensions: { code: 'INTERNAL' } }]
  expect(sent(protocol.failed(1, errors))).toEqual([{ id: 'a', type: 'error', payload: errors }])
  expect([protocol.next(1, '{}'), protocol.completed(1), protocol.headOf(1)]).toEqual([[], [], undefined])
})

test('Complete: from the server ends an operation, and nothing of it follows', () => {
  const protocol = ready()
  say(protocol, subscribe('a'))
  expect(sent(protocol.completed(1))).toEqual([{ id: 'a', type: 'complete' }])
  expect([protocol.next(1, '{}'), protocol.failed(1, [])]).toEqual([[], []])
})

test('Complete: from the client stops its operation without an answer; when the messages cross it is ignored', () => {
  const protocol = ready()
  say(protocol, subscribe('a'))
  expect(say(protocol, { type: 'complete', id: 'a' })).toEqual([{ kind: 'stop', run: 1 }])
  expect(protocol.next(1, '{}')).toEqual([])
  expect(say(protocol, { type: 'complete', id: 'a' })).toEqual([])
})

test('Complete: of an id that never was is ignored, also before the acknowledgement', () => {
  expect(say(ready(), { type: 'complete', id: 'unknown' })).toEqual([])
  expect(say(opened(), { type: 'complete', id: 'unknown' })).toEqual([])
})

test('a payload that is null is none', () => {
  const protocol = opened()
  expect(sent(say(protocol, { type: 'ping', payload: null }))).toEqual([{ type: 'pong' }])
  expect(say(protocol, { type: 'pong', payload: null })).toEqual([])
  expect(say(protocol, { type: 'connection_init', payload: null })).toEqual([
    { kind: 'identify', payload: undefined },
  ])
})

test.each([
  'not json',
  '[]',
  '{"type":"unknown"}',
  '{"id":"1"}',
  '{"type":"subscribe","payload":{"query":"{ a }"}}',
  '{"type":"complete"}',
  '{"type":"connection_init","payload":"x"}',
  '{"type":"connection_ack"}',
  '{"type":"error","id":"1","payload":[]}',
  '{"type":"subscribe","id":"1"}',
  '{"type":"next","id":"1","payload":{}}',
])('Invalid message: %s closes with 4400', text => {
  expect(closeOf(ready().received(text, 0))).toMatchObject({ code: 4400 })
})

test('the end of a socket stops everything that runs, and nothing is sent any more', () => {
  const protocol = ready()
  for (const id of ['a', 'b']) say(protocol, subscribe(id))
  expect(protocol.left()).toEqual([
    { kind: 'stop', run: 1 },
    { kind: 'stop', run: 2 },
  ])
  expect([protocol.next(1, '{}'), say(protocol, { type: 'ping' })]).toEqual([[], []])
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TransportWsProtocol } from '../../gateway/realtime/transport-ws-protocol.ts'
import type { Action } from '../../gateway/realtime/transport-ws-protocol.ts'
import { ProtocolWitness } from './protocol-witness.ts'

const limits = { operationsMax: 3, messagesPerSecond: 1_000, initLengthMax: 200 }
const ids = fc.constantFrom('1', '2', '3', '4', '"quoted"')
const payload = fc.constant({ query: '{ hello }' })

const clientText = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('connection_init') }) },
  { weight: 12, arbitrary: fc.record({ type: fc.constant('subscribe'), id: ids, payload }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('complete'), id: ids }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constantFrom('ping', 'pong'), payload: fc.constant({ a: 1 }) }),
  },
  { weight: 1, arbitrary: fc.json().map(text => ({ raw: text })) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom('next', 'error', 'connection_ack', '?'), id: ids }),
  },
)

/** What can happen to a socket, from either side. `pick` chooses a run that was ever started, ended or not. */
const happening = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('received' as const), message: clientText }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom('next', 'failed', 'completed'), pick: fc.nat() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('initTimedOut', 'binary', 'left', 'close') }) },
)

interface Happening {
  readonly kind: string
  readonly message?: object
  readonly pick?: number
}

function apply(protocol: TransportWsProtocol, what: Happening, run: number): readonly Action[] {
  switch (what.kind) {
    case 'received':
      return protocol.received(
        what.message !== undefined && 'raw' in what.message
          ? String(what.message.raw)
          : JSON.stringify(what.message),
        0,
      )
    case 'acknowledge':
      return protocol.acknowledge()
    case 'next':
      return protocol.next(run, '{"data":null}')
    case 'failed':
      return protocol.failed(run, [{ message: 'no', extensions: { code: 'INTERNAL' } }])
    case 'completed':
      return protocol.completed(run)
    case 'initTimedOut':
      return protocol.initTimedOut()
    case 'binary':
      return protocol.receivedBinary()
    case 'left':
      return protocol.left()
    default:
      return protocol.close(1012, 'restart')
  }
}

test('whatever happens in whatever order, every promise of the protocol holds', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(2, 2, 2, 1, 0),
      fc.array(happening, { maxLength: 60 }),
      (begun, happenings) => {
        const protocol = new TransportWsProtocol(limits, 0)
        const witness = new ProtocolWitness(limits.operationsMax)
        // Most sequences should reach the interesting part.
        const init = { kind: 'received', message: { type: 'connection_init' } }
        const beginning = [init, { kind: 'acknowledge' }].slice(0, begun)
        const all: readonly Happening[] = [...beginning, ...happenings]
        for (const what of all) {
          const run = witness.started[(what.pick ?? 0) % Math.max(1, witness.started.length)] ?? 99
          witness.saw(what.kind, run, apply(protocol, what, run))
          expect(protocol.closed).toBe(witness.over)
        }
        expect(witness.broken).toEqual([])
      },
    ),
    { numRuns: 3_000 },
  )
})

test('no text, however strange, makes the protocol throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })),
      fc.boolean(),
      (text, ready) => {
        const protocol = new TransportWsProtocol(limits, 0)
        if (ready) {
          protocol.received('{"type":"connection_init"}', 0)
          protocol.acknowledge()
        }
        const [action] = protocol.received(text, 0)
        expect(action).toMatchObject({ kind: 'close', code: 4400 })
      },
    ),
    { numRuns: 2_000 },
  )
})

function ready(): TransportWsProtocol {
  const protocol = new TransportWsProtocol(limits, 0)
  protocol.received('{"type":"connection_init"}', 0)
  protocol.acknowledge()
  return protocol
}

const subscribe = (id: unknown): string =>
  JSON.stringify({ type: 'subscribe', id, payload: { query: '{ a }' } })

test('an answer to an operation whose id was used again is dropped', () => {
  const protocol = ready()
  protocol.received(subscribe('a'), 0)
  protocol.received('{"type":"complete","id":"a"}', 0)
  protocol.received(subscribe('a'), 0)
  expect(protocol.next(1, '{}')).toEqual([])
  expect(protocol.next(2, '{}')).toEqual([{ kind: 'send', text: '{"id":"a","type":"next","payload":{}}' }])
})

test.each([
  ['a second connection_init', '{"type":"connection_init"}', 4429],
  ['an id that is a number', subscribe(1), 4400],
  ['an empty id', subscribe(''), 4400],
  ['an id of 129 characters', subscribe('x'.repeat(129)), 4400],
  ['a subscribe without query', '{"type":"subscribe","id":"1","payload":{}}', 4400],
  [
    'variables that are a list',
    '{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}',
    4400,
  ],
  ['a ping with a text as payload', '{"type":"ping","payload":"x"}', 4400],
  ['a message for clients', '{"type":"connection_ack"}', 4400],
  ['a list', '[]', 4400],
])('%s closes the socket', (_name, text, code) => {
  expect(ready().received(text, 0)[0]).toMatchObject({ kind: 'close', code })
})

test('members that are null count as absent', () => {
  const payload = { query: '{ a }', variables: null, operationName: null, extensions: null }
  const text = JSON.stringify({ type: 'subscribe', id: '1', payload })
  expect(ready().received(text, 0)[0]).toMatchObject({ kind: 'start' })
})

test('a burst of twice the rate passes, then only as many messages as the rate allows', () => {
  const protocol = new TransportWsProtocol({ ...limits, messagesPerSecond: 10 }, 0)
  const ping = '{"type":"ping"}'
  for (let index = 0; index < 20; index++) expect(protocol.received(ping, 0)[0]?.kind).toBe('send')
  expect(protocol.received(ping, 100)[0]?.kind).toBe('send')
  expect(protocol.received(ping, 100)[0]).toMatchObject({ kind: 'close', code: 1008 })
})

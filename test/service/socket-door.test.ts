import { expect, test } from 'vitest'
import { socketTarget } from '../../kernel/socket-target.ts'
import type { SubgraphLimits } from '../../subgraphs/service/subgraph-limits.ts'
import { eventually, hopOf, member, signer } from './fixture.ts'
import { type Notes, notes } from './notes.ts'
import { RawSocket } from './raw-socket.ts'

async function open(
  limits: Partial<SubgraphLimits> = {},
): Promise<Notes & { readonly url: string } & AsyncDisposable> {
  const under = notes({ limits })
  const at = await under.service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (at.kind !== 'tcp') throw new Error('it does not listen on TCP')
  return {
    ...under,
    url: `ws://127.0.0.1:${at.port}/graphql`,
    [Symbol.asyncDispose]: () => under.service.close(0),
  }
}

/** What the request for a socket is. */
const upgrade = { audience: 'notes', method: 'GET', path: '/graphql' }

async function connected(url: string, principal = member()): Promise<RawSocket> {
  const socket = new RawSocket(url, signer.headers(hopOf(principal), upgrade))
  await socket.opened()
  socket.send({ type: 'connection_init' })
  await socket.message('connection_ack')
  return socket
}

test('events of a subscription arrive, and completing it lets go of the source', async () => {
  await using under = await open()
  await using socket = await connected(under.url)
  socket.send({ id: 'a', type: 'subscribe', payload: { query: 'subscription { ticks }' } })
  await eventually(() => under.opened() === 1)
  under.push(7)
  expect(await socket.message('next')).toEqual({ id: 'a', type: 'next', payload: { data: { ticks: 7 } } })
  socket.send({ id: 'a', type: 'complete' })
  await eventually(() => under.released() === 1)
})

test('a socket that breaks lets go of all its sources', async () => {
  await using under = await open()
  {
    await using socket = await connected(under.url)
    for (const id of ['a', 'b']) {
      socket.send({ id, type: 'subscribe', payload: { query: 'subscription { ticks }' } })
    }
    await eventually(() => under.opened() === 2)
    expect(under.released()).toBe(0)
  }
  await eventually(() => under.released() === 2)
})

test('a query runs over the socket for its principal', async () => {
  await using under = await open()
  await using socket = await connected(under.url)
  socket.send({ id: 'a', type: 'subscribe', payload: { query: '{ whoami refuse }' } })
  expect(await socket.message('next')).toMatchObject({
    payload: { data: { whoami: member().actorId }, errors: [{ extensions: { code: 'NOT_FOUND' } }] },
  })
  await socket.message('complete', 'a')
})

test('an operation that carries a hop of its own runs for that principal, and only if it is ours', async () => {
  await using under = await open()
  await using socket = await connected(under.url)
  const other = member([], { actorId: 'user_0000000000000000000000000b' })
  const payload = { query: '{ whoami }' }
  socket.send({
    id: 'a',
    type: 'subscribe',
    payload: {
      ...payload,
      extensions: { hop: signer.headers(hopOf(other), socketTarget('notes', payload)) },
    },
  })
  expect(await socket.message('next', 'a')).toMatchObject({ payload: { data: { whoami: other.actorId } } })
  for (const [id, hop] of Object.entries({ b: {}, c: 'x', d: { 'x-ennead-assertion': 'a.b' }, e: null })) {
    socket.send({ id, type: 'subscribe', payload: { ...payload, extensions: { hop } } })
    expect(await socket.message('error', id)).toMatchObject({
      payload: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    })
  }
})

test('an error in one operation leaves the others of the socket alone', async () => {
  await using under = await open()
  await using socket = await connected(under.url)
  socket.send({ id: 'good', type: 'subscribe', payload: { query: 'subscription { ticks }' } })
  await eventually(() => under.opened() === 1)
  socket.send({ id: 'syntax', type: 'subscribe', payload: { query: '{' } })
  socket.send({ id: 'schema', type: 'subscribe', payload: { query: '{ nothing }' } })
  socket.send({ id: 'name', type: 'subscribe', payload: { query: 'query A { hello }', operationName: 'B' } })
  expect(await socket.message('error', 'syntax')).toMatchObject({
    payload: [{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }],
  })
  expect(await socket.message('error', 'schema')).toMatchObject({
    payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
  })
  expect(await socket.message('error', 'name')).toMatchObject({
    payload: [{ extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } }],
  })
  under.push(1)
  await socket.message('next', 'good')
  expect(socket.closed).toBeUndefined()
})

test('strangers and other paths are turned away before the upgrade', async () => {
  await using under = await open()
  await using stranger = new RawSocket(under.url, {})
  expect(await stranger.opened()).toBe(401)
  await using lost = new RawSocket(
    under.url.replace('/graphql', '/other'),
    signer.headers(hopOf(member()), upgrade),
  )
  expect(await lost.opened()).toBe(404)
})

test('the protocol is kept: unknown sub-protocol, no init, two inits, nonsense', async () => {
  await using under = await open()
  await using early = new RawSocket(under.url, signer.headers(hopOf(member()), upgrade))
  await early.opened()
  early.send({ id: 'a', type: 'subscribe', payload: { query: '{ hello }' } })
  expect(await early.closeCode()).toBe(4401)
  await using twice = await connected(under.url)
  twice.send({ type: 'connection_init' })
  expect(await twice.closeCode()).toBe(4429)
  await using nonsense = await connected(under.url)
  nonsense.sendText('{')
  expect(await nonsense.closeCode()).toBe(4400)
})

test('one socket carries only so many operations, and only messages of a size', async () => {
  await using under = await open({ operationsMax: 2, bodyBytesMax: 10_000 })
  await using socket = await connected(under.url)
  for (const id of ['a', 'b', 'c']) {
    socket.send({ id, type: 'subscribe', payload: { query: 'subscription { ticks }' } })
  }
  expect(await socket.message('error', 'c')).toMatchObject({
    payload: [{ extensions: { code: 'OVERLOADED' } }],
  })
  expect(under.opened()).toBe(2)
  socket.sendText('x'.repeat(20_000))
  expect(await socket.closeCode()).toBe(1009)
})

test('a query that takes too long over a socket ends with its deadline', async () => {
  await using under = await open({ operationMs: 30 })
  await using socket = await connected(under.url)
  socket.send({ id: 'a', type: 'subscribe', payload: { query: '{ hang }' } })
  expect(await socket.message('next', 'a')).toMatchObject({
    payload: { errors: [{ extensions: { code: 'DEADLINE_EXCEEDED' } }] },
  })
  expect(under.hung()).toBe(0)
})

test('closing says 1001 to sockets', async () => {
  await using under = await open()
  await using socket = await connected(under.url)
  await under.service.close()
  expect(await socket.closeCode()).toBe(1001)
})

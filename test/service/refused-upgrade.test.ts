import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import type { Subgraph, SubgraphResponse } from '../../gateway/execution/subgraph.ts'
import { HopSigner } from '../../kernel/hop-signer.ts'
import type { Principal } from '../../kernel/principal.ts'
import { contextForTest } from '../support/federated.ts'
import { member, signer } from './fixture.ts'
import { notes } from './notes.ts'

async function firstOf(subgraph: Subgraph, principal?: Principal): Promise<SubgraphResponse> {
  const events = subgraph.subscribe({ query: 'subscription { ticks }' }, contextForTest({ principal }))
  const first = await events.next()
  if (first.done === true) throw new Error('the stream ended without a word')
  expect(await events.next()).toEqual({ done: true, value: undefined })
  return first.value
}

test('a subgraph that opens no socket for a caller says why, and the gateway hands that on', async () => {
  const under = notes()
  const at = await under.service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (at.kind !== 'tcp') throw new Error('it does not listen on TCP')
  const url = `http://127.0.0.1:${at.port}/graphql`
  const ours = httpSubgraph({ name: 'notes', url, signer })
  const stranger = httpSubgraph({ name: 'notes', url, signer: new HopSigner(Buffer.alloc(32, 3)) })
  const late = member([], { expiresAt: Math.floor(Date.now() / 1_000) - 60 })
  expect(await firstOf(ours, late)).toMatchObject({
    errors: [{ message: 'the sign-in has ended; sign in again', extensions: { code: 'UNAUTHENTICATED' } }],
  })
  expect(await firstOf(stranger, member())).toMatchObject({
    errors: [
      {
        message: expect.stringContaining('only answers the gateway'),
        extensions: { code: 'UNAUTHENTICATED' },
      },
    ],
  })
  await Promise.all([ours.close(), stranger.close()])
  await under.service.close(0)
})

test.each([
  [401, 'UNAUTHENTICATED'],
  [403, 'FORBIDDEN'],
])('an upgrade refused with %i by a subgraph of anybody is %s, asked once', async (status, code) => {
  let asked = 0
  const server = createServer().on('upgrade', (_request, socket) => {
    asked++
    socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 4\r\n\r\n<h1>`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP.
  const subgraph = httpSubgraph({ name: 'stock', url: `http://127.0.0.1:${port}/graphql` })
  const message = `subgraph "stock" refuses this subscription with status ${status}`
  expect(await firstOf(subgraph)).toEqual({ data: null, errors: [{ message, extensions: { code } }] })
  expect(asked).toBe(1)
  await subgraph.close()
  server.close()
})

test('an upgrade that fails otherwise is a subgraph that cannot be reached', async () => {
  const server = createServer().on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 503 Away\r\ncontent-length: 0\r\n\r\n')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP.
  const subgraph = httpSubgraph({ name: 'stock', url: `http://127.0.0.1:${port}/graphql` })
  await expect(firstOf(subgraph)).rejects.toMatchObject({ code: 'SUBGRAPH_UNREACHABLE' })
  await subgraph.close()
  server.close()
})

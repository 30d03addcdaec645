import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { silentLog } from '../../kernel/log.ts'
import type { Sighting } from '../../kernel/sightings/sighting.ts'
import { createSubgraphService } from '../../subgraphs/service/create-subgraph-service.ts'
import { eventually, hopOf, member, ready, signer } from './fixture.ts'

const typeDefs = `
  type Query { hello: String! }
  type UserError { code: String! }
  type Payload { ok: Boolean errors: [UserError!]! }
  type Mutation { erase: Payload! lose: Payload! keep: Payload! }
`

function watched(): { service: ReturnType<typeof createSubgraphService>; seen: Sighting[] } {
  const seen: Sighting[] = []
  const service = createSubgraphService({
    name: 'notes',
    typeDefs,
    signer,
    sight: sighting => seen.push(sighting),
    log: silentLog,
    health: () => ready,
    context: () => ({}),
    resolvers: {
      Query: { hello: () => 'hello' },
      Mutation: {
        erase: () => ({ errors: [{ code: 'FORBIDDEN' }] }),
        lose: () => ({ errors: [{ code: 'NOT_FOUND' }] }),
        keep: async () => ({ ok: true, errors: [] }),
      },
    },
  })
  return { service, seen }
}

test('a stranger is told of once, by HTTP and by WebSocket, whatever is wrong; our own are not', async () => {
  const { service, seen } = watched()
  const at = await service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (at.kind !== 'tcp') throw new Error('it does not listen on TCP')
  const url = `http://127.0.0.1:${at.port}/graphql`
  const body = JSON.stringify({ query: '{ hello }' })
  const ask = async (headers: Record<string, string>, text = body): Promise<number> =>
    (
      await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: text,
      })
    ).status
  const signed = (): Record<string, string> =>
    signer.headers(hopOf(member()), { audience: 'notes', method: 'POST', path: '/graphql', body })
  const stranger = { kind: 'hopRefused', subgraph: 'notes', address: '127.0.0.1' }

  const first = signed()
  expect(await ask(first)).toBe(200)
  expect(seen).toEqual([])
  // Unsigned, a second time, and with another body.
  expect([await ask({}), await ask(first), await ask(signed(), body.replace('hello', 'hallo'))]).toEqual([
    401, 401, 401,
  ])
  expect(seen).toEqual([stranger, stranger, stranger])
  const socket = new WebSocket(url.replace('http', 'ws'), ['graphql-transport-ws'])
  socket.on('error', () => undefined)
  await eventually(() => seen.length === 4)
  expect(seen[3]).toEqual(stranger)
  await service.close(0)
})

test('what a mutation forbids its caller is told of, whether or not its errors are asked for', async () => {
  const { service, seen } = watched()
  const { actorId, workspaceId } = member()
  const hop = { ...hopOf(member()), address: '192.0.2.7' }
  expect(await service.execute({ query: 'mutation { erase { ok } lose { ok } keep { ok } }' }, hop)).toEqual({
    data: { erase: { ok: null }, lose: { ok: null }, keep: { ok: true } },
  })
  expect(seen).toEqual([{ kind: 'forbidden', address: '192.0.2.7', actorId, workspaceId, keyId: undefined }])
  await service.close(0)
})

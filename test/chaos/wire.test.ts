import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { silentLog } from '../../kernel/log.ts'
import { newGlobalId } from '../../kernel/global-id.ts'
import { createApiService } from '../../subgraphs/api/service.ts'
import { openApiDomain } from '../../subgraphs/api/domain.ts'
import { readFileSync } from 'node:fs'
import type { SubgraphAnswer } from '../../subgraphs/service/subgraph-service.ts'
import { cursorKey, workspaceId } from '../api/little-api.ts'
import { Faults, LittleLog, littleDb } from '../api/little-db.ts'
import { hopOf, member, signer } from '../service/fixture.ts'

/** An api subgraph whose every way to db goes over a wire that can be disturbed. */
interface Wired extends AsyncDisposable {
  readonly wire: TcpProxy
  readonly log: LittleLog
  /** Whether an object of db exists. */
  exists(id: string): Promise<SubgraphAnswer>
}

async function wired(): Promise<Wired> {
  const log = new LittleLog()
  const db = littleDb(log, new Faults())
  const address = await db.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (address.kind !== 'tcp') throw new Error('db was to listen on TCP')
  const wire = await openTcpProxy('127.0.0.1', address.port)
  const domain = await openApiDomain({
    db: { kind: 'tcp', url: `http://127.0.0.1:${wire.port}` },
    signer,
    cursorKey,
    baseUrl: () => 'https://tasks.example.org',
    actors: { known: () => Promise.resolve(new Set()) },
    attemptMs: 200,
    timeoutMs: 800,
  })
  const typeDefs = readFileSync(new URL('../../schema/api.graphql', import.meta.url), 'utf8')
  const service = createApiService(domain, { typeDefs, signer, log: silentLog })
  const query = 'query ($id: ID!) { node(id: $id) { id } }'
  return {
    wire,
    log,
    exists: id => service.execute({ query, variables: { id } }, hopOf(member())),
    async [Symbol.asyncDispose]() {
      await service.close()
      await domain.close()
      await wire[Symbol.asyncDispose]()
      await db.close(0)
    },
  }
}

function someTask(log: LittleLog): string {
  const id = newGlobalId('Task')
  log.objects.set(id, workspaceId)
  return id
}

test('a slow wire makes answers late, not wrong', async () => {
  await using api = await wired()
  const id = someTask(api.log)
  api.wire.suffer({ is: 'delay', ms: 20 })
  expect(await api.exists(id)).toMatchObject({ data: { node: { id } } })
})

test('a wire that swallows everything ends in a coded error in time, and in answers when it carries again', async () => {
  await using api = await wired()
  const id = someTask(api.log)
  expect(await api.exists(id)).toMatchObject({ data: { node: { id } } })
  api.wire.suffer({ is: 'stall' })
  const startedAt = performance.now()
  const answer = await api.exists(id)
  expect(answer.errors?.[0]?.extensions?.['code']).toMatch(/^(UNAVAILABLE|DEADLINE_EXCEEDED)$/)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
  api.wire.suffer({ is: 'none' })
  api.wire.reset()
  await expect
    .poll(async () => (await api.exists(id)).data, { timeout: 10_000 })
    .toMatchObject({ node: { id } })
})

test.each(['cut', 'reset'] as const)('connections that are %s between questions are made anew', async how => {
  await using api = await wired()
  const id = someTask(api.log)
  for (let round = 0; round < 5; round++) {
    await expect
      .poll(async () => (await api.exists(id)).data, { timeout: 10_000 })
      .toMatchObject({ node: { id } })
    api.wire[how]()
  }
})

test('the proxy passes on what it is given, also after one side has ended', async () => {
  await using echo = await echoServer()
  await using proxy = await openTcpProxy('127.0.0.1', echo.port)
  const response = await fetch(`http://127.0.0.1:${proxy.port}/`)
  expect(await response.text()).toBe('hello')
})

async function echoServer(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.once('data', () =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello'),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

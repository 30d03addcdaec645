import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { silentLog } from '../../kernel/log.ts'
import { demoGateway } from '../support/demo-gateway.ts'
import { federated } from '../support/federated.ts'

interface Door extends AsyncDisposable {
  readonly url: string
}

/** The engine of the product, with `{ a }` compiled. */
async function compiledGateway(): Promise<Door> {
  const sdl = 'type Query { a: Int } type Mutation { a: Int }'
  const { engine, ask } = federated({ a: { sdl } }, { compiledAfter: 1 })
  const address = { host: '127.0.0.1', port: 0 }
  const server = await startGatewayServer({ engine, address, log: silentLog })
  for (let asked = 0; asked < 2; asked++) await ask('{ a }')
  expect(engine.isCompiled?.(await engine.prepare({ query: '{ a }' }))).toBe(true)
  return { url: server.url, [Symbol.asyncDispose]: () => server.close(0) }
}

/** Asks for a field where the audits ask for `__typename`, which needs no subgraph and so is never compiled. */
function fetchField(url: string, { body, ...init }: RequestInit = {}): Promise<Response> {
  const sent = typeof body === 'string' ? { body: body.replaceAll('__typename', 'a') } : {}
  return fetch(url.replaceAll('__typename', 'a'), { ...init, ...sent })
}

test('graphql-http knows 61 audits', () => {
  expect(serverAudits({ url: '' })).toHaveLength(61)
})

describe.each([
  ['a schema of its own', demoGateway, fetch],
  ['compiled queries', compiledGateway, fetchField],
] as const)('a gateway with %s', (_, open, fetchFn) => {
  let gateway: Door
  beforeAll(async () => {
    gateway = await open()
  })
  afterAll(() => gateway[Symbol.asyncDispose]())

  test.each(serverAudits({ url: () => gateway.url, fetchFn }))('audit $id: $name', async audit => {
    const result = await audit.fn()
    expect({ status: result.status, reason: 'reason' in result ? result.reason : undefined }).toEqual({
      status: 'ok',
      reason: undefined,
    })
  })
})

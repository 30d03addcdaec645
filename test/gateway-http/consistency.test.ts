import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { SubgraphContext } from '../../gateway/execution/subgraph.ts'
import type { GatewayServer } from '../../gateway/http/gateway-server.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { silentLog } from '../../kernel/log.ts'
import { type RunningSubgraph, federated } from '../support/federated.ts'

const definitions = {
  people: { sdl: 'type Query { name: String }  type Mutation { rename: String }' },
  files: { sdl: 'type Query { size: Int }' },
  plain: { sdl: 'type Query { plain: String }' },
}
const { engine, subgraph } = federated(definitions, { compiledAfter: 0 })
const [people, files, plain] = [subgraph('people'), subgraph('files'), subgraph('plain')]
let server: GatewayServer
let asked: SubgraphContext[] = []

function answers(who: RunningSubgraph, data: object, session?: string): void {
  who.intercept = async (_request, context) => {
    asked.push(context)
    const tells = session !== undefined && context.consistency?.level === 'session'
    return { data, ...(tells ? { extensions: { ennead: { session } } } : {}) }
  }
}

beforeAll(async () => {
  const address = { host: '127.0.0.1', port: 0 }
  server = await startGatewayServer({
    engine,
    log: silentLog,
    address,
    origins: ['https://page.example'],
    limits: { requestTimeoutMs: 60_000 },
  })
})

afterAll(async () => {
  await server.close(0)
  await engine.close()
})

beforeEach(() => {
  answers(people, { name: 'Ada' }, 'db=e:7')
  answers(files, { size: 3 }, 'files=f:2+')
  answers(plain, { plain: 'plain' })
  asked = []
})

async function post(query: string, headers: Record<string, string> = {}, extensions?: object) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, ...(extensions === undefined ? {} : { extensions }) }),
  })
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
}

const wishes = (): unknown[] => asked.map(({ consistency }) => consistency)

test('a session goes to every subgraph as it came, and its answer says where it has come to in each of them', async () => {
  const sent = { level: 'session', session: 'db=e:5,other=o:1' }
  const expected = {
    data: { name: 'Ada', size: 3, plain: 'plain' },
    extensions: { ennead: { session: 'db=e:7,other=o:1,files=f:2+' } },
  }
  const query = '{ name size plain }'
  const byHeader = await post(query, { 'ennead-session': sent.session })
  const inRequest = await post(query, {}, { ennead: { session: sent.session } })
  for (const { status, answer } of [byHeader, inRequest]) expect([status, answer]).toEqual([200, expected])
  expect(wishes()).toEqual(Array.from({ length: 6 }, () => sent))
})

test('who asks for no session is told none, and a query that was compiled tells it who does', async () => {
  for (let time = 0; time < 3; time++)
    expect((await post('{ name }')).answer).toEqual({ data: { name: 'Ada' } })
  expect(wishes()).toEqual([undefined, undefined, undefined])
  expect((await post('{ name }', { 'ennead-consistency': 'strong' })).answer).toEqual({
    data: { name: 'Ada' },
  })
  expect(wishes().at(-1)).toEqual({ level: 'strong' })
  expect((await post('{ name }', { 'ennead-consistency': 'session' })).answer).toEqual({
    data: { name: 'Ada' },
    extensions: { ennead: { session: 'db=e:7' } },
  })
})

test('a strong read does not wait for the answer of one that began before it', async () => {
  let release = (): void => undefined
  const held = new Promise<void>(resolve => (release = resolve))
  const begun = Promise.withResolvers<void>()
  people.intercept = async (_request, { consistency }) => {
    if (consistency !== undefined) return { data: { name: 'new' } }
    begun.resolve()
    await held
    return { data: { name: 'old' } }
  }
  const first = post('{ name }')
  await begun.promise
  expect((await post('{ name }', { 'ennead-consistency': 'strong' })).answer).toEqual({
    data: { name: 'new' },
  })
  release()
  expect((await first).answer).toEqual({ data: { name: 'old' } })
})

test('over a socket each operation says what it must show', async () => {
  const client = createClient({
    url: server.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  })
  const run = async (ennead?: object) => {
    const payload = { query: '{ name }', ...(ennead === undefined ? {} : { extensions: { ennead } }) }
    for await (const answer of client.iterate(payload)) return answer
    return undefined
  }
  expect(await run({ session: 'db=e:5' })).toEqual({
    data: { name: 'Ada' },
    extensions: { ennead: { session: 'db=e:7' } },
  })
  expect(await run()).toEqual({ data: { name: 'Ada' } })
  expect(wishes()).toEqual([{ level: 'session', session: 'db=e:5' }, undefined])
  await client.dispose()
})

test('what is no token, or no level, is refused before any subgraph is asked', async () => {
  const wrong = [
    [{ 'ennead-session': 'db' }, undefined, 'ennead-session must be'],
    [{ 'ennead-consistency': 'eventual' }, undefined, 'ennead-consistency must be'],
    [{}, { ennead: { session: 5 } }, 'extensions.ennead.session must be'],
  ] as const
  for (const [headers, extensions, says] of wrong) {
    const { status, answer } = await post('{ name }', headers, extensions)
    expect(status).toBe(400)
    expect(answer).toEqual({
      errors: [{ message: expect.stringContaining(says), extensions: { code: 'BAD_REQUEST' } }],
    })
  }
  expect(asked).toEqual([])
})

test('pages of other origins may send both headers', async () => {
  const preflight = await fetch(server.url, {
    method: 'OPTIONS',
    headers: { origin: 'https://page.example' },
  })
  const allowed = preflight.headers.get('access-control-allow-headers')
  expect(allowed).toContain('ennead-consistency')
  expect(allowed).toContain('ennead-session')
})

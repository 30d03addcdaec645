import { buildSchema } from 'graphql'
import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/log.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { demoGateway } from '../support/demo-gateway.ts'
import type { DemoGateway } from '../support/demo-gateway.ts'
import { rawExchange } from '../support/raw-http.ts'
import { schemaEngine } from '../support/schema-engine.ts'
import { until } from '../support/until.ts'

const json = { 'content-type': 'application/json' }

async function ask(
  gateway: DemoGateway,
  query: string,
  headers: Record<string, string> = {},
  init: RequestInit = {},
) {
  const body = JSON.stringify({ query })
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { ...json, ...headers },
    body,
    ...init,
  })
  // The shape of every answer, checked by the assertions on it.
  const answer = (await response.json()) as {
    data?: unknown
    errors?: { extensions: { code: string; errorId?: string } }[]
  }
  return {
    status: response.status,
    headers: response.headers,
    ...answer,
    code: answer.errors?.[0]?.extensions.code,
  }
}

test('a bearer token becomes the principal of the request; without one it is anonymous', async () => {
  await using gateway = await demoGateway()
  expect(await ask(gateway, '{ viewer }', { authorization: 'Bearer alice' })).toMatchObject({
    data: { viewer: 'alice' },
  })
  expect(await ask(gateway, '{ viewer }')).toMatchObject({ data: { viewer: null } })
})

test('a credential that is not valid is answered 401 with one text, before anything is run', async () => {
  await using gateway = await demoGateway()
  for (const authorization of ['Bearer mallory', 'Bearer', 'Basic YTpi', `Bearer ${'x'.repeat(9_000)}`]) {
    const answer = await ask(gateway, '{ viewer }', { authorization })
    expect(answer).toMatchObject({
      status: 401,
      code: 'UNAUTHENTICATED',
      errors: [{ message: 'the credential is not valid' }],
    })
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /)
    expect(answer.data).toBeUndefined()
  }
})

test('a credential that cannot be checked is answered 503, never as anonymous, and names no host', async () => {
  await using gateway = await demoGateway()
  const answer = await ask(gateway, '{ viewer }', { authorization: 'Bearer down' })
  expect(answer).toMatchObject({ status: 503, code: 'UNAVAILABLE' })
  expect(JSON.stringify(answer.errors)).not.toContain('10.0.0.7')
  expect(answer.headers.get('retry-after')).toBe('1')
})

test('without an authority the credential is only forwarded', async () => {
  await using gateway = await demoGateway({ identify: undefined })
  const { data } = await ask(gateway, '{ viewer headers }', { authorization: 'Bearer x', cookie: 'a=b' })
  expect(data).toEqual({ viewer: null, headers: '{"authorization":"Bearer x"}' })
})

test('only headers on the allow-list are forwarded', async () => {
  await using gateway = await demoGateway({ forwardHeaders: ['x-team'] })
  const { data } = await ask(gateway, '{ headers }', { 'x-team': 'red', 'x-other': 'blue' })
  expect(data).toEqual({ headers: '{"x-team":"red"}' })
})

test('a query that takes longer than its time is answered DEADLINE_EXCEEDED, and its work is given up', async () => {
  await using gateway = await demoGateway({ limits: { requestTimeoutMs: 60 } })
  const partial = await ask(gateway, '{ slow(ms: 20000) hello }')
  expect(partial).toMatchObject({
    status: 200,
    data: { slow: null, hello: 'Hello world' },
    code: 'DEADLINE_EXCEEDED',
  })
  expect(gateway.work.abandoned).toBe(1)
  expect(await ask(gateway, '{ stuck }')).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' })
})

test('an engine that does not come back from planning is left at the deadline', async () => {
  const engine = {
    ...schemaEngine(buildSchema('type Query { a: Int }')),
    prepare: () => new Promise<never>(() => undefined),
  }
  await using gateway = await demoGateway({ engine, limits: { requestTimeoutMs: 60 } })
  expect(await ask(gateway, '{ a }')).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' })
})

test('an engine that breaks its promises is masked, and the log has the truth under the errorId', async () => {
  const engine = {
    ...schemaEngine(buildSchema('type Query { a: Int }')),
    execute: () => Promise.reject(new Error('password hunter2')),
  }
  await using gateway = await demoGateway({ engine })
  const answer = await ask(gateway, '{ a }')
  expect(answer).toMatchObject({ status: 500, code: 'INTERNAL' })
  expect(JSON.stringify(answer.errors)).not.toContain('hunter2')
  const errorId = answer.errors?.[0]?.extensions.errorId ?? 'none'
  expect(gateway.lines.filter(line => line.includes(errorId) && line.includes('hunter2'))).toHaveLength(1)
})

test('a mutation gets more time than a query', async () => {
  await using gateway = await demoGateway({ limits: { requestTimeoutMs: 60, mutationTimeoutMs: 5_000 } })
  expect(await ask(gateway, 'mutation { slowAdd(ms: 150) }')).toMatchObject({ data: { slowAdd: 1 } })
})

test('a client that leaves ends the work of its request', async () => {
  await using gateway = await demoGateway({ limits: { requestTimeoutMs: 20_000 } })
  const leaving = new AbortController()
  const request = ask(gateway, '{ slow(ms: 20000) }', {}, { signal: leaving.signal })
  await until('the request runs', () => gateway.work.started === 1)
  leaving.abort()
  await expect(request).rejects.toThrow('aborted')
  await until('the work is given up', () => gateway.work.abandoned === 1)
})

test('a request id is kept when it is harmless, made otherwise, and returned', async () => {
  await using gateway = await demoGateway()
  expect((await ask(gateway, '{ hello }', { 'x-request-id': 'req-17' })).headers.get('x-request-id')).toBe(
    'req-17',
  )
  const made = (await ask(gateway, '{ hello }', { 'x-request-id': 'a b' })).headers.get('x-request-id')
  expect(made).toMatch(/^[0-9a-f-]{36}$/)
  expect(gateway.lines.filter(line => line.includes('"requestId":"req-17"'))).toHaveLength(1)
})

test('an allowed origin may read answers and preflight, another may not', async () => {
  await using gateway = await demoGateway({ origins: ['https://app.example'] })
  const preflight = (origin: string) => fetch(gateway.url, { method: 'OPTIONS', headers: { origin } })
  const allowed = await preflight('https://app.example')
  expect(allowed.status).toBe(204)
  expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example')
  expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization')
  expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
  const answer = await ask(gateway, '{ hello }', { origin: 'https://app.example' })
  expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example')
})

test('health says live and ready, adds what it is given, and is 503 when that is not ready', async () => {
  let ready = true
  await using gateway = await demoGateway({ health: () => Promise.resolve({ ready, domains: ['db'] }) })
  const base = new URL(gateway.url).origin
  expect((await fetch(`${base}/health/live`)).status).toBe(200)
  const yes = await fetch(`${base}/health/ready`)
  expect(yes.status).toBe(200)
  expect(await yes.json()).toMatchObject({ ready: true, domains: ['db'], gateway: { ready: true } })
  ready = false
  expect((await fetch(`${base}/health/ready`)).status).toBe(503)
  expect((await fetch(`${base}/nothing`)).status).toBe(404)
  expect((await fetch(`${base}/health/ready`, { method: 'POST' })).status).toBe(405)
})

test('a browser at / is led to GraphiQL, others get 404 JSON', async () => {
  await using gateway = await demoGateway()
  const base = new URL(gateway.url).origin
  const browser = await fetch(base, { headers: { accept: 'text/html,*/*;q=0.8' }, redirect: 'manual' })
  expect([browser.status, browser.headers.get('location')]).toEqual([302, '/graphql'])
  const other = await fetch(base)
  expect([other.status, await other.json()]).toEqual([
    404,
    { errors: [{ message: 'there is nothing at this address', extensions: { code: 'NOT_FOUND' } }] },
  ])
})

test('a taken port is one clear error', async () => {
  await using gateway = await demoGateway()
  const second = startGatewayServer({
    engine: gateway.engine,
    address: gateway.server.address,
    log: silentLog,
  })
  const failure = await second.catch((failure: unknown) => failure)
  expect(failure).toBeInstanceOf(EnneadError)
  expect(failure).toMatchObject({ code: 'PORT_TAKEN' })
  expect(String(failure)).toContain(`port ${gateway.server.address.port} on 127.0.0.1 is in use`)
})

test('wrong options are refused with their name and value', async () => {
  const gateway = (limits: object) => demoGateway({ limits }).catch((failure: unknown) => String(failure))
  expect(await gateway({ requestTimeoutMs: 0 })).toContain(
    'limits.requestTimeoutMs must be an integer >= 1, got 0',
  )
  await expect(demoGateway({ origins: ['app.example/x'] })).rejects.toThrow('got "app.example/x"')
  await expect(demoGateway({ forwardHeaders: ['host'] })).rejects.toThrow('must not contain "host"')
  await expect(demoGateway({ address: { host: 'h', port: 70_000 } })).rejects.toThrow('got 70000')
})

test('closing lets a running request end and refuses new ones', async () => {
  const gateway = await demoGateway({ limits: { requestTimeoutMs: 5_000 } })
  const running = ask(gateway, '{ slow(ms: 200) }')
  const idle = await ask(gateway, '{ hello }')
  expect(idle.status).toBe(200)
  const closing = gateway.server.close(5_000)
  expect(await running).toMatchObject({ data: { slow: 'done' } })
  await closing
  await expect(ask(gateway, '{ hello }')).rejects.toThrow('fetch failed')
})

test('closing cuts off what does not end within its time', async () => {
  const gateway = await demoGateway({ limits: { requestTimeoutMs: 20_000 } })
  const running = ask(gateway, '{ stuck }').catch((failure: unknown) => String(failure))
  await ask(gateway, '{ hello }')
  const startedAt = performance.now()
  await gateway.server.close(100)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
  expect(await running).toContain('fetch failed')
})

test('a client that asks for HTTP/2 by upgrade, as curl --http2 does, is answered over HTTP/1.1', async () => {
  await using gateway = await demoGateway()
  const answer = await rawExchange(gateway.server.address.port, [
    'GET /graphql?query={hello} HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, HTTP2-Settings, close\r\n' +
      'upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n',
  ])
  expect(answer).toMatch(/^HTTP\/1.1 200 /)
  expect(answer).toContain('{"data":{"hello":"Hello world"}}')
})

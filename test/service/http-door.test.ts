import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { expect, test } from 'vitest'
import { HopSigner } from '../../kernel/hop-signer.ts'
import type { HopTarget } from '../../kernel/hop-signer.ts'
import type { SubgraphLimits } from '../../subgraphs/service/subgraph-limits.ts'
import { eventually, hopOf, member, memoryLog, secret, signer } from './fixture.ts'
import { type Notes, notes } from './notes.ts'

interface Open extends Notes, AsyncDisposable {
  readonly url: string
  readonly lines: readonly string[]
  ask(
    body: unknown,
    headersFor?: (text: string) => Record<string, string>,
  ): Promise<{ status: number; body: Record<string, unknown> }>
}

async function open(
  changes: { readonly ready?: boolean; readonly limits?: Partial<SubgraphLimits> } = {},
): Promise<Open> {
  const { log, lines } = memoryLog()
  const under = notes({ log, ...changes })
  const at = await under.service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (at.kind !== 'tcp') throw new Error('it does not listen on TCP')
  const url = `http://127.0.0.1:${at.port}`
  return {
    ...under,
    url,
    lines,
    async ask(body, headersFor = text => signed({ body: text })) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headersFor(text) },
        body: text,
      })
      // Every answer of the door is a JSON object.
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    [Symbol.asyncDispose]: () => under.service.close(0),
  }
}

function signed(target: Partial<HopTarget>, by = signer, hop = hopOf(member())): Record<string, string> {
  return by.headers(hop, { audience: 'notes', method: 'POST', path: '/graphql', ...target })
}

const hello = { query: '{ hello whoami }' }

test('a signed request is answered like a function call', async () => {
  await using under = await open()
  const direct = await under.service.execute(hello, hopOf(member()))
  expect(direct).toEqual({ data: { hello: 'hello', whoami: member().actorId } })
  expect(await under.ask(hello)).toEqual({ status: 200, body: direct })
})

test('strangers get 401 with one text, whatever is wrong with their assertion', async () => {
  await using under = await open()
  const old = new HopSigner(randomBytes(32))
  const { 'x-ennead-assertion': assertion = '' } = signed({ body: JSON.stringify(hello) })
  const bodies = new Set<string>()
  for (const forged of [
    undefined,
    '',
    'a.b',
    'a.b.c',
    `${assertion}x`,
    assertion.replace('.', ''),
    signed({ body: JSON.stringify(hello) }, old)['x-ennead-assertion'],
  ]) {
    const answer = await under.ask(hello, () =>
      forged === undefined ? {} : { 'x-ennead-assertion': forged },
    )
    expect(answer.status).toBe(401)
    bodies.add(JSON.stringify(answer.body))
  }
  expect(bodies.size).toBe(1)
  expect([...bodies][0]).toContain('"code":"UNAUTHENTICATED"')
})

test('an assertion that is 31 seconds old or whose sign-in has ended is refused', async () => {
  await using under = await open()
  const late = new HopSigner(secret, { wall: () => Date.now() - 31_000 })
  expect((await under.ask(hello, body => signed({ body }, late))).status).toBe(401)
  const timely = new HopSigner(secret, { wall: () => Date.now() - 25_000 })
  expect((await under.ask(hello, body => signed({ body }, timely))).status).toBe(200)
  const ended = hopOf(member([], { expiresAt: Math.floor(Date.now() / 1000) - 1 }))
  expect((await under.ask(hello, body => signed({ body }, signer, ended))).status).toBe(401)
})

test('introspection is for our own only', async () => {
  await using under = await open()
  const query = { query: '{ _service { sdl } __schema { queryType { name } } }' }
  expect((await under.ask(query, () => ({}))).status).toBe(401)
  expect((await under.ask(query)).body).toMatchObject({
    data: { __schema: { queryType: { name: 'Query' } } },
  })
})

test('bodies that are no GraphQL request are refused as JSON', async () => {
  await using under = await open()
  for (const body of ['{', 'null', '[]', '"text"', '{"query": 1}', '{}', '']) {
    const answer = await under.ask(body)
    expect([body, answer.status]).toEqual([body, 400])
    expect(JSON.stringify(answer.body)).toContain('"code":"BAD_REQUEST"')
  }
})

test('a body above the limit is 413, another content type 415', async () => {
  await using under = await open({ limits: { bodyBytesMax: 1_000 } })
  const answer = await under.ask({ query: '{ hello }', extensions: { padding: 'x'.repeat(2_000) } })
  expect(answer).toMatchObject({
    status: 413,
    body: { errors: [{ extensions: { code: 'BODY_TOO_LARGE' } }] },
  })
  const response = await fetch(`${under.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml', ...signed({ body: '<query/>' }) },
    body: '<query/>',
  })
  expect(response.status).toBe(415)
})

test('health needs no sign-in and tells what is ready', async () => {
  await using under = await open()
  const live = await fetch(`${under.url}/health/live`)
  expect([live.status, await live.json()]).toEqual([200, { status: 'live' }])
  const ready = await fetch(`${under.url}/health/ready`)
  expect([ready.status, await ready.json()]).toEqual([200, under.service.health()])
  await using failing = await open({ ready: false })
  const unready = await fetch(`${failing.url}/health/ready`)
  expect([unready.status, await unready.json()]).toEqual([503, failing.service.health()])
})

test("a domain's own routes know who calls, and strangers and crashes get JSON without secrets", async () => {
  await using under = await open()
  const me = await fetch(`${under.url}/v1/me`, { headers: signed({ method: 'GET', path: '/v1/me' }) })
  expect(await me.json()).toMatchObject({ principal: { actorId: member().actorId } })
  expect((await fetch(`${under.url}/v1/me`)).status).toBe(401)
  const crash = await fetch(`${under.url}/v1/crash`, {
    headers: signed({ method: 'GET', path: '/v1/crash' }),
  })
  expect(crash.status).toBe(500)
  const text = await crash.text()
  expect(text).not.toContain('hunter2')
  const { errorId } = (JSON.parse(text) as { errors: [{ extensions: { errorId: string } }] }).errors[0]
    .extensions
  expect(under.lines.find(line => line.includes(errorId))).toContain('hunter2')
  const nowhere = await fetch(`${under.url}/nowhere`)
  expect([nowhere.status, await nowhere.json()]).toMatchObject([
    404,
    { errors: [{ extensions: { code: 'NOT_FOUND' } }] },
  ])
})

test('a resolver learns that its caller left', async () => {
  await using under = await open()
  const left = new AbortController()
  const body = JSON.stringify({ query: '{ hang }' })
  const asked = fetch(`${under.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signed({ body }) },
    body,
    signal: left.signal,
  })
  await eventually(() => under.hung() === 1)
  left.abort()
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
  await eventually(() => under.hung() === 0)
})

test('a resolver learns that the deadline of its hop has passed', async () => {
  await using under = await open()
  const answer = await under.ask({ query: '{ hang }' }, body =>
    signed({ body }, signer, { ...hopOf(member()), remainingMs: 30 }),
  )
  expect(answer.body).toMatchObject({
    errors: [{ path: ['hang'], extensions: { code: 'DEADLINE_EXCEEDED' } }],
  })
  expect(under.hung()).toBe(0)
})

test('a request that does not arrive in time is ended', async () => {
  await using under = await open({ limits: { requestTimeoutMs: 100 } })
  const began = httpRequest(`${under.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': '100', ...signed({}) },
  })
  const ended = new Promise<unknown>(resolve => {
    began.once('response', response => resolve(response.statusCode))
    began.once('error', resolve)
  })
  began.write('{')
  expect(await ended).toBe(408)
})

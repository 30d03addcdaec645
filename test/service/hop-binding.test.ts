import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { expect, test } from 'vitest'
import { hopHeaders } from '../../kernel/hop.ts'
import { HopSigner } from '../../kernel/hop-signer.ts'
import type { HopTarget } from '../../kernel/hop-signer.ts'
import { socketTarget } from '../../kernel/socket-target.ts'
import { hopOf, member, secret, signer } from './fixture.ts'
import { notes } from './notes.ts'
import { RawSocket } from './raw-socket.ts'

const body = JSON.stringify({ query: '{ whoami }' })
const target: HopTarget = { audience: 'notes', method: 'POST', path: '/graphql', body }

async function open(): Promise<
  { readonly url: string; readonly use: (...secrets: Buffer[]) => void } & AsyncDisposable
> {
  const own = new HopSigner(secret)
  const under = notes({ signer: own })
  const at = await under.service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (at.kind !== 'tcp') throw new Error('it does not listen on TCP')
  return {
    url: `http://127.0.0.1:${at.port}`,
    use: (...secrets) => own.useSecrets(secrets),
    [Symbol.asyncDispose]: () => under.service.close(0),
  }
}

const signed = (changes: Partial<HopTarget> = {}, by = signer): Record<string, string> =>
  by.headers(hopOf(member()), { ...target, ...changes })

async function post(url: string, headers: Record<string, string>, sent: string = body): Promise<number> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: sent }
  const response = await fetch(url, init)
  const answer = await response.text()
  if (response.status === 401) expect(answer).toContain('this subgraph only answers the gateway')
  return response.status
}

// Attack row 28: a subgraph called directly, with what was taken from the wire.
test('an assertion is accepted once, also by another path or method', async () => {
  await using under = await open()
  const headers = signed()
  expect(await post(`${under.url}/graphql`, headers)).toBe(200)
  expect(await post(`${under.url}/graphql`, headers)).toBe(401)
  expect(await post(`${under.url}/graphql?again=1`, signed())).toBe(401)
  expect((await fetch(`${under.url}/v1/me`, { headers: signed({ path: '/v1/me' }) })).status).toBe(401)
  const query = `/graphql?query=${encodeURIComponent('{ whoami }')}`
  expect((await fetch(under.url + query, { headers: signed({ path: query }) })).status).toBe(401)
  const asked = signed({ method: 'GET', path: query, body: '' })
  expect(
    (await fetch(under.url + query, { headers: { ...asked, 'apollo-require-preflight': '1' } })).status,
  ).toBe(200)
})

test('an assertion is for its body, its subgraph and its moment', async () => {
  await using under = await open()
  const forged = JSON.stringify({ query: '{ whoami _entities(representations: []) { __typename } }' })
  expect(await post(`${under.url}/graphql`, signed(), forged)).toBe(401)
  expect(await post(`${under.url}/graphql`, signed(), `${body} `)).toBe(401)
  // What is no JSON is refused before it is compared.
  expect(await post(`${under.url}/graphql`, signed(), '')).toBe(400)
  expect(await post(`${under.url}/graphql`, signed({ audience: 'db' }))).toBe(401)
  for (const [wall, status] of [
    [-31_000, 401],
    [-29_000, 200],
    [6_000, 401],
    [4_000, 200],
  ] as const) {
    const other = new HopSigner(secret, { wall: () => Date.now() + wall })
    expect([wall, await post(`${under.url}/graphql`, signed({}, other))]).toEqual([wall, status])
  }
})

test('a body in parts is compared as well, and one that is too long is refused', async () => {
  await using under = await open()
  const inParts = (text: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', ...signed() }
      const sending = httpRequest(`${under.url}/graphql`, { method: 'POST', headers }, response => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      sending.once('error', reject)
      for (const letter of text) sending.write(letter)
      sending.end()
    })
  expect(await inParts(body)).toBe(200)
  expect(await inParts(body.replace('whoami', 'hello'))).toBe(401)
})

test('an assertion for a socket opens one socket; one for an operation runs that operation once', async () => {
  await using under = await open()
  const url = `${under.url.replace('http', 'ws')}/graphql`
  const headers = signer.headers(hopOf(member()), { audience: 'notes', method: 'GET', path: '/graphql' })
  await using socket = new RawSocket(url, headers)
  await socket.opened()
  await using again = new RawSocket(url, headers)
  expect(await again.opened()).toBe(401)
  socket.send({ type: 'connection_init' })
  await socket.message('connection_ack')
  const operation = { query: '{ whoami }', variables: { a: [1, { b: null }] } }
  const other = member([], { actorId: 'user_0000000000000000000000000b' })
  const hop = signer.headers(hopOf(other), socketTarget('notes', operation))
  const run = (id: string, query: string): void =>
    socket.send({ id, type: 'subscribe', payload: { ...operation, query, extensions: { hop } } })
  run('forged', '{ hello }')
  expect(await socket.message('error', 'forged')).toMatchObject({
    payload: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  })
  const fresh = signer.headers(hopOf(other), socketTarget('notes', operation))
  socket.send({ id: 'a', type: 'subscribe', payload: { ...operation, extensions: { hop: fresh } } })
  expect(await socket.message('next', 'a')).toMatchObject({ payload: { data: { whoami: other.actorId } } })
  socket.send({ id: 'b', type: 'subscribe', payload: { ...operation, extensions: { hop: fresh } } })
  expect(await socket.message('error', 'b')).toMatchObject({
    payload: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  })
})

test('secrets change one after the other, and nobody is refused on the way', async () => {
  await using under = await open()
  const next = randomBytes(32)
  const [old, both, only] = [new HopSigner(secret), new HopSigner([next, secret]), new HopSigner(next)]
  const ask = (by: HopSigner): Promise<number> => post(`${under.url}/graphql`, signed({}, by))
  expect(await ask(both)).toBe(401)
  under.use(secret, next)
  expect([await ask(old), await ask(both)]).toEqual([200, 200])
  under.use(next)
  expect([await ask(old), await ask(both), await ask(only)]).toEqual([401, 200, 200])
  expect(() => under.use(randomBytes(31))).toThrow(/at least 32 bytes, got 31/)
  expect(await ask(only)).toBe(200)
})

test('an assertion tells nobody the secret, and names no key but its own', () => {
  const [id] = (signed()[hopHeaders.assertion] ?? '').split('.')
  expect(id).toHaveLength(8)
  expect(secret.toString('base64url')).not.toContain(id)
})

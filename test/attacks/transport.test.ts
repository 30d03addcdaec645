import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { attackedGateway, told } from '../support/attacked-gateway.ts'
import type { AttackedGateway } from '../support/attacked-gateway.ts'
import { rawExchange } from '../support/raw-http.ts'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'

// Rows of the table of hostile inputs, section Transport, through the door of a real `ennead gateway`.
let gateway: AttackedGateway
/** Requests that never arrive whole, begun first: what becomes of them takes longer than all the rest. */
let slow: Promise<readonly { readonly answer: string; readonly tookMs: number }[]>
beforeAll(async () => {
  gateway = await attackedGateway(['--answer-bytes-max', '100000'])
  const head = 'POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n'
  const startedAt = performance.now()
  const parts = [head, `${head}content-length: 50\r\n\r\n{"query"`]
  slow = Promise.all(
    parts.map(async part => {
      const answer = await rawExchange(gateway.port, [part])
      return { answer, tookMs: performance.now() - startedAt }
    }),
  )
  // Whoever looks at it is told.
  slow.catch(() => undefined)
})
afterAll(() => gateway[Symbol.asyncDispose]())

const body = '{"query":"{ best }"}'

test('row 11: a mutation by GET is answered 405 and not run, a query by GET is answered', async () => {
  const answer = await gateway.get({ query: 'mutation { add(name: "x") }' })
  expect(answer).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' })
  expect(gateway.people.requests).toEqual([])
  expect(await gateway.get({ query: '{ best }' })).toMatchObject({ status: 200, data: { best: 42 } })
})

test.each(['text/plain', 'application/x-www-form-urlencoded', ''])(
  'row 11: a POST that every page could send (content type "%s") is answered 400',
  async type => {
    expect(await gateway.post(body, { 'content-type': type })).toMatchObject({
      status: 400,
      code: 'BAD_REQUEST',
    })
  },
)

test('row 11: an upload is refused and told what to send instead', async () => {
  const form = new FormData()
  form.set('operations', body)
  form.set('0', new Blob(['file']))
  const answer = await told(await fetch(gateway.url, { method: 'POST', body: form }))
  expect(answer).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
  expect(answer.errors[0]?.message).toContain('uploads are not accepted, send application/json')
})

test('row 11: a cookie with a foreign Origin is answered 403, and so is a GET from another site', async () => {
  const foreign = { cookie: 'session=1', origin: 'https://evil.example' }
  expect(await gateway.post(body, foreign)).toMatchObject({ status: 403, code: 'CSRF_REFUSED' })
  expect(await gateway.get({ query: '{ best }' }, { 'sec-fetch-site': 'cross-site' })).toMatchObject({
    status: 403,
    code: 'CSRF_REFUSED',
  })
  const own = { cookie: 'session=1', origin: new URL(gateway.url).origin }
  expect(await gateway.post(body, own)).toMatchObject({ status: 200 })
})

test('row 12: a body over 1 MiB is answered 413, told or not, and a compressed one 415', async () => {
  const large = JSON.stringify({ query: '{ best }', variables: { a: 'x'.repeat(1_048_577) } })
  expect(await gateway.post(large)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
  const stream = new Blob([large, large, large]).stream()
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(gateway.url, { method: 'POST', headers, body: stream, duplex: 'half' })
  expect(await told(response)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(50_000_000)))
  const opened = await fetch(gateway.url, {
    method: 'POST',
    headers: { ...headers, 'content-encoding': 'gzip' },
    body: bomb,
  })
  expect(await told(opened)).toMatchObject({ status: 415 })
})

test('row 12: 100 KB of headers are answered 431', async () => {
  const head = `GET /graphql HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`
  expect(await rawExchange(gateway.port, [head])).toMatch(/^HTTP\/1.1 431 /)
})

test('row 13: content-length together with transfer-encoding is answered 400', async () => {
  const request =
    'POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n' +
    'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
  expect(await rawExchange(gateway.port, [request])).toMatch(/^HTTP\/1.1 400 /)
})

test('an answer over the limit is LIMIT_ANSWER, over HTTP and over a WebSocket', async () => {
  const query = '{ big(bytes: 100000) }'
  expect(await gateway.post({ query })).toMatchObject({ status: 400, code: 'LIMIT_ANSWER' })
  using client = await rawSocket(gateway.url.replace('http', 'ws'), { init: {} })
  client.send(subscribeMessage('1', query))
  expect((await client.take('error', '1')).payload).toMatchObject([{ extensions: { code: 'LIMIT_ANSWER' } }])
  expect((await gateway.post({ query: '{ big(bytes: 90000) }' })).status).toBe(200)
})

const ticks = 'subscription { ticks }'

test('row 14: what is wrong with a WebSocket closes it with its own code', async () => {
  const url = gateway.url.replace('http', 'ws')
  const closes = async (options: Parameters<typeof rawSocket>[1], ...messages: (object | string)[]) => {
    using client = await rawSocket(url, options)
    for (const message of messages) client.send(message)
    return (await client.closed).code
  }
  const init = { type: 'connection_init' }
  expect(await closes({ origin: 'https://evil.example' }, init)).toBe(4403)
  expect(await closes({})).toBe(4408)
  expect(await closes({}, { ...init, payload: { padding: 'x'.repeat(8_192) } })).toBe(4400)
  expect(await closes({}, init, init)).toBe(4429)
  expect(await closes({ protocols: ['graphql-ws'] }, init)).toBe(4406)
})

test('row 15: the 101st subscription of a socket and a flood of messages are refused, others unharmed', async () => {
  const url = gateway.url.replace('http', 'ws')
  using other = await rawSocket(url, { init: {} })
  using client = await rawSocket(url, { init: {} })
  for (let n = 0; n <= 100; n++)
    client.send(subscribeMessage(String(n), 'subscription { ticks(every: 500) }'))
  expect((await client.take('error', '100')).payload).toMatchObject([{ extensions: { code: 'OVERLOADED' } }])
  for (let n = 0; n < 400; n++) client.send({ type: 'ping' })
  expect(await client.closed).toMatchObject({ code: 1008 })
  other.send(subscribeMessage('1', ticks))
  await other.take('next', '1')
})

test('row 17: a syntax or validation error in one operation of a socket is an error for that id only', async () => {
  using client = await rawSocket(gateway.url.replace('http', 'ws'), { init: {} })
  client.send(subscribeMessage('good', ticks))
  client.send(subscribeMessage('syntax', '{ best'))
  client.send(subscribeMessage('unknown', '{ nothing }'))
  await client.take('error', 'syntax')
  await client.take('error', 'unknown')
  expect((await client.take('next', 'good')).payload).toMatchObject({ data: { ticks: 0 } })
  expect((await client.take('next', 'good')).payload).toMatchObject({ data: { ticks: 1 } })
})

test('row 12: a head or a body that does not arrive is closed within 15 s', async () => {
  for (const { answer, tookMs } of await slow) {
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    // Twice as long on a machine that is busy with other tests.
    expect(tookMs).toBeLessThan(30_000)
  }
})

test('after all of this the gateway still answers', async () => {
  expect(await gateway.post(body)).toMatchObject({ status: 200, data: { best: 42 } })
})

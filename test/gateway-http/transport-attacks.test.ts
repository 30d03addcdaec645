import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { demoGateway } from '../support/demo-gateway.ts'
import type { DemoGateway } from '../support/demo-gateway.ts'
import { rawExchange } from '../support/raw-http.ts'

let gateway: DemoGateway
beforeAll(async () => {
  gateway = await demoGateway({ limits: { receiveTimeoutMs: 400, headersTimeoutMs: 400 } })
})
afterAll(() => gateway[Symbol.asyncDispose]())

const json = { 'content-type': 'application/json' }

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) {
  return told(await fetch(gateway.url, { method: 'POST', headers, body }))
}

async function get(parameters: Record<string, string>, headers: Record<string, string> = {}) {
  return told(await fetch(`${gateway.url}?${new URLSearchParams(parameters).toString()}`, { headers }))
}

async function told(response: Response) {
  const text = await response.text()
  // Every answer of the door is JSON; the test fails here when one is not.
  const body = JSON.parse(text) as {
    data?: unknown
    errors?: { message: string; extensions: { code: string } }[]
  }
  return { status: response.status, code: body.errors?.[0]?.extensions.code, body, headers: response.headers }
}

test.each([
  ['an array batch', '[{"query":"{ hello }"}]'],
  ['null', 'null'],
  ['a number', '5'],
  ['malformed JSON', '{"query": "{ hello }"'],
  ['nothing', ''],
  ['a query that is a list', '{"query":["{ hello }"]}'],
])('row 8: a body that is %s is answered 400 in one JSON shape', async (_name, body) => {
  const { status, code } = await post(body)
  expect({ status, code }).toEqual({ status: 400, code: 'BAD_REQUEST' })
})

test('row 8: an unknown operation name is answered 400', async () => {
  const answer = await post('{"query":"query A { hello }","operationName":"B"}')
  expect(answer).toMatchObject({ status: 400, code: 'OPERATION_RESOLUTION_FAILURE' })
})

test('variables with a member "__proto__" or 65 levels are refused, also when escaped', async () => {
  for (const variables of [
    '{"__proto__":{"admin":true}}',
    '{"a":[{"\\u005f_proto__":1}]}',
    '{"a":'.repeat(65) + '1' + '}'.repeat(65),
    `{"a":${'['.repeat(400_000)}${']'.repeat(400_000)}}`,
  ]) {
    expect(await post(`{"query":"{ hello }","variables":${variables}}`)).toMatchObject({ status: 400 })
  }
})

test('row 11: a mutation by GET is answered 405 and not run', async () => {
  const answer = await get({ query: 'mutation { add(text: "x") }' })
  expect(answer).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' })
  expect(answer.headers.get('allow')).toContain('POST')
})

test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
  'row 11: a POST that every page could send (content type "%s") is answered 400',
  async type => {
    const answer = await post('{"query":"{ hello }"}', { 'content-type': type })
    expect(answer).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
  },
)

test('row 11: a cookie from a foreign origin is answered 403, from our own it is not', async () => {
  const cookie = { ...json, cookie: 'session=1' }
  const body = '{"query":"{ hello }"}'
  expect(await post(body, { ...cookie, origin: 'https://evil.example' })).toMatchObject({ status: 403 })
  expect(await post(body, { ...cookie, origin: 'null' })).toMatchObject({ status: 403 })
  expect(await post(body, { ...cookie, origin: new URL(gateway.url).origin })).toMatchObject({ status: 200 })
})

test('row 11: a GET that a browser marks as cross-site needs a header pages cannot send unasked', async () => {
  const query = { query: '{ hello }' }
  expect(await get(query, { 'sec-fetch-site': 'cross-site' })).toMatchObject({
    code: 'CSRF_REFUSED',
    status: 403,
  })
  expect(await get(query, { 'sec-fetch-site': 'same-origin' })).toMatchObject({ status: 200 })
  const asked = { 'sec-fetch-site': 'cross-site', 'graphql-require-preflight': '1' }
  expect(await get(query, asked)).toMatchObject({ status: 200 })
})

test('row 12: a body over 1 MiB is answered 413, whether its length is told or not', async () => {
  const large = JSON.stringify({ query: '{ hello }', variables: { a: 'x'.repeat(1_048_577) } })
  expect(await post(large)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
  const stream = new Blob([large, large, large]).stream()
  const response = await fetch(gateway.url, { method: 'POST', headers: json, body: stream, duplex: 'half' })
  expect(await told(response)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
})

test('row 12: a compressed body is answered 415 without being opened', async () => {
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(50_000_000)))
  expect(await post(bomb, { ...json, 'content-encoding': 'gzip' })).toMatchObject({ status: 415 })
})

test('row 12: 100 KB of headers are answered 431', async () => {
  const { port } = gateway.server.address
  const answer = await rawExchange(port, [
    `GET /graphql HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`,
  ])
  expect(answer).toMatch(/^HTTP\/1.1 431 /)
  expect(answer).toContain('"code":"BAD_REQUEST"')
})

test('row 12: a head or a body that does not arrive is closed with 408', async () => {
  const { port } = gateway.server.address
  const head = 'POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n'
  const [slowHead, slowBody] = await Promise.all([
    rawExchange(port, [head]),
    rawExchange(port, [`${head}content-length: 50\r\n\r\n{"query"`]),
  ])
  expect(slowHead).toMatch(/^HTTP\/1.1 408 /)
  expect(slowBody).toMatch(/^HTTP\/1.1 408 /)
})

test('row 13: content-length together with transfer-encoding is answered 400', async () => {
  const answer = await rawExchange(gateway.server.address.port, [
    'POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n' +
      'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  ])
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
})

test('a charset or type we cannot read is answered 415, an answer type we cannot write 406', async () => {
  const body = '{"query":"{ hello }"}'
  expect(await post(body, { 'content-type': 'application/graphql' })).toMatchObject({ status: 415 })
  expect(await post(body, { 'content-type': 'application/json; charset=utf-16' })).toMatchObject({
    status: 415,
  })
  expect(await post(body, { ...json, accept: 'text/csv' })).toMatchObject({ status: 406 })
  expect(await post(new Uint8Array([0x22, 0xff, 0xfe, 0x22]))).toMatchObject({ status: 400 })
})

test('row 30: an error with a secret is masked', async () => {
  const { body } = await post('{"query":"{ boom hello }"}')
  expect(body.data).toEqual({ boom: null, hello: 'Hello world' })
  expect(JSON.stringify(body)).not.toContain('hunter2')
})

test('row 32: no input writes a second line to the log', async () => {
  const { port } = gateway.server.address
  const head = 'host: a\r\nconnection: close\r\nx-request-id: a\u001b[31m"b\r\n\r\n'
  await rawExchange(port, [`GET /graphql?query={hello} HTTP/1.1\r\n${head}`])
  await rawExchange(port, ['GET /\u001b[31m HTTP/1.1\r\n\r\n'])
  await rawExchange(port, [`GET /graphql?operationName=%0d%0a%1b[31m&query={hello} HTTP/1.1\r\n${head}`])
  expect(gateway.lines.length).toBeGreaterThan(0)
  for (const line of gateway.lines) {
    for (const mark of ['\r', '\n', '\u001b']) expect(line).not.toContain(mark)
    JSON.parse(line)
  }
})

test('after all of this the gateway still answers', async () => {
  expect(await post('{"query":"{ hello(name: \\"you\\") }"}')).toMatchObject({
    status: 200,
    body: { data: { hello: 'Hello you' } },
  })
})

import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PlainPost } from '../../gateway/execution/http1/plain-post.ts'
import { MalformedResponse, responseHead } from '../../gateway/execution/http1/response-head.ts'
import { ResponseReader } from '../../gateway/execution/http1/response-reader.ts'
import type { Http1Response } from '../../gateway/execution/http1/response-reader.ts'
import { systemClock } from '../../kernel/clock.ts'
import { stopOf } from '../../kernel/stop.ts'
import { manualClock } from '../support/manual-clock.ts'

const tooLarge = new Error('too large')

/** Reads `bytes` cut at these places, as a socket might bring them, each part in a buffer that is then used again. */
function read(bytes: Buffer, cuts: readonly number[], bytesMax = 1_000_000): Http1Response | undefined {
  const reader = new ResponseReader(
    () => undefined,
    bytesMax,
    () => tooLarge,
  )
  const at = [...new Set([0, ...cuts.map(cut => cut % bytes.length), bytes.length])].sort((a, b) => a - b)
  let response: Http1Response | undefined
  for (const [index, from] of at.slice(0, -1).entries()) {
    const part = Buffer.from(bytes.subarray(from, at[index + 1]))
    response = reader.take(part)
    part.fill(0)
  }
  return response ?? reader.ended()
}

const body = fc.uint8Array({ maxLength: 3_000 }).map(bytes => Buffer.from(bytes))
const cuts = fc.array(fc.nat(), { maxLength: 12 })

function chunked(bytes: Buffer, sizes: readonly number[]): Buffer {
  const parts: Buffer[] = []
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    const part = bytes.subarray(at, at + size)
    if (part.length === 0) continue
    parts.push(Buffer.from(`${part.length.toString(16)};x="y"\r\n`), part, Buffer.from('\r\n'))
    at += part.length
  }
  return Buffer.concat([...parts, Buffer.from('0\r\nx-trailer: 1\r\n\r\n')])
}

test('a response is the same however its bytes are cut, by length, in chunks, or until the end', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 8 })
  const form = fc.constantFrom('length', 'chunked', 'rest')
  fc.assert(
    fc.property(body, cuts, sizes, form, fc.boolean(), (content, cuts, sizes, form, interim) => {
      const how = {
        length: `content-length: ${content.length}`,
        chunked: 'Transfer-Encoding: Chunked',
        rest: 'x: y',
      }
      const early = interim ? 'HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n' : ''
      const head = `${early}HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${how[form]}\r\n\r\n`
      const sent = form === 'chunked' ? chunked(content, sizes) : content
      const response = read(Buffer.concat([Buffer.from(head), sent]), cuts)
      expect(response?.status).toBe(200)
      expect(response?.body.equals(content)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\n{}'],
  ['a header behind a bare line feed', 'HTTP/1.1 200 OK\r\nx: y\nContent-Length: 2\r\n\r\n{}'],
  ['a folded header', 'HTTP/1.1 200 OK\r\nx: y\r\n Content-Length: 2\r\n\r\n{}'],
  ['space before a colon', 'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
  ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}'],
  [
    'a length beside an encoding',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}',
  ],
  ['an encoding that is not chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n{}'],
  ['a chunk without size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n'],
  [
    'a chunk longer than it says',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n',
  ],
  ['more than the response', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n'],
  ['another protocol', 'HTTP/1.1 101 Switching\r\n\r\n'],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`],
])('%s is refused, however it is cut', (_, text) => {
  fc.assert(
    fc.property(cuts, cuts => {
      expect(() => read(Buffer.from(text), cuts)).toThrow(MalformedResponse)
    }),
    { numRuns: 50 },
  )
})

test.each(['content-length: 5000', 'transfer-encoding: chunked', 'x: y'])(
  'a body of more bytes than allowed is refused (%s)',
  how => {
    const sent = how.includes('chunked') ? chunked(Buffer.alloc(5_000), [700]) : Buffer.alloc(5_000)
    const bytes = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${how}\r\n\r\n`), sent])
    expect(() => read(bytes, [100, 1_000, 2_000], 4_999)).toThrow(tooLarge)
  },
)

interface RawServer extends AsyncDisposable {
  readonly url: URL
  readonly connections: number
}

/** Answers each request of a connection by `answer`, which gets how many connections there were before. */
async function rawServer(
  answer: (socket: Socket, connection: number, request: string) => void,
): Promise<RawServer> {
  let connections = 0
  const open = new Set<Socket>()
  const server = createServer(socket => {
    const connection = connections++
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', data => answer(socket, connection, data.toString('latin1')))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is never a string.
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}/graphql?v=1`),
    get connections() {
      return connections
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
const limits = { connectionsMax: 1, answerBytesMax: 1_000 }
const going = stopOf(new AbortController().signal)

test('a head that comes again is read as it was the first time, however many came between', () => {
  const heads = Array.from(
    { length: 600 },
    (_, bytes) => `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\nX-Long: ${'x'.repeat(bytes * 3)}\r\n\r\n`,
  )
  for (let round = 0; round < 2; round++) {
    for (const [bytes, head] of heads.entries())
      expect(responseHead(head).body).toEqual({ kind: 'length', bytes })
  }
  expect(responseHead(heads[1] ?? '')).toBe(responseHead(heads[1] ?? ''))
  const twoLengths = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'
  for (let round = 0; round < 2; round++) expect(() => responseHead(twoLengths)).toThrow(MalformedResponse)
})

test('a connection is used again until it is as old as the other side said', async () => {
  const kept = ok.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=5\r\n\r\n')
  await using server = await rawServer(socket => socket.write(kept))
  const clock = manualClock()
  const way = new PlainPost(server.url, 'stock', limits, clock)
  await way.post('{}', {}, going)
  clock.advance(3_900)
  await way.post('{}', {}, going)
  expect(server.connections).toBe(1)
  clock.advance(4_001)
  await way.post('{}', {}, going)
  expect(server.connections).toBe(2)
  way.close()
})

test('what comes unasked ends the connection instead of being the answer to the next request', async () => {
  let told: (() => void) | undefined
  await using server = await rawServer((socket, connection) => {
    socket.write(ok)
    if (connection > 0) return
    socket.once('close', () => told?.())
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"poisoned"')
  })
  const ended = new Promise<void>(resolve => (told = resolve))
  const way = new PlainPost(server.url, 'stock', limits, systemClock)
  // Whichever way the two arrive, the second is nobody's answer.
  await way
    .post('{}', {}, going)
    .catch((failure: unknown) => expect(failure).toMatchObject({ code: 'SUBGRAPH_BAD_ANSWER' }))
  await ended
  const { body } = await way.post('{}', {}, going)
  expect(body.toString()).toBe('{}')
  expect(server.connections).toBe(2)
  way.close()
})

test('more requests than connections wait in order; one that is given up takes its connection with it', async () => {
  const asked: string[] = []
  await using server = await rawServer((socket, _, request) => {
    const [, content = ''] = request.split('\r\n\r\n')
    asked.push(content)
    if (content !== '"slow"') socket.write(ok)
  })
  const way = new PlainPost(server.url, 'stock', limits, systemClock)
  const leaving = new AbortController()
  const slow = way.post('"slow"', {}, stopOf(leaving.signal))
  const left = way.post('"left"', {}, stopOf(leaving.signal))
  const next = [way.post('"a"', {}, going), way.post('"b"', {}, going)]
  const reason = new Error('gone')
  leaving.abort(reason)
  await expect(slow).rejects.toBe(reason)
  await expect(left).rejects.toBe(reason)
  await Promise.all(next)
  expect(asked.filter(content => content !== '"slow"')).toEqual(['"a"', '"b"'])
  way.close()
})

test('headers are sent as they are, and those that would make another request are refused', async () => {
  let sent = ''
  await using server = await rawServer((socket, _, request) => {
    sent = request
    socket.write(ok)
  })
  const way = new PlainPost(server.url, 'stock', limits, systemClock)
  await way.post('{"query":"{ a }"}', { authorization: 'Bearer x', 'x-name': 'J\u00fcrgen' }, going)
  expect(sent).toContain('POST /graphql?v=1 HTTP/1.1\r\n')
  expect(sent).toContain('\r\nauthorization: Bearer x\r\nx-name: J\u00fcrgen\r\n\r\n{"query":"{ a }"}')
  for (const value of ['a\r\nx: y', 'a\nb', 'a\0', '\u20ac']) {
    await expect(way.post('{}', { 'x-name': value }, going)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  }
  await expect(way.post('{}', { 'x name': 'a' }, going)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  way.close()
})

test('what is not HTTP, ends early, or cannot be connected to has the code that every client of subgraphs gives it', async () => {
  const answers = [
    'SSH-2.0-OpenSSH_9.2\r\n\r\n',
    ok.slice(0, -1),
    'HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n',
  ]
  await using server = await rawServer((socket, connection) => socket.end(answers[connection] ?? ''))
  const way = new PlainPost(server.url, 'stock', limits, systemClock)
  await expect(way.post('{}', {}, going)).rejects.toMatchObject({ code: 'SUBGRAPH_BAD_ANSWER' })
  await expect(way.post('{}', {}, going)).rejects.toMatchObject({ code: 'SUBGRAPH_UNREACHABLE' })
  await expect(way.post('{}', {}, going)).rejects.toMatchObject({ code: 'SUBGRAPH_BAD_ANSWER' })
  way.close()
  const nobody = new PlainPost(new URL('http://127.0.0.1:1/'), 'stock', limits, systemClock)
  await expect(nobody.post('{}', {}, going)).rejects.toMatchObject({ code: 'SUBGRAPH_UNREACHABLE' })
})

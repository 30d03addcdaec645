import { spawn } from 'node:child_process'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { demoGateway } from '../support/demo-gateway.ts'
import { streamGateway, taskEvents, ticks } from '../support/stream-gateway.ts'
import { until } from '../support/until.ts'

/** A response that is read as it comes, by nothing but Node's HTTP. */
interface OpenResponse extends Disposable {
  readonly response: IncomingMessage
  readonly text: () => string
  /** `cut`: the connection ended in the middle. */
  readonly ended: Promise<'whole' | 'cut'>
}

async function open(url: string, accept: string, body: object, headers: object = {}): Promise<OpenResponse> {
  const request = httpRequest(url, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/json', ...headers },
  })
  request.end(JSON.stringify(body))
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject)
  })
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const ended = new Promise<'whole' | 'cut'>(resolve => {
    response.once('end', () => resolve('whole')).once('error', () => resolve('cut'))
  })
  return { response, text: () => text, ended, [Symbol.dispose]: () => request.destroy() }
}

const sse = 'text/event-stream'
const multipart = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json'

test('Server-Sent Events: events with their cursors as ids, then complete', async () => {
  await using gateway = await streamGateway()
  using stream = await open(gateway.url, sse, { query: 'subscription { taskEvents { seq task { title } } }' })
  expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
  await until('it reads', () => gateway.topic.readers === 1)
  await until('the hint is here', () => /^retry: \d{4}\n\n$/.test(stream.text()))
  gateway.topic.publish('x')
  gateway.topic.publish('y')
  await until('two events are here', () => stream.text().includes('id: c2'))
  const event = (seq: number) =>
    `event: next\nid: c${seq}\ndata: {"data":{"taskEvents":{"seq":${seq},"task":{"title":"Task ${seq}"}}},"extensions":{"cursor":"c${seq}"}}\n\n`
  gateway.topic.end()
  expect(await stream.ended).toBe('whole')
  const [, ...rest] = stream.text().split('\n\n')
  expect(rest.join('\n\n')).toBe(`${event(1)}${event(2)}event: complete\ndata:\n\n`)
  expect(gateway.server.streamCount).toBe(0)
})

test('Last-Event-ID brings what was missed, from memory or from the log', async () => {
  await using gateway = await streamGateway()
  for (let event = 0; event < 5; event++) gateway.topic.publish('x')
  using stream = await open(gateway.url, sse, { query: taskEvents }, { 'last-event-id': 'c3' })
  await until('both are here', () => stream.text().includes('"seq":5'))
  expect([...stream.text().matchAll(/^id: (.*)$/gm)].map(match => match[1])).toEqual(['c4', 'c5'])
})

test('many streams of both kinds and sockets are one upstream', async () => {
  await using gateway = await streamGateway()
  using first = await open(gateway.url, sse, { query: ticks })
  using second = await open(gateway.url, multipart, { query: ticks })
  using third = await open(gateway.url, sse, { query: ticks })
  await until('they read', () => gateway.topic.readers === 1 && gateway.server.streamCount === 3)
  gateway.topic.publish('x')
  await until('all have it', () => [first, second, third].every(each => each.text().includes('"seq":1')))
  expect(gateway.tasks.requests.length).toBe(1)
  for (const each of [first, second, third]) each[Symbol.dispose]()
  await until('it is let go', () => gateway.topic.readers === 0 && gateway.server.streamCount === 0)
})

test('multipart: parts as they come, each readable at once, and the final boundary', async () => {
  await using gateway = await streamGateway()
  using stream = await open(gateway.url, multipart, { query: 'subscription { taskEvents { seq } }' })
  expect(stream.response.headers['content-type']).toBe(
    'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
  )
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('x')
  const part =
    '\r\ncontent-type: application/json\r\n\r\n{"payload":{"data":{"taskEvents":{"seq":1}},"extensions":{"cursor":"c1"}}}'
  await until('it is here', () => stream.text() === `\r\n--graphql${part}\r\n--graphql`)
  gateway.topic.end()
  expect(await stream.ended).toBe('whole')
  expect(stream.text().endsWith('\r\n--graphql--\r\n')).toBe(true)
})

test.each([sse, multipart])(
  '%s: a refused operation is an answer with a status; what ends a stream is its last event',
  async accept => {
    await using gateway = await streamGateway()
    using refused = await open(gateway.url, accept, { query: 'subscription { nothing }' })
    // As GraphQL over HTTP has it for application/json, which the second one takes as well.
    expect(refused.response.statusCode).toBe(accept === sse ? 400 : 200)
    await refused.ended
    expect(JSON.parse(refused.text())).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    })
    using expired = await open(gateway.url, accept, { query: ticks, extensions: { after: 'long ago' } })
    expect(await expired.ended).toBe('whole')
    expect(expired.text()).toContain('CURSOR_EXPIRED')
    expect(expired.text()).toMatch(/event: complete\ndata:\n\n$|--graphql--\r\n$/)
  },
)

test.each([sse, multipart])('%s: an outage cuts the response, so that clients come back', async accept => {
  await using gateway = await streamGateway()
  using stream = await open(gateway.url, accept, { query: ticks })
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('x')
  await until('it is here', () => stream.text().includes('"seq":1'))
  gateway.topic.end(new Error('the source is down'))
  expect(await stream.ended).toBe('cut')
  expect(stream.text()).not.toMatch(/complete|--graphql--/)
})

test('row 21: a credential that expires cuts its streams', async () => {
  await using gateway = await demoGateway()
  const body = { query: 'subscription { events { seq } }' }
  using stream = await open(gateway.url, sse, body, { authorization: 'Bearer short' })
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('x')
  expect(await stream.ended).toBe('cut')
  expect(stream.text()).toContain('"seq":1')
  using refused = await open(gateway.url, sse, body, { authorization: 'Bearer nobody' })
  expect(refused.response.statusCode).toBe(401)
})

test('row 15: streams count with sockets towards the limits', async () => {
  await using gateway = await demoGateway({ limits: { socketsPerActorMax: 1 } })
  const body = { query: 'subscription { events { seq } }' }
  const headers = { authorization: 'Bearer alice' }
  using first = await open(gateway.url, sse, body, headers)
  await until('it reads', () => gateway.topic.readers === 1)
  using second = await open(gateway.url, sse, body, headers)
  expect(second.response.statusCode).toBe(503)
  first[Symbol.dispose]()
  await until('the place is free', () => gateway.server.streamCount === 0)
  using third = await open(gateway.url, sse, body, headers)
  expect(third.response.statusCode).toBe(200)
})

test('row 16: a stream that is not read costs bounded memory, and catches up', async () => {
  await using gateway = await streamGateway({ limits: { socketBufferedBytesMax: 65_536 } })
  using lively = await open(gateway.url, sse, { query: taskEvents })
  using stalled = await open(gateway.url, sse, { query: taskEvents })
  await until('they read', () => gateway.topic.readers === 1 && gateway.server.streamCount === 2)
  stalled.response.pause()
  const text = 'x'.repeat(20_000)
  for (let event = 1; event <= 400; event++) {
    gateway.topic.publish(text)
    if (event % 20 === 0)
      await until('the lively one has it', () => lively.text().includes(`id: c${event}\n`))
  }
  stalled.response.resume()
  await until('the stalled one has it', () => stalled.text().includes('id: c400\n'))
  const ids = [...stalled.text().matchAll(/^id: c(.*)$/gm)].map(match => Number(match[1]))
  expect(ids).toEqual(Array.from({ length: 400 }, (_, index) => index + 1))
})

test('a gateway that stops cuts its streams', async () => {
  const gateway = await streamGateway()
  using stream = await open(gateway.url, sse, { query: ticks })
  await until('it reads', () => gateway.topic.readers === 1)
  await gateway.server.close(1_000)
  expect(await stream.ended).toBe('cut')
  await gateway[Symbol.asyncDispose]()
})

test('curl follows a stream and resumes it', async () => {
  await using gateway = await streamGateway()
  const curl = (...more: string[]) => {
    const parameters = new URLSearchParams({ query: 'subscription { taskEvents { seq } }' })
    const child = spawn('curl', [
      '-sN',
      '-H',
      'accept: text/event-stream',
      ...more,
      `${gateway.url}?${parameters.toString()}`,
    ])
    const output = { text: '' }
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output.text += chunk))
    return { child, output }
  }
  const first = curl()
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('x')
  await until('it is here', () => first.output.text.includes('id: c1\n'))
  first.child.kill('SIGKILL')
  await until('it is let go', () => gateway.topic.readers === 0)
  gateway.topic.publish('y')
  const second = curl('-H', 'last-event-id: c1')
  await until('the next one is here', () => second.output.text.includes('id: c2\n'))
  expect(second.output.text).not.toContain('c1')
  second.child.kill('SIGKILL')
})

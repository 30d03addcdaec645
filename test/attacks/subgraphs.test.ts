import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { attackedGateway } from '../support/attacked-gateway.ts'
import type { AttackedGateway, Misbehaviour } from '../support/attacked-gateway.ts'

// Rows of the table of hostile inputs, section Subgraphs, through the door of a real `ennead gateway`.
let gateway: AttackedGateway
beforeAll(async () => {
  gateway = await attackedGateway(['--request-timeout-ms', '10000', '--subgraph-timeout-ms', '1000'])
})
afterAll(() => gateway[Symbol.asyncDispose]())
beforeEach(() => {
  gateway.scores.misbehave = undefined
})

const json = { 'content-type': 'application/json' }

test.each<[string, string, Misbehaviour]>([
  ['hangs', 'SUBGRAPH_TIMEOUT', () => undefined],
  [
    'answers HTML',
    'SUBGRAPH_BAD_ANSWER',
    response => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>'),
  ],
  ['answers 500', 'SUBGRAPH_BAD_ANSWER', response => void response.writeHead(500).end()],
  [
    'answers half',
    'SUBGRAPH_BAD_ANSWER',
    response => void response.writeHead(200, json).end('{"data":{"_ent'),
  ],
  ['breaks off', 'SUBGRAPH_UNREACHABLE', (_, request) => void request.socket.destroy()],
  [
    'answers 300 MB',
    'SUBGRAPH_ANSWER_TOO_LARGE',
    response => void response.writeHead(200, { ...json, 'content-length': 300_000_000 }).write('{'),
  ],
  [
    'answers wrong types',
    'SUBGRAPH_BAD_ANSWER',
    response => void response.writeHead(200, json).end('{"data":{"_entities":[{"score":{"a":1}}]}}'),
  ],
])(
  'row 29: a subgraph that %s blanks only its own fields, with %s at their path',
  async (_, code, misbehave) => {
    gateway.scores.misbehave = misbehave
    const answer = await gateway.post({ query: '{ me { name score } }' })
    expect(answer).toMatchObject({ status: 200, data: { me: { name: 'user 1', score: null } } })
    expect(answer.errors).toMatchObject([{ path: ['me', 'score'], extensions: { code } }])
    expect(answer.text).not.toMatch(/127\.0\.0\.1|stack/)
  },
)

test('row 29: a redirect is refused, and the credential does not follow it', async () => {
  const stolen: unknown[] = []
  const thief = createServer((request, response) => {
    stolen.push(request.headers)
    response.writeHead(200, json).end('{"data":{}}')
  })
  await new Promise<void>(resolve => thief.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is never a string.
  const { port } = thief.address() as AddressInfo
  gateway.scores.misbehave = response =>
    void response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end()
  const answer = await gateway.post({ query: '{ me { score } }' }, { authorization: 'Bearer secret' })
  await new Promise(resolve => thief.close(resolve))
  expect(answer.errors).toMatchObject([{ extensions: { code: 'SUBGRAPH_BAD_ANSWER' } }])
  expect(gateway.scores.requests.at(-1)?.headers).toMatchObject({ authorization: 'Bearer secret' })
  expect(stolen).toEqual([])
})

test('row 30: a resolver error with secrets in it is masked, and its errorId is in the log with the truth', async () => {
  const { text, errors } = await gateway.post({ query: '{ secret }' })
  expect(text).not.toContain('hunter2')
  const errorId = errors[0]?.extensions['errorId']
  expect(errorId).toEqual(expect.any(String))
  const lines = gateway.process.stderr().split('\n')
  expect(lines.some(line => line.includes(String(errorId)) && line.includes('hunter2'))).toBe(true)
})

test('a subgraph that keeps failing is refused at once, others are answered, and it is asked again after its rest', async () => {
  gateway.scores.misbehave = response => void response.writeHead(500).end()
  const ask = async (): Promise<unknown> =>
    (await gateway.post({ query: '{ me { name score } }' })).errors[0]?.extensions['code']
  await expect.poll(ask, { timeout: 20_000, interval: 1 }).toBe('OVERLOADED')
  expect(await gateway.post({ query: '{ me { name } }' })).toMatchObject({ data: { me: { name: 'user 1' } } })
  gateway.scores.misbehave = undefined
  await expect.poll(ask, { timeout: 20_000 }).toBeUndefined()
})

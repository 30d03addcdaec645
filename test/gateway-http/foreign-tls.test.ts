import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buildSchema } from 'graphql'
import { createHandler } from 'graphql-http/lib/use/http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { jsonLog } from '../../kernel/log.ts'
import type { TlsFiles } from '../../kernel/tls/tls-material.ts'
import { testCertificates } from '../support/certificates.ts'
import type { TestCertificates } from '../support/certificates.ts'
import { federated } from '../support/federated.ts'

const dayMs = 86_400_000
const sdl = 'type Query { a: Int }'
let ours: TestCertificates
let theirs: TestCertificates

beforeAll(async () => {
  ours = await testCertificates()
  theirs = await testCertificates()
  for (const holder of ['shop', 'gateway']) await ours.issue(holder)
  await theirs.issue('gateway')
  await ours.issue('late', { wallMs: Date.now() - 2 * dayMs })
  await ours.issue('elsewhere', { hosts: ['shop.example'] })
})
afterAll(async () => {
  await ours[Symbol.asyncDispose]()
  await theirs[Symbol.asyncDispose]()
})

interface Door extends AsyncDisposable {
  readonly lines: readonly string[]
  /** Requests that have reached the subgraph. */
  readonly reached: () => number
  ask(query: string): Promise<unknown>
}

/** A gateway before graphql-http on Node's own https server, which shows `shown` and wants a certificate of our authority. */
async function open(shown: string, files: TlsFiles): Promise<Door> {
  const handle = createHandler({ schema: buildSchema(sdl), rootValue: { a: 1 } })
  const { ca, certificate, key } = ours.filesOf(shown)
  const [authority, cert, secret] = await Promise.all(
    [ca, certificate, key].map(file => readFile(file ?? '')),
  )
  let reached = 0
  const subgraph = createServer(
    { ca: authority, cert, key: secret, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      reached++
      void handle(request, response)
    },
  )
  await new Promise<void>(resolve => subgraph.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an AddressInfo.
  const { port } = subgraph.address() as AddressInfo
  const lines: string[] = []
  const log = jsonLog({ level: 'debug', write: line => void lines.push(line) })
  const tls = await ours.follow(files, log)
  const way = httpSubgraph({
    name: 'shop',
    url: `https://127.0.0.1:${port}/graphql`,
    tls: { tls, holder: 'shop' },
  })
  const { engine } = federated({ shop: { sdl } }, { subgraph: () => way, maskErrors: true, log })
  const server = await startGatewayServer({ engine, address: { host: '127.0.0.1', port: 0 }, log })
  return {
    lines,
    reached: () => reached,
    async ask(query) {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query }) })
      return response.json()
    },
    async [Symbol.asyncDispose]() {
      await server.close(0)
      await engine.close()
      subgraph.closeAllConnections()
      await new Promise(resolve => subgraph.close(resolve))
    },
  }
}

test('a subgraph that is not of ours is asked over TLS with the certificate of the gateway', async () => {
  await using door = await open('shop', ours.filesOf('gateway'))
  expect(await door.ask('{ a }')).toEqual({ data: { a: 1 } })
  expect(door.reached()).toBe(1)
})

test.each([
  ['of another authority', 'shop', () => theirs.filesOf('gateway'), 'of an authority that is not trusted'],
  ['that has expired', 'late', () => ours.filesOf('gateway'), 'has expired'],
  ['for other hosts', 'elsewhere', () => ours.filesOf('gateway'), 'for other names'],
  [
    'that wants one of its caller',
    'shop',
    () => ({ ca: ours.filesOf('shop').ca }),
    'could not be reached","code":"SUBGRAPH_UNREACHABLE"',
  ],
  [
    'that does not know its caller’s authority',
    'shop',
    () => ({ ...theirs.filesOf('gateway'), ca: ours.filesOf('shop').ca }),
    'could not be reached","code":"SUBGRAPH_UNREACHABLE"',
  ],
])(
  'a subgraph with a certificate %s is told nothing, and the log says why',
  async (_, shown, files, reason) => {
    await using door = await open(shown, files())
    const answer = await door.ask('{ a }')
    expect(answer).toMatchObject({
      data: { a: null },
      errors: [
        { path: ['a'], extensions: { code: expect.stringMatching(/^SUBGRAPH_UN(?:TRUSTED|REACHABLE)$/) } },
      ],
    })
    // Where the subgraph is and what TLS says is for the log.
    expect(JSON.stringify(answer)).not.toMatch(/127\.0\.0\.1|example|spiffe|CERT_|SELF_SIGNED|alert/)
    const told = door.lines.filter(line => line.includes('"subgraph.failing"')).join('\n')
    expect(told).toContain('"subgraph":"shop"')
    expect(told).toContain(reason)
    expect(told).toContain('"cause":{"message":')
    expect(door.reached()).toBe(0)
  },
)

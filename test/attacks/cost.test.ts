import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../e2e/running-ennead.ts'
import { findRedis, startRedis } from '../services/redis.ts'
import { attackedGateway } from '../support/attacked-gateway.ts'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'
import { rawExchange } from '../support/raw-http.ts'
import { until } from '../support/until.ts'

// Rows of the table of hostile inputs, section Cost and logs, through the door of a real `ennead gateway`.
const hashOf = (query: string): string => createHash('sha256').update(query).digest('hex')
const persisted = (query: string): object => ({ persistedQuery: { version: 1, sha256Hash: hashOf(query) } })

test('row 32: line breaks and colours in names and headers write one escaped JSON log line', async () => {
  await using gateway = await attackedGateway()
  const head = 'host: a\r\nconnection: close\r\nx-request-id: a\u001b[31m"b\r\n\r\n'
  await rawExchange(gateway.port, [
    `GET /graphql?operationName=%0d%0a%1b[31m&query={best} HTTP/1.1\r\n${head}`,
  ])
  await gateway.post({ query: '{ best }', operationName: 'x\r\n{"level":"error"}\u001b[31m' })
  const lines = gateway.process.stderr().trim().split('\n')
  expect(lines.length).toBeGreaterThan(1)
  for (const line of lines) {
    expect(line).not.toContain('\u001b')
    expect(JSON.parse(line)).toHaveProperty('level')
  }
})

test('row 33: a hash is answered once its document was sent, and never with another document', async () => {
  await using gateway = await attackedGateway()
  const query = '{ best }'
  const unknown = await gateway.post({ extensions: persisted(query) })
  expect(unknown).toMatchObject({ status: 400, code: 'PERSISTED_QUERY_NOT_FOUND' })
  expect(unknown.errors[0]?.message).toBe('PersistedQueryNotFound')
  // What Apollo's clients expect of a server that answers application/json.
  const stock = { accept: 'application/json' }
  expect(await gateway.post({ extensions: persisted(query) }, stock)).toMatchObject({ status: 200 })

  const poison = { query: '{ me { id } }', extensions: persisted(query) }
  expect(await gateway.post(poison)).toMatchObject({ status: 400, code: 'PERSISTED_QUERY_MISMATCH' })
  expect(await gateway.post({ extensions: persisted(query) })).toMatchObject({
    code: 'PERSISTED_QUERY_NOT_FOUND',
  })

  expect(await gateway.post({ query, extensions: persisted(query) })).toMatchObject({ data: { best: 42 } })
  expect(await gateway.post({ extensions: persisted(query) })).toMatchObject({ data: { best: 42 } })
  expect(await gateway.get({ extensions: JSON.stringify(persisted(query)) })).toMatchObject({
    data: { best: 42 },
  })
  using client = await rawSocket(gateway.url.replace('http', 'ws'), { init: {} })
  client.send({ id: '1', type: 'subscribe', payload: { extensions: persisted(query) } })
  expect((await client.take('next', '1')).payload).toEqual({ data: { best: 42 } })
  expect(await gateway.post({ extensions: { persistedQuery: { version: 2 } } })).toMatchObject({
    code: 'BAD_REQUEST',
  })
})

test('row 33: the store is bounded, and documents that are invalid are not kept', async () => {
  await using gateway = await attackedGateway(['--apq-entries-max', '3'])
  const queries = Array.from({ length: 5 }, (_, n) => `query Q${n} { best }`)
  for (const query of queries) await gateway.post({ query, extensions: persisted(query) })
  const codes = await Promise.all(
    queries.map(async query => (await gateway.post({ extensions: persisted(query) })).code),
  )
  expect(codes.filter(code => code === 'PERSISTED_QUERY_NOT_FOUND')).toHaveLength(2)
  const invalid = '{ nothing }'
  await gateway.post({ query: invalid, extensions: persisted(invalid) })
  expect(await gateway.post({ extensions: persisted(invalid) })).toMatchObject({
    code: 'PERSISTED_QUERY_NOT_FOUND',
  })
})

test.each([
  [
    'Apollo',
    (id: string, body: string) => ({
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [{ id, body, name: 'Best', type: 'query' }],
    }),
  ],
  ['Relay', (id: string, body: string) => ({ [id]: body })],
])(
  'only the documents of a manifest of %s are answered where only those are trusted',
  async (_, manifest) => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'persisted-documents.json')
    const query = 'query Best { best }'
    await writeFile(file, JSON.stringify(manifest(hashOf(query), query)))
    await using gateway = await attackedGateway(['--trusted-documents', file, '--trusted-only'])
    expect(await gateway.post({ extensions: persisted(query) })).toMatchObject({ data: { best: 42 } })
    expect(await gateway.post({ documentId: hashOf(query) })).toMatchObject({ data: { best: 42 } })
    expect(await gateway.post({ doc_id: hashOf(query) })).toMatchObject({ data: { best: 42 } })
    expect(await gateway.post({ query })).toMatchObject({ data: { best: 42 } })
    for (const body of [
      { query: '{ best }' },
      { query: '{ best }', extensions: persisted('{ best }') },
      { documentId: 'other' },
    ]) {
      expect(await gateway.post(body)).toMatchObject({ status: 400, code: 'DOCUMENT_NOT_TRUSTED' })
    }
    expect(await gateway.post({ query: '{ best }', documentId: hashOf(query) })).toMatchObject({
      code: 'DOCUMENT_NOT_TRUSTED',
    })
    using client = await rawSocket(gateway.url.replace('http', 'ws'), { init: {} })
    client.send(subscribeMessage('1', '{ best }'))
    expect((await client.take('error', '1')).payload).toMatchObject([
      { extensions: { code: 'DOCUMENT_NOT_TRUSTED' } },
    ])
  },
)

test('a manifest that is none stops the start with its name', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'persisted-documents.json')
  for (const text of [
    '{',
    '[]',
    '{"a":1}',
    '{"operations":[]}',
    '{"format":"apollo-persisted-query-manifest","operations":[{"id":"a"}]}',
  ]) {
    await writeFile(file, text)
    await expect(attackedGateway(['--trusted-documents', file])).rejects.toThrow(
      `${file} is no manifest of documents`,
    )
  }
  await expect(attackedGateway(['--trusted-only'])).rejects.toThrow(
    '--trusted-only needs --trusted-documents',
  )
})

test('row 34: thousands of distinct operations leave memory bounded, and others are answered', async () => {
  await using gateway = await attackedGateway()
  const rssMb = async (): Promise<number> => {
    const { readFile } = await import('node:fs/promises')
    const text = await readFile(`/proc/${gateway.process.process.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024
  }
  const flood = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n += 20) {
      const batch = Array.from({ length: 20 }, (_, k) =>
        gateway.post({ query: `query Q${n + k} { me { name a${n + k}: score } }` }),
      )
      for (const { status } of await Promise.all(batch)) expect(status).toBe(200)
    }
  }
  await flood(0, 1_000)
  const before = await rssMb()
  await flood(1_000, 2_000)
  expect(await rssMb()).toBeLessThan(before + 150)
  expect(await gateway.post({ query: '{ best }' })).toMatchObject({ data: { best: 42 } })
}, 120_000)

test('requests of one address, uses of a field and cost are limited, with the headers of the IETF draft', async () => {
  const flags = [
    '--rate-per-address',
    '6',
    '--rate-per-field',
    'Query.best=2',
    '--rate-cost-per-client',
    '15',
  ]
  await using gateway = await attackedGateway(flags)
  const first = await gateway.post({ query: '{ top: best, again: best }' })
  expect(first).toMatchObject({ status: 200, data: { top: 42, again: 42 } })
  expect(first.extensions).toMatchObject({
    rateLimit: { address: { limit: 6, remaining: 5 }, 'Query.best': { limit: 2, remaining: 0 } },
  })
  expect(first.headers.get('ratelimit-policy')).toBe('"address";q=6;w=60, "Query.best";q=2;w=60')
  expect(first.headers.get('ratelimit')).toMatch(/^"address";r=5;t=\d+, "Query.best";r=0;t=\d+$/)

  // Aliases and fragments are no way around it.
  const again = await gateway.post({ query: '{ ...F } fragment F on Query { x: best }' })
  expect(again).toMatchObject({ status: 429, code: 'RATE_LIMITED' })
  expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(again.errors[0]?.extensions).toMatchObject({
    rateLimit: { 'Query.best': { limit: 2, remaining: 0 } },
  })

  expect(await gateway.post({ query: '{ users(first: 10) { id } }' })).toMatchObject({ status: 200 })
  const dear = await gateway.post({ query: '{ users(first: 10) { id } }' })
  expect(dear).toMatchObject({ status: 429 })
  expect(dear.errors[0]?.message).toContain('(cost)')

  await gateway.post('not even JSON')
  await gateway.post({ query: '{ me { id } }' })
  const flooded = await gateway.post({ query: '{ me { id } }' })
  expect(flooded).toMatchObject({ status: 429 })
  expect(flooded.errors[0]?.message).toContain('(address)')
})

const redisCommand = findRedis()

test.skipIf(redisCommand === undefined && process.env['CI'] !== 'true')(
  'two gateways count together in Redis; while it is gone each counts for itself, and says so',
  async () => {
    if (redisCommand === undefined) throw new Error('redis-server is missing')
    await using redis = await startRedis(redisCommand)
    const flags = ['--rate-per-address', '4', '--rate-redis-url', redis.url]
    await using first = await attackedGateway(flags)
    await using second = await attackedGateway(flags)
    const ask = (gateway: typeof first): Promise<{ status: number }> => gateway.post({ query: '{ best }' })
    const store = async (): Promise<unknown> => {
      const response = await fetch(first.url.replace('/graphql', '/health/ready'))
      // The gateway's own health.
      return ((await response.json()) as { rateLimits?: { store?: unknown } }).rateLimits?.store
    }
    await until('the gateways count in Redis', async () => (await store()) === 'redis')
    const statuses: number[] = []
    for (const gateway of [first, second, first, second, first, second])
      statuses.push((await ask(gateway)).status)
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429])

    await redis.process.kill()
    expect(await ask(first)).toMatchObject({ status: 200 })
    expect(await store()).toBe('memory, because redis does not answer')
    expect(first.process.stderr()).toContain('rate-limits.fallback')
    await redis.process.start()
    await until(
      'it counts in Redis again',
      async () => {
        await ask(first)
        return (await store()) === 'redis'
      },
      15_000,
    )
    expect(first.process.stderr()).toContain('rate-limits.recovered')
  },
)

import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import type { Subgraph, SubgraphResponse } from '../../gateway/execution/subgraph.ts'
import type { TlsClientOptions } from '../../kernel/tls/tls-client.ts'
import { contextForTest } from '../support/federated.ts'
import { testCertificates, type TestCertificates } from '../support/certificates.ts'
import { memoryLog, signer } from './fixture.ts'
import { notes, type Notes } from './notes.ts'

const dayMs = 86_400_000
let ours: TestCertificates
let foreign: TestCertificates

beforeAll(async () => {
  ours = await testCertificates()
  foreign = await testCertificates()
  for (const holder of ['notes', 'gateway', 'api']) {
    await ours.issue(holder)
    await foreign.issue(holder)
  }
  await ours.issue('late', { wallMs: Date.now() - 2 * dayMs })
  await ours.issue('elsewhere', { hosts: ['notes.example'] })
})
afterAll(async () => {
  await ours[Symbol.asyncDispose]()
  await foreign[Symbol.asyncDispose]()
})

interface Door extends Notes, AsyncDisposable {
  readonly port: number
  readonly lines: readonly string[]
  /** The way to it of a gateway that shows the certificate of `holder`. */
  way(holder?: string, changes?: Partial<TlsClientOptions>, url?: string): Promise<Subgraph>
}

/** A subgraph that shows the certificate of `shown`. */
async function open(shown: string = 'notes', of: TestCertificates = ours): Promise<Door> {
  const { log, lines } = memoryLog()
  const under = notes({ log })
  const tls = await of.follow(of.filesOf(shown), log)
  const door = { tls, callers: ['gateway'] }
  const at = await under.service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, door)
  if (at.kind !== 'tcp') throw new Error('it does not listen on TCP')
  const ways: Subgraph[] = []
  return {
    ...under,
    port: at.port,
    lines,
    async way(holder = 'gateway', changes = {}, url = `https://127.0.0.1:${at.port}/graphql`) {
      const client = { tls: await ours.follow(ours.filesOf(holder)), holder: 'notes', ...changes }
      const way = httpSubgraph({ name: 'notes', url, signer, tls: client })
      ways.push(way)
      return way
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(ways.map(way => way.close()))
      await under.service.close(0)
    },
  }
}

const hello = { query: '{ hello }', variables: {} }

function ask(way: Subgraph): Promise<SubgraphResponse> {
  return way.execute(hello, contextForTest())
}

async function refused(way: Subgraph): Promise<unknown> {
  return ask(way).then(
    answer => answer,
    (failure: unknown) => ({ ...Object(failure), message: Object(failure).message }),
  )
}

test('both sides show a certificate of the same authority, and queries and subscriptions are answered', async () => {
  await using door = await open()
  const way = await door.way()
  expect(await ask(way)).toEqual({ data: { hello: 'hello' } })
  const ticks = way.subscribe({ query: 'subscription { ticks }', variables: {} }, contextForTest())
  const first = ticks.next()
  await expect.poll(door.opened).toBe(1)
  door.push(7)
  expect(await first).toEqual({ done: false, value: { data: { ticks: 7 } } })
  await ticks.return?.()
})

test.each([
  [
    'of another authority',
    () => foreign.filesOf('gateway'),
    'it is of an authority that is not trusted here',
  ],
  ['that has expired', () => ours.filesOf('late'), 'it has expired'],
  ['that is missing', () => ({}), 'there is none'],
])('a caller with a certificate %s is turned away, and both sides say why', async (_, files, reason) => {
  await using door = await open()
  const tls = await ours.follow({ ...files(), ca: ours.filesOf('notes').ca })
  const way = await door.way('gateway', { tls })
  const message = `this subgraph does not accept its caller’s certificate: ${reason}`
  expect(await refused(way)).toEqual({ errors: [{ message, extensions: { code: 'CALLER_UNTRUSTED' } }] })
  expect(door.lines.filter(line => line.includes('subgraph.tls.refused')).join()).toContain(reason)
  const ticks = way.subscribe({ query: 'subscription { ticks }', variables: {} }, contextForTest())
  expect(await ticks.next()).toMatchObject({
    value: { errors: [{ message, extensions: { code: 'CALLER_UNTRUSTED' } }] },
  })
  expect(door.opened()).toBe(0)
})

test('a caller that speaks HTTP without TLS gets nothing, and the log says why', async () => {
  await using door = await open()
  await expect(fetch(`http://127.0.0.1:${door.port}/graphql`)).rejects.toThrow('fetch failed')
  await expect.poll(() => door.lines.join()).toContain('it speaks HTTP without TLS')
})

test('a holder of the deployment that has no business here is 401, although its hop is signed', async () => {
  await using door = await open()
  expect(await ask(await door.way('api'))).toMatchObject({
    errors: [
      {
        message:
          'this subgraph does not accept its caller’s certificate: it is of "api", and gateway may ask here',
        extensions: { code: 'CALLER_UNTRUSTED' },
      },
    ],
  })
})

test.each([
  [
    'of another authority',
    () => open('notes', foreign),
    'its certificate is of an authority that is not trusted here',
  ],
  ['that has expired', () => open('late'), 'its certificate has expired; renew it (ennead certs renew)'],
  ['for other hosts', () => open('elsewhere'), 'its certificate is for other names'],
  ['of another holder', () => open('api'), 'its certificate is for other names'],
])('a gateway tells nothing to a subgraph with a certificate %s', async (_, opened, reason) => {
  await using door = await opened()
  const way = await door.way()
  expect(await refused(way)).toMatchObject({
    code: 'SUBGRAPH_UNTRUSTED',
    message: `subgraph "notes" cannot be trusted: ${reason}`,
  })
  const ticks = way.subscribe({ query: 'subscription { ticks }', variables: {} }, contextForTest())
  await expect(ticks.next()).rejects.toMatchObject({ code: 'SUBGRAPH_UNTRUSTED' })
})

test('a name that is told instead of the host of the URL is the one that counts', async () => {
  await using door = await open('elsewhere')
  const other = { holder: 'elsewhere', serverName: 'notes.example' }
  expect(await ask(await door.way('gateway', other))).toEqual({ data: { hello: 'hello' } })
})

test('older versions of TLS are refused by either side', async () => {
  await using door = await open()
  const { ca, own } = (await ours.follow(ours.filesOf('gateway'))).current
  if (ca === undefined || own === undefined) throw new Error('there is no certificate')
  const shown = { ca, cert: own.certificate, key: own.key, maxVersion: 'TLSv1.2' } as const
  const failed = await new Promise<Error>(resolve => {
    connect({ host: '127.0.0.1', port: door.port, ...shown }).once('error', resolve)
  })
  expect(failed).toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
})

test('http to a subgraph that a certificate is to be shown to is refused at once', async () => {
  await using door = await open()
  await expect(door.way('gateway', {}, `http://127.0.0.1:${door.port}/graphql`)).rejects.toMatchObject({
    code: 'BAD_OPTION',
  })
})

test('a certificate in use that expires makes the subgraph not ready, and one that runs out is told of', async () => {
  const now = Date.now()
  await ours.issue('expiring', { hours: 8, wallMs: now - 7 * 3_600_000 })
  await using door = await open('expiring')
  const way = await door.way('gateway', { holder: 'expiring' })
  expect(await ask(way)).toEqual({ data: { hello: 'hello' } })
  expect(door.lines.join()).toContain('"tls.certificate-expiring"')
  await ours.issue('expiring', { hours: 8, wallMs: now - 9 * 3_600_000 })
  await expect.poll(() => door.lines.join()).toContain('"tls.certificate-expired"')
})

test('certificates and authorities are replaced under running requests, and none fails', async () => {
  await using mine = await testCertificates()
  for (const holder of ['notes', 'gateway']) await mine.issue(holder)
  await using door = await open('notes', mine)
  const tls = await mine.follow(mine.filesOf('gateway'))
  const way = await door.way('gateway', { tls })
  const failures: unknown[] = []
  const stopping = new AbortController()
  let answered = 0
  const load = Array.from({ length: 4 }, async () => {
    while (!stopping.signal.aborted) {
      await ask(way).then(
        () => answered++,
        failure => failures.push(failure),
      )
    }
  })
  const before = new Set<string | undefined>()
  for (let turn = 0; turn < 5; turn++) {
    const shown = tls.current.own?.certificate
    before.add(shown)
    for (const holder of ['notes', 'gateway']) await mine.issue(holder)
    await expect.poll(() => tls.current.own?.certificate).not.toBe(shown)
    const now = answered
    await expect.poll(() => answered).toBeGreaterThan(now + 20)
  }
  stopping.abort()
  await Promise.all(load)
  expect(failures).toEqual([])
  expect(before.size).toBe(5)
})

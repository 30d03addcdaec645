import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressClass } from '../../kernel/address-class.ts'
import { systemClock } from '../../kernel/clock.ts'
import { guardedFetch } from '../../kernel/oidc/guarded-fetch.ts'
import { ProviderKeys } from '../../kernel/oidc/provider-keys.ts'
import { ProviderNetwork, type ResolveHost, providerFetch } from '../../kernel/oidc/provider-network.ts'

interface Heard extends AsyncDisposable {
  readonly port: number
  /** Paths of requests, so far. */
  readonly paths: readonly string[]
}

/** A server on this machine that answers JSON and tells who came. */
async function listener(host: string, answer: (origin: string) => object = () => ({})): Promise<Heard> {
  const paths: string[] = []
  const server = createServer((request, response) => {
    paths.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer(`http://${request.headers.host ?? ''}`)))
  })
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // It listens on TCP.
  return {
    port,
    paths,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** Answers in turn; the last one from then on. */
function resolver(answers: Readonly<Record<string, readonly string[]>>): ResolveHost & { asked: string[] } {
  const asked: string[] = []
  const resolve = async (hostname: string) => {
    const found = answers[hostname] ?? []
    const address = found[Math.min(asked.filter(name => name === hostname).length, found.length - 1)]
    asked.push(hostname)
    return address === undefined ? [] : [{ address, family: address.includes(':') ? 6 : 4 }]
  }
  return Object.assign(resolve, { asked })
}

test.each<[string, string]>([
  ['8.8.8.8', 'public'],
  ['172.15.255.255', 'public'],
  ['172.32.0.0', 'public'],
  ['2606:4700::1111', 'public'],
  ['::ffff:8.8.8.8', 'public'],
  ['64:ff9b::808:808', 'public'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['192.168.255.255', 'private'],
  ['100.64.0.1', 'private'],
  ['fd12:3456::1', 'private'],
  ['::ffff:10.1.2.3', 'private'],
  ['::ffff:a01:203', 'private'],
  ['64:ff9b::a00:1', 'private'],
  ['2002:c0a8:101::1', 'private'],
  ['::10.0.0.1', 'private'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['169.254.169.254', 'local'],
  ['::ffff:169.254.169.254', 'local'],
  ['64:ff9b::a9fe:a9fe', 'local'],
  ['fe80::1', 'local'],
  ['fd00:ec2::254', 'local'],
  ['100.100.100.200', 'local'],
  ['0.0.0.0', 'none'],
  ['255.255.255.255', 'none'],
  ['224.0.0.1', 'none'],
  ['::', 'none'],
  ['ff02::1', 'none'],
  ['fe80::1%eth0', 'none'],
  ['', 'none'],
  ['10.1', 'none'],
  ['example.org', 'none'],
])('the address %j is %s', (address, expected) => {
  expect(addressClass(address)).toBe(expected)
})

test('whatever carries an IPv4 address in IPv6 is what that address is', () => {
  fc.assert(
    fc.property(fc.ipV4(), address => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
      const high = ((a << 8) | b).toString(16)
      const low = ((c << 8) | d).toString(16)
      const plain = addressClass(address)
      expect(addressClass(`::ffff:${address}`)).toBe(plain)
      expect(addressClass(`64:ff9b::${high}:${low}`)).toBe(plain)
      expect(addressClass(`2002:${high}:${low}::1`)).toBe(plain)
    }),
  )
})

test('a connection is made to the address that was looked at, which is asked for once', async () => {
  await using server = await listener('127.0.0.2')
  const resolve = resolver({ localhost: ['127.0.0.2', '127.0.0.2', '169.254.169.254'] })
  const fetch = providerFetch(new URL(`http://localhost:${server.port}`), resolve)
  const response = await fetch(new URL(`http://localhost:${server.port}/keys`), {})
  expect(await response.json()).toEqual({})
  expect(server.paths).toEqual(['/keys'])
  // Once for what the issuer is, once for the connection.
  expect(resolve.asked).toEqual(['localhost', 'localhost'])
})

test('a name that leads elsewhere later is refused then, and nobody inside hears of it', async () => {
  await using inside = await listener('127.0.0.1')
  const resolve = resolver({ 'idp.example': ['198.41.0.4', '127.0.0.1'], 'keys.example': ['::1'] })
  const fetch = guardedFetch(
    new URL('https://idp.example'),
    providerFetch(new URL('https://idp.example'), resolve),
  )
  for (const host of [
    'idp.example',
    'keys.example',
    '127.0.0.1',
    '[::ffff:7f00:1]',
    '2130706433',
    '0x7f.1',
  ]) {
    const asked = fetch(`https://${host}:${inside.port}/`, {
      method: 'GET',
      headers: {},
      body: null,
      redirect: 'manual',
    })
    await expect(asked).rejects.toMatchObject({ code: 'AGENT_FAULT' })
  }
  expect(inside.paths).toEqual([])
})

test.each([
  ['https://10.0.0.1/keys', '10.0.0.1'],
  ['https://169.254.169.254/latest/meta-data', '169.254.169.254'],
  ['https://[fd00:ec2::254]/keys', 'fd00:ec2::254'],
  ['https://inside.example/keys', '192.168.0.5'],
])('keys at %s are refused to a provider that was not set up there', async (place, address) => {
  await using provider = await listener('127.0.0.1', issuer => ({ issuer, jwks_uri: place }))
  const issuer = `http://127.0.0.1:${provider.port}`
  const resolve = resolver({ 'inside.example': ['192.168.0.5'] })
  const keys = new ProviderKeys(issuer, systemClock, providerFetch(new URL(issuer), resolve))
  const failure: unknown = await keys.current().catch((cause: unknown) => cause)
  expect(failure).toMatchObject({ code: 'AGENT_FAULT' })
  const causes: string[] = []
  for (let each = failure; each instanceof Error; each = each.cause) causes.push(each.message)
  expect(causes.join('\n')).toContain(address)
  expect(provider.paths).toEqual(['/.well-known/openid-configuration'])
  keys.close()
})

test('an issuer that is set up inside may name places there, but neither this machine nor the metadata of machines', async () => {
  const resolve = resolver({ 'idp.corp': ['10.0.0.5'] })
  const network = new ProviderNetwork(new URL('https://idp.corp'), resolve)
  const check = (address: string): Promise<void> => network.check('keys.corp', [{ address, family: 4 }])
  await expect(check('192.168.0.6')).resolves.toBeUndefined()
  await expect(check('8.8.8.8')).resolves.toBeUndefined()
  for (const address of ['169.254.169.254', '127.0.0.1', '0.0.0.0'])
    await expect(check(address)).rejects.toMatchObject({ message: expect.stringContaining(address) })
})

test('an issuer whose name leads to the metadata of this machine is not asked', async () => {
  const resolve = resolver({ 'idp.example': ['169.254.169.254'] })
  const refused = await providerFetch(new URL('https://idp.example'), resolve)(
    new URL('https://idp.example'),
    {},
  )
    .then(() => undefined)
    .catch((failure: unknown) => failure)
  expect(refused).toMatchObject({ cause: { message: expect.stringContaining('169.254.169.254') } })
})

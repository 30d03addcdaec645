import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, type JWK, type JWTPayload, SignJWT, exportJWK, generateKeyPair } from 'jose'

/** How the provider answers: `slow` never, `huge` with a right answer that is too long. */
export type ProviderMood = 'well' | 'down' | 'slow' | 'huge' | 'redirecting' | 'html' | 'lying'

/** An OIDC provider on this machine: discovery, keys, and tokens as a login there would give them. */
export interface OidcProvider extends AsyncDisposable {
  readonly issuer: string
  mood: ProviderMood
  /** GETs so far. */
  readonly asked: number
  /** Publishes a new key and signs with it from now on; the old one is gone. */
  rotate(): Promise<void>
  token(
    claims: JWTPayload,
    header?: { readonly typ?: string | undefined; readonly kid?: string },
  ): Promise<string>
}

interface Key {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

export async function startOidcProvider(): Promise<OidcProvider> {
  let key = await newKey(1)
  let mood: ProviderMood = 'well'
  let asked = 0
  let keys = 1
  const server = createServer((request, response) => {
    asked++
    const { port } = server.address() as AddressInfo // It listens on TCP.
    answer(mood, request.url ?? '', `http://127.0.0.1:${port}`, key.jwk, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // It listens on TCP.
  const issuer = `http://127.0.0.1:${port}`
  return {
    issuer,
    get mood() {
      return mood
    },
    set mood(next) {
      mood = next
    },
    get asked() {
      return asked
    },
    async rotate() {
      key = await newKey(++keys)
    },
    token: (claims, header = { typ: 'JWT' }) =>
      new SignJWT({ iss: issuer, aud: 'ennead', ...claims })
        .setProtectedHeader({
          alg: 'ES256',
          kid: key.kid,
          ...(header.typ === undefined ? {} : { typ: header.typ }),
          ...(header.kid === undefined ? {} : { kid: header.kid }),
        })
        .sign(key.privateKey),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function newKey(number: number): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const kid = `key-${number}`
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'ES256' } }
}

function answer(mood: ProviderMood, path: string, issuer: string, jwk: JWK, response: ServerResponse): void {
  const discovery = { issuer, jwks_uri: `${issuer}/keys` }
  const json = (value: unknown): void =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  switch (mood) {
    case 'down':
      response.writeHead(500).end()
      return
    case 'slow':
      return
    case 'huge':
      // Only its size is wrong.
      response.writeHead(200).write(Buffer.alloc(1_000_000, ' '))
      response.end(JSON.stringify(path === '/keys' ? { keys: [jwk] } : discovery))
      return
    case 'redirecting':
      // Who follows is given what they want.
      if (path.startsWith('/elsewhere')) json(path === '/elsewhere/keys' ? { keys: [jwk] } : discovery)
      else response.writeHead(302, { location: `${issuer}/elsewhere${path}` }).end()
      return
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
      return
    case 'lying':
      if (path === '/keys') json({ keys: [jwk] })
      else json({ ...discovery, issuer: 'https://somebody.example' })
      return
    case 'well':
      if (path === '/.well-known/openid-configuration') json(discovery)
      else if (path === '/keys') json({ keys: [jwk] })
      else response.writeHead(404).end()
  }
}
